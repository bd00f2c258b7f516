//! The one way to stop a running job. The engine raises it when the last client has left; decoders, steps and encoders
//! ask it once a band, so at most a few milliseconds pass before a job ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ImageError;

/// A flag shared between a job and whoever may call it off. Clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag nobody has raised yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag, for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `Err(ImageError::Cancelled)` once the flag is raised.
    pub fn check(&self) -> Result<(), ImageError> {
        if self.is_cancelled() {
            Err(ImageError::Cancelled)
        } else {
            Ok(())
        }
    }
}
