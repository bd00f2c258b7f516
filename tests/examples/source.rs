//! Source: serves images that lie in memory. A plugin for a store asks the store in `stat` and `fetch`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use resizer_plugin_api::{Download, Error, ErrorKind, Fetch, Source, SourceKey, SourcePath, Stat, Want, async_trait};
use resizer_plugin_api::{Hooks, InstallError, Plugin, bytes::Bytes, reader_settings, register};

register!(ShelfReader);

reader_settings! {
    prefix = "/shelfreader/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The shelf's name, by which its images are told from those of other shelves.
        pub shelf: String,
    }
}

/// Serves one shelf.
#[derive(Debug, Default)]
pub struct ShelfReader {
    name: String,
    objects: RwLock<HashMap<String, (Stat, Bytes)>>,
}

impl Plugin for ShelfReader {
    const NAME: &'static str = "shelfreader";
    const SUMMARY: &'static str = "Serves images that lie in memory.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let (prefix, policy) = (config.prefix.clone(), config.policy());
        let (name, objects) = (config.shelf, RwLock::default());
        hooks.add_source(prefix, Arc::new(Self { name, objects }), policy);
        Ok(())
    }
}

impl ShelfReader {
    /// Puts an object onto the shelf, replaces it, or takes it away.
    pub fn put(&self, path: &str, object: Option<(Stat, Bytes)>) {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.remove(path);
        objects.extend(object.map(|object| (path.to_owned(), object)));
    }

    fn find(&self, path: &SourcePath) -> Result<(Stat, Bytes), Error> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(path.as_str()).cloned().ok_or_else(Error::not_found)
    }
}

#[async_trait]
impl Source for ShelfReader {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        SourceKey::new(format!("shelfreader:{}/{path}", self.name))
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        Ok(self.find(path)?.0)
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let (stat, mut bytes) = self.find(path)?;
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(Fetch::Unchanged);
        }
        if let Some(range) = want.range {
            let (start, end) = (*range.start() as usize, *range.end() as usize);
            if start >= bytes.len() {
                return Err(Error::new(ErrorKind::BadRequest, "The range begins past the end."));
            }
            bytes = bytes.slice(start..=end.min(bytes.len() - 1));
        }
        Ok(Fetch::Download(Download::in_memory(stat, bytes)))
    }
}
