//! Jobs of the pixels bench: source, result, and the most processor time as a share of sharp's.

/// One picture from a file to a file. Lossy results have quality 80.
#[derive(Clone, Copy)]
pub(super) struct Job {
    /// Without the name of the photograph.
    what: &'static str,
    /// The name of a file of `pictures`.
    pub(super) source: &'static str,
    width: u32,
    /// None keeps the ratio.
    height: Option<u32>,
    /// `jpg`, `webp` or `png`.
    pub(super) format: &'static str,
    /// Compared with sharp that decodes all pixels, in the mode that decodes more of them.
    precise: bool,
    /// None where only quality and bytes count.
    pub(super) bar: Option<f64>,
}

const fn jpeg(what: &'static str, source: &'static str, width: u32, bar: Option<f64>) -> Job {
    Job {
        what,
        source,
        width,
        height: None,
        format: "jpg",
        precise: false,
        bar,
    }
}

const fn to(format: &'static str, job: Job) -> Job {
    Job { format, ..job }
}

const fn precise(job: Job) -> Job {
    let (precise, bar) = (true, Some(0.60));
    Job { precise, bar, ..job }
}

const BASELINE: &str = "12 MP → 400";
const PROGRESSIVE: &str = "12 MP progressive → 400";

pub(super) const JOBS: &[Job] = &[
    jpeg(BASELINE, "p12_bark_420.jpg", 400, Some(0.45)),
    jpeg(BASELINE, "p12_koi_420.jpg", 400, Some(0.45)),
    jpeg(BASELINE, "p12_car_420.jpg", 400, None),
    jpeg("12 MP 4:4:4 → 400", "p12_koi_444.jpg", 400, None),
    jpeg(PROGRESSIVE, "p12_bark_420_prog.jpg", 400, Some(0.10)),
    jpeg(PROGRESSIVE, "p12_koi_420_prog.jpg", 400, Some(0.10)),
    jpeg("24 MP → 400", "p24_mosaic_420.jpg", 400, None),
    jpeg("24 MP → 1200", "p24_mosaic_420.jpg", 1200, Some(0.70)),
    jpeg("12 MP → 1200", "p12_bark_420.jpg", 1200, Some(0.75)),
    jpeg("12 MP → 1200", "p12_koi_420.jpg", 1200, Some(0.75)),
    jpeg("12 MP → 1200", "p12_car_420.jpg", 1200, None),
    jpeg("3 MP → 400", "p3_bark_420.jpg", 400, Some(0.55)),
    jpeg("1 MP → 400", "p1_koi_420.jpg", 400, Some(0.55)),
    to("webp", jpeg(BASELINE, "p12_bark_420.jpg", 400, Some(0.60))),
    to("webp", jpeg(BASELINE, "p12_koi_420.jpg", 400, Some(0.60))),
    precise(jpeg(BASELINE, "p12_bark_420.jpg", 400, None)),
    precise(jpeg(BASELINE, "p12_koi_420.jpg", 400, None)),
    precise(jpeg(BASELINE, "p12_car_420.jpg", 400, None)),
    precise(jpeg(PROGRESSIVE, "p12_bark_420_prog.jpg", 400, None)),
    precise(jpeg(PROGRESSIVE, "p12_koi_420_prog.jpg", 400, None)),
    precise(jpeg("24 MP → 1200", "p24_mosaic_420.jpg", 1200, None)),
    Job {
        height: Some(588),
        ..jpeg("2725×2225 → 720×588", "6mp.jpg", 720, Some(0.70))
    },
    to("webp", jpeg("4 MP PNG → 400", "p4_bark.png", 400, Some(0.85))),
    to("png", jpeg("4 MP PNG → 400", "p4_bark.png", 400, Some(0.80))),
    to("png", jpeg("2 MP screenshot → 400", "shot_alpha.png", 400, None)),
    to(
        "webp",
        jpeg("4 MP lossy WebP → 400", "p4_koi_lossy.webp", 400, Some(0.90)),
    ),
    to(
        "webp",
        jpeg("4 MP lossless WebP → 400", "p4_koi_lossless.webp", 400, Some(0.90)),
    ),
    jpeg("4 MP TIFF, LZW → 400", "p4_koi_lzw.tif", 400, Some(0.90)),
];

/// For the memory that it takes.
pub(super) const LARGE: Job = jpeg("45 MP → 400", "45mp.jpg", 400, None);

impl Job {
    /// As in `precise: 12 MP → 400 JPEG, bark`.
    pub(super) fn label(&self) -> String {
        let mode = if self.precise { "precise: " } else { "" };
        let format = match self.format {
            "jpg" => "JPEG",
            "webp" => "WebP",
            _ => "PNG",
        };
        let photograph = self
            .source
            .split(['_', '.'])
            .find(|part| ["bark", "koi", "car", "mosaic"].contains(part));
        let photograph = photograph.map(|name| format!(", {name}")).unwrap_or_default();
        format!("{mode}{} {format}{photograph}", self.what)
    }

    pub(super) fn query(&self) -> String {
        let size = match self.height {
            Some(height) => format!("width={}&height={height}&mode=stretch", self.width),
            None => format!("width={}", self.width),
        };
        let mode = if self.precise {
            "&decoder.min_precise_scaling_ratio=2.1"
        } else {
            ""
        };
        let quality = if self.is_lossy() { "&quality=80" } else { "" };
        format!("{size}&format={}{quality}{mode}", self.format)
    }

    /// For the command `measure` of `sharp.cjs`.
    pub(super) fn sharp(&self) -> String {
        let height = self.height.map(|height| format!(r#","height":{height},"fit":"fill""#));
        let output = if self.is_lossy() { r#"{"quality":80}"# } else { "{}" };
        format!(
            r#"{{"resize":{{"width":{},"fastShrinkOnLoad":{}{}}},"format":"{}","output":{output}}}"#,
            self.width,
            !self.precise,
            height.unwrap_or_default(),
            self.format
        )
    }

    /// The size and the output of `vipsthumbnail`, which has no precise mode.
    pub(super) fn vips(&self) -> Option<[String; 2]> {
        if self.precise {
            return None;
        }
        let size = match self.height {
            Some(height) => format!("{}x{height}!", self.width),
            None => format!("{}x", self.width),
        };
        let quality = if self.is_lossy() { "Q=80," } else { "" };
        Some([size, format!("out-%s.{}[{quality}strip]", self.format)])
    }

    fn is_lossy(&self) -> bool {
        self.format != "png"
    }
}

#[cfg(test)]
mod tests {
    use super::{BASELINE, JOBS, Job, jpeg, precise, to};

    #[test]
    fn job_asks_all_programs_for_the_same() {
        let job = precise(to("webp", jpeg(BASELINE, "p12_bark_420.jpg", 400, None)));
        assert_eq!(job.label(), "precise: 12 MP → 400 WebP, bark");
        assert_eq!(
            job.query(),
            "width=400&format=webp&quality=80&decoder.min_precise_scaling_ratio=2.1"
        );
        assert_eq!(
            job.sharp(),
            r#"{"resize":{"width":400,"fastShrinkOnLoad":false},"format":"webp","output":{"quality":80}}"#
        );
        assert_eq!(job.vips(), None);
        let job = Job {
            height: Some(300),
            ..to("png", jpeg("2 MP screenshot", "shot_alpha.png", 400, None))
        };
        assert_eq!(job.query(), "width=400&height=300&mode=stretch&format=png");
        let resize = r#"{"resize":{"width":400,"fastShrinkOnLoad":true,"height":300,"fit":"fill"}"#;
        assert!(job.sharp().starts_with(resize), "{}", job.sharp());
        let vips = ["400x300!", "out-%s.png[strip]"].map(str::to_owned);
        assert_eq!(job.vips(), Some(vips));
    }

    #[test]
    fn label_of_a_job_is_its_own() {
        let mut labels: Vec<String> = JOBS.iter().map(Job::label).collect();
        labels.sort();
        labels.dedup();
        assert_eq!(labels.len(), JOBS.len());
    }
}
