//! Compatibility: whose rules hold where ImageResizer and this server make different pixels of one querystring. The
//! engine passes the server's setting to the parser, and the instructions carry it to layout, plan and filters.
//!
//! `docs/differences.md` lists each difference, and whether it follows this value.

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compat {
    /// This server's own.
    #[default]
    None,
    /// Those of ImageResizer 4, for sites that must not see a difference.
    ImageResizer4,
}

impl Compat {
    /// Whether ImageResizer's rules hold.
    pub(crate) fn is_imageresizer(self) -> bool {
        self == Self::ImageResizer4
    }

    /// The name in the settings and in a cache key. `None` for this server's own rules.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::ImageResizer4 => Some("imageresizer4"),
        }
    }
}
