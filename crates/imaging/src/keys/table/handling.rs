//! Keys of request handling: whether the image is processed, cached, or replaced by a plugin.

use super::{Group, key, not_yet};
use crate::instructions::values;

pub(super) static GROUP: Group = Group {
    title: "Handling of the request",
    keys: &[
        key(
            "process",
            &[],
            false,
            "`default`, `always`, `no`",
            "`always` decodes and encodes even if nothing else asks for it; `no` sends the file as it is.",
            |reading, value| values::process(value).map(|process| reading.instructions.process = process),
        ),
        key(
            "cache",
            &[],
            false,
            "`default`, `always`, `no`",
            "`always` stores even what is not processed; `no` stores nothing.",
            |reading, value| values::cache(value).map(|cache| reading.instructions.cache = cache),
        ),
        key(
            "useresizingpipeline",
            &[],
            false,
            "anything",
            "An older spelling of `process=always`; `process` beats it.",
            |reading, _| {
                reading.use_resizing_pipeline = true;
                Ok(())
            },
        ),
        key(
            "scache",
            &[],
            false,
            "`mem`, `disk`, `no`",
            "Where the original is kept: by the plugin `sourcememcache`, by `sourcediskcache`, or by neither; without it their \
             settings say. The same image under another value is the same result.",
            |_, value| values::source_cache(value),
        ),
        not_yet("decoder", &[], true, "Chooses a decoder."),
        not_yet("encoder", &[], true, "Chooses an encoder."),
        not_yet("builder", &[], true, "Chooses a pipeline."),
        not_yet("watermark_red_dot", &[], true, "A red dot."),
        not_yet("404", &[], false, "An image to send when the source is missing."),
        not_yet("preset", &[], false, "Named instructions."),
        not_yet("watermark", &[], false, "Images or text laid over the result."),
    ],
};
