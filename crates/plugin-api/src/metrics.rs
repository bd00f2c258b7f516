//! Counters, gauges and histograms that outlive reloads. A name with its labels gives the same instrument whenever it is asked for,
//! so that a plugin installed again goes on counting. The admin listener renders them in Prometheus' text form.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

/// Seconds that only grow.
#[derive(Clone, Debug, Default)]
pub struct SecondsCounter(Arc<AtomicU64>);

/// The upper ends of a [`Histogram`]'s buckets, in seconds: from a hit in memory to a request at its deadline.
const BUCKETS: [f64; 16] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

/// How many stretches of time there were, by how long they took.
#[derive(Clone, Debug, Default)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    /// Each counts what is above the end of the one before it; the last is without an end.
    counts: [AtomicU64; BUCKETS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds some.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Moves the gauge by a signed amount.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Puts the gauge at a value.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Puts the gauge at a value that is higher than where it stands.
    pub fn raise_to(&self, value: i64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    /// Where it stands.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl SecondsCounter {
    /// Adds a stretch of time.
    pub fn add(&self, time: Duration) {
        self.0
            .fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Histogram {
    /// Counts a stretch of time.
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BUCKETS.iter().take_while(|end| **end < seconds).count();
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// How many stretches of time were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Its lines in Prometheus' text form. What is counted meanwhile is in all of them or in none but the sum.
    fn render(&self, text: &mut String, name: &str, labels: &str) {
        let others = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}'));
        let others = others.map(|others| format!("{others},")).unwrap_or_default();
        let mut so_far = 0;
        let ends = BUCKETS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (end, count) in ends.zip(&self.0.counts) {
            so_far += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{{others}le=\"{end}\"}} {so_far}");
        }
        let sum = Duration::from_nanos(self.0.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(text, "{name}_sum{labels} {sum:.6}\n{name}_count{labels} {so_far}");
    }
}

/// Every instrument there is.
#[derive(Clone, Default)]
pub struct Metrics {
    families: Arc<Mutex<BTreeMap<&'static str, Family>>>,
}

struct Family {
    help: &'static str,
    instruments: BTreeMap<String, Instrument>,
}

#[derive(Clone)]
enum Instrument {
    Counter(Counter),
    Gauge(Gauge),
    Seconds(SecondsCounter),
    Histogram(Histogram),
}

impl Metrics {
    /// The counter of this name and these labels. Its name ends in `_total`.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        match self.instrument(name, help, labels, || Instrument::Counter(Counter::default())) {
            Instrument::Counter(counter) => counter,
            _ => Counter::default(),
        }
    }

    /// The gauge of this name and these labels.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        match self.instrument(name, help, labels, || Instrument::Gauge(Gauge::default())) {
            Instrument::Gauge(gauge) => gauge,
            _ => Gauge::default(),
        }
    }

    /// The sum of seconds of this name and these labels. Its name ends in `_seconds_total`.
    #[must_use]
    pub fn seconds(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> SecondsCounter {
        match self.instrument(name, help, labels, || Instrument::Seconds(SecondsCounter::default())) {
            Instrument::Seconds(seconds) => seconds,
            _ => SecondsCounter::default(),
        }
    }

    /// The histogram of this name and these labels. Its name ends in `_seconds`.
    #[must_use]
    pub fn histogram(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Histogram {
        match self.instrument(name, help, labels, || Instrument::Histogram(Histogram::default())) {
            Instrument::Histogram(histogram) => histogram,
            _ => Histogram::default(),
        }
    }

    /// All instruments in Prometheus' text form, sorted by name.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (name, family) in &*self.families.lock() {
            let kind = match family.instruments.values().next() {
                Some(Instrument::Gauge(_)) => "gauge",
                Some(Instrument::Histogram(_)) => "histogram",
                _ => "counter",
            };
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", family.help);
            for (labels, instrument) in &family.instruments {
                let _ = match instrument {
                    Instrument::Counter(counter) => writeln!(text, "{name}{labels} {}", counter.value()),
                    Instrument::Gauge(gauge) => writeln!(text, "{name}{labels} {}", gauge.value()),
                    Instrument::Seconds(seconds) => {
                        let seconds = Duration::from_nanos(seconds.0.load(Ordering::Relaxed)).as_secs_f64();
                        writeln!(text, "{name}{labels} {seconds:.6}")
                    }
                    Instrument::Histogram(histogram) => {
                        histogram.render(&mut text, name, labels);
                        Ok(())
                    }
                };
            }
        }
        text
    }

    fn instrument(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        new: impl FnOnce() -> Instrument,
    ) -> Instrument {
        let mut families = self.families.lock();
        let family = families.entry(name).or_insert_with(|| Family {
            help,
            instruments: BTreeMap::new(),
        });
        family.instruments.entry(label_text(labels)).or_insert_with(new).clone()
    }
}

fn label_text(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metrics({} families)", self.families.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_asked_for_again_goes_on_counting() {
        let metrics = Metrics::default();
        metrics.counter("a_total", "As.", &[("plugin", "x\"y")]).increment();
        metrics.counter("a_total", "As.", &[("plugin", "x\"y")]).add(2);
        metrics.gauge("b", "Bs.", &[]).set(-1);
        metrics
            .seconds("c_seconds_total", "Cs.", &[])
            .add(Duration::from_millis(1500));
        let expected = "# HELP a_total As.\n# TYPE a_total counter\na_total{plugin=\"x\\\"y\"} 3\n\
                        # HELP b Bs.\n# TYPE b gauge\nb -1\n\
                        # HELP c_seconds_total Cs.\n# TYPE c_seconds_total counter\nc_seconds_total 1.500000\n";
        assert_eq!(metrics.render(), expected);
    }

    #[test]
    fn a_histogram_counts_up_to_each_end() {
        let metrics = Metrics::default();
        let ask = || metrics.histogram("a_seconds", "As.", &[("stage", "b")]);
        for microseconds in [0, 100, 101, 1_000, 2_000_000, 31_000_000] {
            ask().observe(Duration::from_micros(microseconds));
        }
        assert_eq!(ask().count(), 6);
        let text = metrics.render();
        assert!(
            text.starts_with("# HELP a_seconds As.\n# TYPE a_seconds histogram\n"),
            "{text}"
        );
        // The end of a bucket belongs to it: 100 µs are in the first.
        for line in [
            "a_seconds_bucket{stage=\"b\",le=\"0.0001\"} 2",
            "a_seconds_bucket{stage=\"b\",le=\"0.00025\"} 3",
            "a_seconds_bucket{stage=\"b\",le=\"0.001\"} 4",
            "a_seconds_bucket{stage=\"b\",le=\"1\"} 4",
            "a_seconds_bucket{stage=\"b\",le=\"2.5\"} 5",
            "a_seconds_bucket{stage=\"b\",le=\"30\"} 5",
            "a_seconds_bucket{stage=\"b\",le=\"+Inf\"} 6",
            "a_seconds_sum{stage=\"b\"} 33.001201",
            "a_seconds_count{stage=\"b\"} 6",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
