//! Cancellation flag: the one way to stop a running job.
//!
//! The engine raises the flag when the last client has left. Decoders, steps and encoders check it once a band, so at
//! most a few milliseconds pass before a job ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::ImageError;

/// A flag shared between a job and its callers. Clones are the same flag.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug)]
struct Flag {
    raised: AtomicBool,
    /// How often the flag was checked.
    looks: AtomicU64,
    /// The number of the check from which on the flag is raised by itself.
    last_look: u64,
}

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::at_look(u64::MAX)
    }

    /// A flag that is raised when it is checked for the `number`th time, counted from 0. It stops a job at the same
    /// point each time.
    pub fn at_look(number: u64) -> Self {
        Self(Arc::new(Flag {
            raised: AtomicBool::new(false),
            looks: AtomicU64::new(0),
            last_look: number,
        }))
    }

    /// Raises the flag permanently.
    pub fn cancel(&self) {
        self.0.raised.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        let look = self.0.looks.fetch_add(1, Ordering::Relaxed);
        self.0.raised.load(Ordering::Relaxed) || look >= self.0.last_look
    }

    /// How often the flag was checked. The longer a job, the larger the number.
    pub fn looks(&self) -> u64 {
        self.0.looks.load(Ordering::Relaxed)
    }

    /// Returns `Err(ImageError::Cancelled)` once the flag is raised.
    pub fn check(&self) -> Result<(), ImageError> {
        if self.is_cancelled() {
            Err(ImageError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// Cancellation of a loop of short steps, such as a walk over blocks: checks the flag once in [`Pace::STEPS`].
#[cfg(feature = "codecs")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace(u32);

#[cfg(feature = "codecs")]
impl Pace {
    /// The steps between two checks. A step takes some nanoseconds.
    const STEPS: u32 = 4096;

    /// Counts a step. Returns `Err(ImageError::Cancelled)` once the flag is found raised.
    #[inline]
    pub(crate) fn step(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        self.0 += 1;
        if self.0 == Self::STEPS {
            self.0 = 0;
            cancel.check()?;
        }
        Ok(())
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
