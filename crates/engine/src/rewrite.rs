//! Rewrite, the second step of a walk: plugins rewrite path and query, add defaults, and have the last word. Then the
//! query is parsed into instructions and the request is frozen.

use http::Extensions;
use resizer_imaging::{Ignored, Instructions, is_same_key};
use resizer_plugin_api::engine::{IgnoredByPlugins, Overlays};
use resizer_plugin_api::{DefaultsEvent, ImageRequest, Query};

use crate::changes::of_query;
use crate::draft::Draft;
use crate::fire::{fire, fire_on_draft};
use crate::server_settings::CopyMetadata;
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::Trail;
use crate::warnings::{Warnings, unread};

/// Fires the three rewrite events in their order and freezes the request.
pub(crate) fn rewrite(site: &Site, mut draft: Draft, trail: &mut Trail) -> Result<ImageRequest, Stop> {
    let table = &site.table;
    fire_on_draft("on_rewrite", &table.on_rewrite, &mut draft, trail)?;

    // The server's defaults come first: of two defaults for one key the later holds, and plugins know better.
    let mut defaults = site.server().default_commands.query().clone();
    for handler in &table.on_rewrite_defaults {
        let before = trail.records_changes().then(|| defaults.clone());
        fire("on_rewrite_defaults", std::slice::from_ref(handler), trail, |handler| {
            handler(&mut DefaultsEvent::new(
                &draft.head,
                &draft.path,
                &draft.query,
                &mut draft.state,
                &mut defaults,
            ))
        })?;
        if let Some(before) = before {
            trail.changed("on_rewrite_defaults", handler.plugin, of_query(&before, &defaults));
        }
    }
    // A key in the URL beats a default in any spelling, even with an empty value, because ImageResizer counts presence.
    for (key, value) in defaults.iter() {
        if !draft.query.iter().any(|(given, _)| is_same_key(given, key)) {
            draft.query.set(key, value);
        }
    }

    fire_on_draft("on_post_rewrite", &table.on_post_rewrite, &mut draft, trail)?;

    let (instructions, ignored) = instructions_of(site, &draft.query, &draft.state);
    let mut ignored = unread(site, ignored);
    if let Some(IgnoredByPlugins(by_plugins)) = draft.state.get() {
        ignored.extend(by_plugins.iter().cloned());
    }
    for ignored in &ignored {
        tracing::debug!(path = draft.path, "{ignored}");
    }
    if site.server().warnings
        && let Some(warnings) = Warnings::of(&ignored)
    {
        draft.state.insert(warnings);
    }
    let overlays = draft.state.remove::<Overlays>().unwrap_or_default();
    let mut request = ImageRequest::new(draft.head, draft.path, draft.query, instructions, draft.state);
    request.overlays = overlays.0;
    Ok(request)
}

/// The instructions of a query, with the word of the operator: of the server's settings, and of plugins that have
/// limited the size.
pub(crate) fn instructions_of(site: &Site, query: &Query, state: &Extensions) -> (Instructions, Vec<Ignored>) {
    let (mut instructions, ignored) = Instructions::parse_as(site.server().compat.into(), query.iter());
    match site.server().metadata {
        CopyMetadata::AsAsked => {}
        CopyMetadata::Always => instructions.output.copy_metadata = true,
        CopyMetadata::Never => instructions.output.copy_metadata = false,
    }
    instructions.size_limits = state.get().copied().unwrap_or_default();
    (instructions, ignored)
}
