//! Rewrite, the second step of a walk: plugins rewrite path and query, add defaults, and have the last word. Then the
//! query is parsed into instructions and the request is frozen.

use resizer_imaging::{Instructions, is_same_key};
use resizer_plugin_api::{DefaultsEvent, ImageRequest};

use crate::draft::Draft;
use crate::fire::fire;
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::Trail;

/// Fires the three rewrite events in their order and freezes the request.
pub(crate) fn rewrite(site: &Site, mut draft: Draft, trail: &mut Trail) -> Result<ImageRequest, Stop> {
    let table = &site.table;
    fire("on_rewrite", &table.on_rewrite, trail, |handler| {
        handler(&mut draft.event())
    })?;

    // The server's defaults come first: of two defaults for one key the later holds, and plugins know better.
    let mut defaults = site.server().default_commands.query().clone();
    fire("on_rewrite_defaults", &table.on_rewrite_defaults, trail, |handler| {
        handler(&mut DefaultsEvent::new(
            &draft.head,
            &draft.path,
            &draft.query,
            &mut draft.state,
            &mut defaults,
        ))
    })?;
    // A key in the URL beats a default in any spelling, even with an empty value, because ImageResizer counts presence.
    for (key, value) in defaults.iter() {
        if !draft.query.iter().any(|(given, _)| is_same_key(given, key)) {
            draft.query.set(key, value);
        }
    }

    fire("on_post_rewrite", &table.on_post_rewrite, trail, |handler| {
        handler(&mut draft.event())
    })?;

    let (instructions, ignored) = Instructions::parse(draft.query.iter());
    for ignored in ignored {
        tracing::debug!(path = draft.path, "{ignored}");
    }
    Ok(ImageRequest::new(
        draft.head,
        draft.path,
        draft.query,
        instructions,
        draft.state,
    ))
}
