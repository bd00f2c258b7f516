//! Overlays of a request: images of any source, and drawings of plugins, that are laid over or behind the result.
//!
//! A handler adds them by [`RewriteEvent::add_overlay`](crate::RewriteEvent::add_overlay). The engine locates, fetches,
//! decodes and caches them, and names results by them. Authorizers are not asked about the files of overlays: the
//! operator has chosen them.

use std::fmt;
use std::sync::Arc;

use resizer_imaging::{Cancel, Ignored, Instructions, Placement, Size};

use crate::Error;

/// One overlay. The first of a request lies lowest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overlay {
    /// The picture.
    pub content: OverlayContent,
    /// Its place and size.
    pub placement: Placement,
    /// Whether the result is served without it if no source has its file. Otherwise that is an error.
    pub optional: bool,
}

/// The picture of an overlay.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OverlayContent {
    /// An image.
    Image {
        /// Its path, as a request would have it after all rewriting.
        path: String,
        /// Commands for it. Of an animation the first frame is taken, unless they name another.
        instructions: Box<Instructions>,
    },
    /// A drawing, such as a text.
    Drawing(Arc<dyn Drawing>),
}

/// A picture that a plugin draws for the room that it gets.
pub trait Drawing: fmt::Debug + Send + Sync + 'static {
    /// A text that is the same for equal drawings only: all that changes a pixel stands in it. It names the drawing in
    /// caches.
    fn name(&self) -> &str;

    /// The most bytes that [`Drawing::draw`] takes, its result included.
    fn peak_bytes(&self, room: Room) -> u64;

    /// Draws. Runs on a work thread, and checks `cancel` every few milliseconds.
    ///
    /// # Errors
    /// `Cancelled` once the flag is raised; `Internal` if it cannot be drawn.
    fn draw(&self, room: Room, cancel: &Cancel) -> Result<Drawn, Error>;
}

/// The room for a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The box that it should not exceed, at least a pixel a side.
    pub size: Size,
    /// The part of the result that the box refers to, for sizes relative to it.
    pub container: Size,
}

/// A finished drawing.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Width and height, at least a pixel each.
    pub size: Size,
    /// Red, green, blue and alpha in rows without gaps, alpha not premultiplied.
    pub pixels: Vec<u8>,
}

impl Overlay {
    /// An overlay whose file has to be there.
    #[must_use]
    pub fn new(content: OverlayContent, placement: Placement) -> Self {
        Self {
            content,
            placement,
            optional: false,
        }
    }
}

/// The overlays of a request that is still being rewritten. They travel with the plugins' own values.
#[derive(Clone, Debug, Default)]
pub struct Overlays(pub Vec<Overlay>);

/// Parts of the query that a plugin has ignored. They travel with the plugins' own values.
#[derive(Clone, Debug, Default)]
pub struct IgnoredByPlugins(pub Vec<Ignored>);
