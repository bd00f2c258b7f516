//! What "implements `Source`" and "implements `Cache`" mean, as suites that every plugin runs against itself, and an
//! [`Installer`] that installs one plugin from the text of its settings. For tests only, behind the feature `testing`;
//! nothing here knows the engine's insides.

use std::panic::Location;

use futures_util::TryStreamExt as _;
use resizer_plugin_api::engine::{HookTable, LifeHandler, Registration, Resources};
use resizer_plugin_api::{Body, ByteStream, Error, Hooks, InstallError, Metrics, Plugin};

mod cache_contract;
mod source_contract;
mod trouble;
mod trouble_contract;

pub use cache_contract::cache_contract;
pub use source_contract::{SourceStore, source_contract};
pub use trouble::{Mode, Trouble};
pub use trouble_contract::{TroubledStore, trouble_contract};

/// Installs plugins as the engine does, one at a time. What one installer installs shares resources and metrics, as the
/// readings of one `plugins.toml` after another do.
#[derive(Debug, Default)]
pub struct Installer {
    /// What the plugins count.
    pub metrics: Metrics,
    resources: Resources,
}

impl Installer {
    /// Installs a plugin from its settings as they stand in `plugins.toml`, without the line `name = …`.
    ///
    /// # Errors
    /// The settings are no TOML, do not fit the plugin's settings type, or `install` refuses them.
    pub fn install<P: Plugin>(&self, settings: &str) -> Result<HookTable, InstallError> {
        let settings = toml::de::DeTable::parse(settings).map_err(InstallError::Shape)?;
        let mut table = HookTable::default();
        let mut hooks = Hooks::new(P::NAME, 0, &mut table, &self.resources, &self.metrics);
        (Registration::of::<P>("").install)(settings, &mut hooks)?;
        Ok(table)
    }

    /// Runs every `on_start` of a table.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn start(&self, table: &HookTable) -> Result<(), InstallError> {
        for handler in &table.on_start {
            let handler: &LifeHandler = &handler.value;
            handler().await?;
        }
        Ok(())
    }
}

/// Everything a stream gives, or the error it breaks off with.
///
/// # Errors
/// Whatever the stream fails with.
pub async fn read_all(bytes: ByteStream) -> Result<Vec<u8>, Error> {
    bytes
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

/// Everything a body holds.
///
/// # Errors
/// Whatever its stream fails with.
pub async fn read_body(body: Body) -> Result<Vec<u8>, Error> {
    match body {
        Body::Empty => Ok(Vec::new()),
        Body::Bytes(bytes) => Ok(bytes.into()),
        Body::Stream { stream, .. } => read_all(stream).await,
        other => fail(&format!("a test cannot read the body {other:?}")),
    }
}

/// Bytes that differ at every place, so that pieces lost, repeated or swapped are noticed: a counter in little-endian
/// words, begun at a value of one's own.
fn pattern(seed: u32, length: usize) -> Vec<u8> {
    pattern_from(seed, 0, length)
}

/// So many bytes of a [`pattern`] from this place on.
fn pattern_from(seed: u32, start: usize, length: usize) -> Vec<u8> {
    let before = start % 4;
    let mut bytes = vec![0; before + length];
    for (word, place) in (seed + (start / 4) as u32..).zip(bytes.chunks_mut(4)) {
        place.copy_from_slice(&word.wrapping_mul(0x9E37_79B9).to_le_bytes()[..place.len()]);
    }
    bytes.drain(..before);
    bytes
}

/// Says what a suite expected and ends the test.
#[track_caller]
#[expect(clippy::panic, reason = "a suite fails by panicking, as every test does")]
fn fail(expected: &str) -> ! {
    panic!("{expected} (asked at {})", Location::caller())
}

/// Compares bytes and, where they differ, says where instead of printing megabytes.
#[track_caller]
fn same_bytes(found: &[u8], expected: &[u8], what: &str) {
    if found == expected {
        return;
    }
    let place = found
        .iter()
        .zip(expected)
        .take_while(|(found, expected)| found == expected)
        .count();
    fail(&format!(
        "{what}: expected {} bytes, found {}; the first {place} agree",
        expected.len(),
        found.len()
    ));
}
