//! The engine's side of this crate: the table that plugins fill, and what the engine needs to install and call them. A
//! plugin uses none of it outside of its tests. It may change with any version.

pub use inventory;

pub use crate::hooks::{
    DefaultsHandler, Given, HookTable, LifeFuture, LifeHandler, MissingHandler, MountedSource, PreHandleHandler,
    ResponseHandler, RewriteHandler,
};
pub use crate::key::hex_digits;
pub use crate::memory::Memory;
pub use crate::overlay::{IgnoredByPlugins, Overlays};
pub use crate::path_text::text_of_path;
pub use crate::plugin::{InstallFn, Registration};
pub use crate::resource::Resources;
pub use crate::service::HandlePlan;
