//! Located source: which source serves a request, the source's lasting key, and its last known stat. Made by `locate`.

use std::sync::Arc;

use http::StatusCode;
use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{Overlay, OverlayContent, SourceKey, SourcePath, Stat, Substitute, Validator, Variant};

use crate::purge_epoch::PurgeEpoch;

/// The source of one request.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) plugin: &'static str,
    pub(crate) mount: Arc<MountedSource>,
    /// Below the mount's prefix.
    pub(crate) path: SourcePath,
    pub(crate) key: SourceKey,
    pub(crate) stat: Stat,
    /// Read before the store was asked anything.
    pub(crate) epoch: PurgeEpoch,
    /// The word of a plugin that named this source in place of a missing image.
    pub(crate) substitute: Option<Substitute>,
    /// The overlays of the result, the lowest first. Without those that are optional and missing.
    pub(crate) overlays: Vec<LocatedOverlay>,
}

/// An overlay with the source of its file.
#[derive(Clone)]
pub(crate) struct LocatedOverlay {
    pub(crate) overlay: Overlay,
    /// `None` for a drawing.
    pub(crate) file: Option<Arc<Located>>,
}

impl LocatedOverlay {
    /// The version of the file, as far as its store was asked. A drawing has one version.
    pub(crate) fn validator(&self) -> Validator {
        self.file
            .as_ref()
            .map_or_else(Validator::unasked, |file| file.validator())
    }
}

/// The variant of a result with overlays, from the one without. `validators` are the versions of the overlays' files.
pub(crate) fn overlaid(plain: Variant, overlays: &[LocatedOverlay], validators: &[Validator]) -> Variant {
    let layered = |variant: Variant, (overlay, validator): (&LocatedOverlay, &Validator)| {
        let placement = overlay.overlay.placement.to_string();
        match (&overlay.overlay.content, &overlay.file) {
            (OverlayContent::Image { instructions, .. }, Some(file)) => {
                let commands = instructions.canonical();
                variant.with(["image", file.key.as_str(), validator.as_str(), &commands, &placement])
            }
            (OverlayContent::Drawing(drawing), _) => variant.with(["drawing", drawing.name(), &placement]),
            _ => variant,
        }
    };
    overlays.iter().zip(validators).fold(plain, layered)
}

impl Located {
    /// The version of the source, as far as its store was asked.
    pub(crate) fn validator(&self) -> Validator {
        self.stat.validator.clone().unwrap_or_else(Validator::unasked)
    }

    /// The substitute, if the response says that the image asked for is not there.
    pub(crate) fn stands_in(&self) -> Option<&Substitute> {
        self.substitute
            .as_ref()
            .filter(|substitute| substitute.status != StatusCode::OK)
    }
}
