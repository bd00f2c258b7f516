//! Memory of jobs with layers, and of decoding a layer, against the predictions.

use resizer_imaging::{
    Cancel, Format, Instructions, Job, Layer, Length, Limits, Placement, Size, decode_layer, inspect, predict_layer,
    predict_with, run_with,
};

use crate::MEMORY;

/// Layers of all kinds on each source: over and behind, at their size and at another one.
pub(crate) fn layers_are_predicted(sources: &[(&str, Vec<u8>)]) {
    let pixels = vec![128; 300 * 200 * 4];
    let behind = Placement {
        behind: true,
        ..Placement::default()
    };
    let half = Placement {
        sides: [Some(Length::Percent(50.0)), None],
        ..Placement::default()
    };
    let size = Size::new(300, 200);
    for (name, source) in sources.iter().filter(|(name, _)| !name.contains("animated")) {
        for placement in [Placement::default(), behind, half] {
            for (query, format) in [("width=300", Format::Png), ("width=600&rotate=90", Format::Jpeg)] {
                let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
                let limits = Limits::default();
                let job = Job {
                    instructions,
                    format,
                    limits,
                };
                let layers = [Layer::new(placement, size, size, &pixels).unwrap()];
                let info = inspect(source, &job.limits, &Cancel::new()).unwrap();
                let mut predicted = predict_with(&info, &job, &layers).unwrap().peak_bytes;
                MEMORY.reset_peak_usage();
                let before = MEMORY.current_usage() as u64;
                let grow = &mut |bytes| {
                    predicted += bytes;
                    true
                };
                run_with(source, &job, &layers, &Cancel::new(), grow).unwrap();
                let actual = MEMORY.peak_usage() as u64 - before;
                assert!(
                    actual <= predicted,
                    "{name}, {query}, {placement}: {actual} bytes taken, {predicted} predicted"
                );
            }
        }
        for query in ["", "width=500&s.alpha=0.5", "rotate=20"] {
            let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
            let limits = Limits::default();
            let info = inspect(source, &limits, &Cancel::new()).unwrap();
            let mut predicted = predict_layer(&info, &instructions, size, &limits).unwrap().peak_bytes;
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage() as u64;
            let grow = &mut |bytes| {
                predicted += bytes;
                true
            };
            decode_layer(source, &instructions, size, &limits, &Cancel::new(), grow).unwrap();
            let actual = MEMORY.peak_usage() as u64 - before;
            assert!(
                actual <= predicted,
                "{name}, layer `{query}`: {actual} bytes taken, {predicted} predicted"
            );
        }
    }
}
