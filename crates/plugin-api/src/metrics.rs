//! Metrics: counters, gauges and histograms that outlive reloads. A name with its labels gives the same instrument each
//! time, so that a plugin installed again goes on counting. `prometheus-client` keeps and writes them, and the host
//! serves them at `/metrics`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::{counter, gauge, histogram};
use prometheus_client::registry::{Metric, Registry};

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(counter::Counter);

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(gauge::Gauge);

/// A sum of time that only grows, in seconds.
#[derive(Clone, Debug, Default)]
pub struct SecondsCounter(counter::Counter<f64, AtomicU64>);

/// The upper ends of a [`Histogram`]'s buckets, in seconds: from a hit in memory to a request at its deadline.
const BUCKETS: [f64; 16] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

/// Durations, counted in buckets from 100 µs to 30 s.
#[derive(Clone, Debug)]
pub struct Histogram(histogram::Histogram);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.inc();
    }

    /// Adds an amount.
    pub fn add(&self, amount: u64) {
        self.0.inc_by(amount);
    }

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.get()
    }
}

impl Gauge {
    /// Moves the gauge by a signed amount.
    pub fn add(&self, amount: i64) {
        self.0.inc_by(amount);
    }

    /// Puts the gauge at a value.
    pub fn set(&self, value: i64) {
        self.0.set(value);
    }

    /// Puts the gauge at a value, if that is higher than its present one.
    pub fn raise_to(&self, value: i64) {
        self.0.inner().fetch_max(value, Ordering::Relaxed);
    }

    /// The present value.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.get()
    }
}

impl SecondsCounter {
    /// Adds a duration.
    pub fn add(&self, time: Duration) {
        self.0.inc_by(time.as_secs_f64());
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self(new_histogram())
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}

fn new_histogram() -> histogram::Histogram {
    histogram::Histogram::new(BUCKETS)
}

type Labels = Vec<(String, String)>;

/// One family for each name, of the kind that was asked for first.
enum Instruments {
    Counter(Family<Labels, counter::Counter>),
    Gauge(Family<Labels, gauge::Gauge>),
    Seconds(Family<Labels, counter::Counter<f64, AtomicU64>>),
    Histogram(Family<Labels, histogram::Histogram>),
}

/// All instruments of the process. Cheap to clone: clones hold the same instruments.
///
/// A name belongs to one kind of instrument. Asked for as another kind, a debug build panics, and so does every test. A
/// release build gives an instrument that nobody sees, because a metric is no reason to refuse requests.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    families: BTreeMap<String, Instruments>,
    registry: Registry,
}

impl Metrics {
    /// The counter of this name and these labels. Its name ends in `_total`.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        let new = |state: &mut State| Instruments::Counter(state.register(name, help, Family::default()));
        self.instrument(name, "_total", new, |instruments| match instruments {
            Instruments::Counter(family) => Some(Counter(of(family, labels))),
            _ => None,
        })
    }

    /// The gauge of this name and these labels.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        let new = |state: &mut State| Instruments::Gauge(state.register(name, help, Family::default()));
        self.instrument(name, "", new, |instruments| match instruments {
            Instruments::Gauge(family) => Some(Gauge(of(family, labels))),
            _ => None,
        })
    }

    /// The sum of seconds of this name and these labels. Its name ends in `_seconds_total`.
    #[must_use]
    pub fn seconds(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> SecondsCounter {
        let new = |state: &mut State| Instruments::Seconds(state.register(name, help, Family::default()));
        self.instrument(name, "_seconds_total", new, |instruments| match instruments {
            Instruments::Seconds(family) => Some(SecondsCounter(of(family, labels))),
            _ => None,
        })
    }

    /// The histogram of this name and these labels. Its name ends in `_seconds`.
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Histogram {
        let new = |state: &mut State| {
            let family = Family::new_with_constructor(new_histogram as fn() -> _);
            Instruments::Histogram(state.register(name, help, family))
        };
        self.instrument(name, "_seconds", new, |instruments| match instruments {
            Instruments::Histogram(family) => Some(Histogram(of(family, labels))),
            _ => None,
        })
    }

    /// All instruments in Prometheus' text format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` does not fail, and no family here is of a kind that the format lacks.
        let _ = prometheus_text::encode(&mut text, &self.0.lock().registry);
        text
    }

    /// All instruments as OpenMetrics text, version 1.0.0.
    #[must_use]
    pub fn render_openmetrics(&self) -> String {
        let mut text = String::new();
        let _ = text::encode(&mut text, &self.0.lock().registry);
        text
    }

    fn instrument<T: Default>(
        &self,
        name: &str,
        suffix: &str,
        new: impl FnOnce(&mut State) -> Instruments,
        pick: impl FnOnce(&Instruments) -> Option<T>,
    ) -> T {
        debug_assert!(name.ends_with(suffix), "the metric `{name}` does not end in `{suffix}`");
        let mut state = self.0.lock();
        if !state.families.contains_key(name) {
            let instruments = new(&mut state);
            state.families.insert(name.to_owned(), instruments);
        }
        let found = state.families.get(name).and_then(pick);
        drop(state);
        debug_assert!(
            found.is_some(),
            "the metric `{name}` exists as another kind of instrument"
        );
        found.unwrap_or_default()
    }
}

impl State {
    /// The library adds `_total` to a counter's name and a full stop to each help.
    fn register<M: Metric + Clone>(&mut self, name: &str, help: &str, family: M) -> M {
        let name = name.strip_suffix("_total").unwrap_or(name);
        self.registry.register(name, help.trim_end_matches('.'), family.clone());
        family
    }
}

fn of<M: Clone, C: MetricConstructor<M>>(family: &Family<Labels, M, C>, labels: &[(&str, &str)]) -> M {
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    family.get_or_create_owned(&labels.collect())
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metrics({} families)", self.0.lock().families.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> Metrics {
        let metrics = Metrics::default();
        metrics.counter("a_total", "As.", &[("plugin", "x\"y")]).increment();
        metrics.counter("a_total", "As.", &[("plugin", "x\"y")]).add(2);
        metrics.gauge("b", "Bs.", &[]).set(-1);
        let seconds = metrics.seconds("c_seconds_total", "Cs.", &[]);
        seconds.add(Duration::from_millis(1500));
        metrics
    }

    #[test]
    fn instrument_asked_for_again_goes_on_counting() {
        let expected = "# HELP a_total As.\n# TYPE a_total counter\na_total{plugin=\"x\\\"y\"} 3\n\
                        # HELP b Bs.\n# TYPE b gauge\nb -1\n\
                        # HELP c_seconds_total Cs.\n# TYPE c_seconds_total counter\nc_seconds_total 1.5\n";
        assert_eq!(counted().render(), expected);
    }

    #[test]
    fn openmetrics_text_has_the_same_samples_and_an_end() {
        let expected = "# HELP a As.\n# TYPE a counter\na_total{plugin=\"x\\\"y\"} 3\n\
                        # HELP b Bs.\n# TYPE b gauge\nb -1\n\
                        # HELP c_seconds Cs.\n# TYPE c_seconds counter\nc_seconds_total 1.5\n# EOF\n";
        assert_eq!(counted().render_openmetrics(), expected);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "`c_seconds_total` exists as another kind")]
    fn name_asked_for_as_another_kind_panics_in_tests() {
        let _ = counted().gauge("c_seconds_total", "Cs.", &[]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "does not end in `_total`")]
    fn counter_without_its_suffix_panics_in_tests() {
        let _ = Metrics::default().counter("a", "As.", &[]);
    }

    #[test]
    fn histogram_counts_up_to_each_end() {
        let metrics = Metrics::default();
        let ask = || metrics.histogram("a_seconds", "As.", &[("stage", "b")]);
        for microseconds in [0, 100, 101, 1_000, 2_000_000, 31_000_000] {
            ask().observe(Duration::from_micros(microseconds));
        }
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
