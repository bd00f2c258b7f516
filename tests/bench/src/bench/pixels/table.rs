//! Table of the pixels bench: a row for each job, with the measured values of each program and the verdict.

use super::jobs::Job;

/// SSIMULACRA2 that a result may be below sharp's.
const SCORE_BELOW: f64 = 0.1;
/// The most bytes of a result, as a multiple of sharp's.
const BYTES: f64 = 1.02;

pub(super) const HEAD: &str = "\
| job | ratio | bar | CPU, ms | peak memory, MB | bytes | SSIMULACRA2 | |
|---|---|---|---|---|---|---|---|
";

/// One program's job.
pub(super) struct Measured {
    pub(super) milliseconds: f64,
    pub(super) megabytes: f64,
    pub(super) bytes: u64,
    /// Against the reference of encoded values, and against that of linear light.
    pub(super) scores: [f64; 2],
}

pub(super) struct Row {
    pub(super) job: Job,
    /// The median of the rounds' ratios of our processor time to sharp's.
    pub(super) ratio: f64,
    pub(super) ours: Measured,
    pub(super) sharp: Measured,
    pub(super) vips: Option<Measured>,
}

impl Row {
    /// The bars that are not met: a job that is fast at the cost of quality or bytes does not count.
    pub(super) fn missed(&self) -> Vec<&'static str> {
        let worse = |(ours, sharp): (&f64, &f64)| *ours < sharp - SCORE_BELOW;
        let missed = [
            ("speed", self.job.bar.is_some_and(|bar| self.ratio > bar)),
            ("quality", self.ours.scores.iter().zip(&self.sharp.scores).any(worse)),
            ("bytes", self.ours.bytes as f64 > self.sharp.bytes as f64 * BYTES),
        ];
        missed
            .iter()
            .filter(|(_, is_missed)| *is_missed)
            .map(|(name, _)| *name)
            .collect()
    }

    /// As a line of the page. Values of ours, of sharp and of libvips stand in this order.
    pub(super) fn line(&self) -> String {
        let programs = [Some(&self.ours), Some(&self.sharp), self.vips.as_ref()];
        let each = |cell: &dyn Fn(&Measured) -> String| {
            let cells: Vec<String> = programs.into_iter().flatten().map(cell).collect();
            cells.join(", ")
        };
        let missed = self.missed();
        let verdict = if missed.is_empty() {
            "PASS".to_owned()
        } else {
            format!("FAIL: {}", missed.join(", "))
        };
        format!(
            "| {} | {:.2} | {} | {} | {} | {} | {} | {verdict} |\n",
            self.job.label(),
            self.ratio,
            self.job.bar.map(|bar| format!("{bar:.2}")).unwrap_or_default(),
            each(&|program| format!("{:.1}", program.milliseconds)),
            each(&|program| format!("{:.0}", program.megabytes)),
            each(&|program| program.bytes.to_string()),
            each(&|program| format!("{:.2}/{:.2}", program.scores[0], program.scores[1])),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Row};
    use crate::bench::pixels::jobs::JOBS;

    fn measured(milliseconds: f64, bytes: u64, scores: [f64; 2]) -> Measured {
        let megabytes = 8.4;
        Measured {
            milliseconds,
            megabytes,
            bytes,
            scores,
        }
    }

    /// The first job has the bar 0.45.
    fn row(ratio: f64, bytes: u64, scores: [f64; 2]) -> Row {
        Row {
            job: JOBS[0],
            ratio,
            ours: measured(12.0, bytes, scores),
            sharp: measured(40.0, 1000, [75.0, 70.0]),
            vips: None,
        }
    }

    #[test]
    fn line_holds_values_of_each_program_and_the_verdict() {
        assert_eq!(
            row(0.3, 1020, [75.0, 70.0]).line(),
            "| 12 MP → 400 JPEG, bark | 0.30 | 0.45 | 12.0, 40.0 | 8, 8 | 1020, 1000 | 75.00/70.00, 75.00/70.00 | PASS \
             |\n"
        );
        let three = Row {
            vips: Some(measured(50.0, 1100, [74.0, 69.0])),
            ..row(0.5, 900, [75.0, 70.0])
        };
        let line = three.line();
        assert!(line.contains("| 12.0, 40.0, 50.0 |"), "{line}");
        assert!(line.ends_with("| FAIL: speed |\n"), "{line}");
    }

    #[test]
    fn row_counts_only_with_quality_and_bytes_of_sharp() {
        let missed = |ratio, bytes, scores| row(ratio, bytes, scores).missed();
        assert!(missed(0.45, 1020, [74.91, 69.91]).is_empty());
        assert_eq!(missed(0.46, 1000, [75.0, 70.0]), ["speed"]);
        assert_eq!(missed(0.40, 1021, [75.0, 70.0]), ["bytes"]);
        assert_eq!(missed(0.40, 1000, [74.89, 80.0]), ["quality"]);
        assert_eq!(missed(0.40, 1000, [80.0, 69.89]), ["quality"]);
    }
}
