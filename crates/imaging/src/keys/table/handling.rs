//! Keys of request handling: whether the image is processed, cached, or replaced by a plugin.

use super::{Group, key, of_plugin, unsupported};
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
        of_plugin(
            "preset",
            "as the plugin says",
            "Named instructions. A plugin reads the key.",
        ),
        of_plugin(
            "watermark",
            "as the plugin says",
            "Images or text laid over the result. A plugin reads the key.",
        ),
        of_plugin(
            "404",
            "as the plugin says",
            "An image to send when the source is missing. A plugin reads the key.",
        ),
        unsupported(
            "decoder",
            &[],
            true,
            "Chooses a decoder.",
            "Each format has one decoder here, chosen by the file's first bytes.",
        ),
        unsupported(
            "encoder",
            &[],
            true,
            "Chooses an encoder.",
            "Each format has one encoder here; `format` chooses it.",
        ),
        unsupported("builder", &[], true, "Chooses a pipeline.", "There is one pipeline."),
        unsupported(
            "watermark_red_dot",
            &[],
            true,
            "A red dot that tells of a missing licence.",
            "This server needs no licence key.",
        ),
    ],
};
