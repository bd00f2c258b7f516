//! Processing steps, one per file. `crop` and `scale` work on rows as they are decoded. The others take and return a
//! whole, scaled picture.

pub(crate) mod corners;
pub(crate) mod crop;
pub(crate) mod filters;
pub(crate) mod flatten;
pub(crate) mod orient;
pub(crate) mod overlay;
pub(crate) mod pad;
pub(crate) mod rotate;
pub(crate) mod scale;
