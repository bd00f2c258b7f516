//! Contract suites for tests of plugins: each `Source` and each `Cache` runs the suite of its kind. An [`Installer`]
//! installs one plugin from the text of its settings. Behind the feature `testing`. Nothing here uses the engine's
//! other modules.

use std::panic::Location;

use futures_util::TryStreamExt as _;
use resizer_plugin_api::engine::{HookTable, LifeHandler, Registration, Resources};
use resizer_plugin_api::{Body, ByteStream, Error, Hooks, InstallError, Metrics, Plugin};

mod cache_contract;
mod faulty_proxy;
mod opened_cache;
mod source_contract;
mod store_failure_contract;

pub use cache_contract::cache_contract;
pub use faulty_proxy::{FaultyProxy, Mode};
pub use opened_cache::{OpenedCache, TemporaryFolder, TemporaryFolders, numbered_key, unusable_folders_are_refused};
pub use source_contract::{SourceStore, source_contract};
pub use store_failure_contract::{FaultyStore, store_failure_contract};

/// Installs plugins as the engine does, one at a time. All plugins of one installer share resources and metrics, as
/// successive readings of one `plugins.toml` do.
#[derive(Debug, Default)]
pub struct Installer {
    /// The metrics of the plugins.
    pub metrics: Metrics,
    resources: Resources,
}

impl Installer {
    /// Installs a plugin from its settings as they stand in `plugins.toml`, without the line `name = …`.
    ///
    /// # Errors
    /// The settings are not TOML, do not fit the plugin's settings type, or `install` refuses them.
    pub fn install<P: Plugin>(&self, settings: &str) -> Result<HookTable, InstallError> {
        let settings = toml::de::DeTable::parse(settings).map_err(InstallError::Shape)?;
        let mut table = HookTable::default();
        let mut hooks = Hooks::new(P::NAME, 0, &mut table, &self.resources, &self.metrics);
        (Registration::of::<P>("").install)(settings, &mut hooks)?;
        Ok(table)
    }

    /// Runs every `on_start` of a table, in order.
    ///
    /// # Errors
    /// That of the first handler that fails.
    pub async fn start(&self, table: &HookTable) -> Result<(), InstallError> {
        for handler in &table.on_start {
            let handler: &LifeHandler = &handler.value;
            handler().await?;
        }
        Ok(())
    }
}

/// All bytes of a stream.
///
/// # Errors
/// The error of the stream.
pub async fn read_all(bytes: ByteStream) -> Result<Vec<u8>, Error> {
    bytes
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

/// All bytes of a body.
///
/// # Errors
/// The error of the body's stream.
pub async fn read_body(body: Body) -> Result<Vec<u8>, Error> {
    match body {
        Body::Empty => Ok(Vec::new()),
        Body::Bytes(bytes) => Ok(bytes.into()),
        Body::Stream { stream, .. } => read_all(stream).await,
        other => fail(&format!("a test cannot read the body {other:?}")),
    }
}

/// Bytes in which a lost, repeated or swapped piece shows: a counter in little-endian words, multiplied by an odd
/// number. `seed` is the counter's first value.
fn pattern(seed: u32, length: usize) -> Vec<u8> {
    pattern_from(seed, 0, length)
}

/// `length` bytes of a [`pattern`], from the byte `start` on.
fn pattern_from(seed: u32, start: usize, length: usize) -> Vec<u8> {
    let before = start % 4;
    let mut bytes = vec![0; before + length];
    for (word, place) in (seed + (start / 4) as u32..).zip(bytes.chunks_mut(4)) {
        place.copy_from_slice(&word.wrapping_mul(0x9E37_79B9).to_le_bytes()[..place.len()]);
    }
    bytes.drain(..before);
    bytes
}

/// Ends the test with a sentence about what the suite expected.
#[track_caller]
#[expect(clippy::panic, reason = "a suite fails by panicking, as every test does")]
fn fail(expected: &str) -> ! {
    panic!("{expected} (asked at {})", Location::caller())
}

/// Compares bytes. Where they differ, the test ends with the place of the difference, and not with megabytes of output.
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
