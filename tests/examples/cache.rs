//! Result cache: keeps the newest results in memory and drops the oldest. Each call looks at every entry.

use std::sync::{Mutex, MutexGuard, PoisonError};

use resizer_plugin_api::{Body, ByteSize, Cache, CacheKey, Claim, Entry, Error, Hit, ImageRequest, Purge, async_trait};
use resizer_plugin_api::{Hooks, InstallError, Plugin, ResourceKey, register};
use resizer_plugin_api::{bytes::Bytes, schemars::JsonSchema, serde::Deserialize};

register!(RecentCache);

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(crate = "resizer_plugin_api::serde", deny_unknown_fields)]
#[schemars(crate = "resizer_plugin_api::schemars")]
pub struct Config {
    /// How many bytes the results may have together.
    pub max_size: ByteSize,
}

/// Keeps the newest results: from the oldest to the newest, below the bound that it claims.
#[derive(Debug)]
pub struct RecentCache(Mutex<Vec<(CacheKey, Entry)>>, Claim);

impl Plugin for RecentCache {
    const NAME: &'static str = "recentcache";
    const SUMMARY: &'static str = "Keeps the newest results in memory.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let claim = hooks.claim("max_size", config.max_size)?;
        // A reload with the same bound goes on with the same entries.
        let key = ResourceKey::new(&[&config.max_size.0.to_string()]);
        let cache = hooks.resource(key, || Ok(Self(Mutex::default(), claim)))?;
        hooks.add_result_cache(cache);
        Ok(())
    }
}

impl RecentCache {
    fn kept(&self) -> MutexGuard<'_, Vec<(CacheKey, Entry)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for RecentCache {
    fn accepts(&self, _: &ImageRequest) -> bool {
        true
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        let found = self.kept().iter().find(|(known, _)| known == key).cloned();
        Ok(found.map(|(_, entry)| Hit::new(entry.meta, Body::Bytes(entry.bytes))))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        // A copy, because the bytes may be a small part of a large buffer.
        let entry = Entry::new(entry.meta, Bytes::copy_from_slice(&entry.bytes));
        let mut kept = self.kept();
        kept.retain(|(known, _)| known != key);
        kept.push((key.clone(), entry));
        while kept.iter().map(|(_, entry)| entry.bytes.len() as u64).sum::<u64>() > self.1.bytes() {
            kept.remove(0);
        }
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        let mut kept = self.kept();
        let before = kept.len();
        kept.retain(|(key, _)| !what.covers(key));
        Ok((before - kept.len()) as u64)
    }
}
