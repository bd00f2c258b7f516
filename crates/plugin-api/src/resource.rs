//! Resources: open caches and connection pools that outlive a reload. A plugin asks for one under a key. While any site
//! that uses the object lives, the same key gives the same object, so that a reload neither empties a memory tier nor
//! opens a second index on one folder.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::memory::Memory;

/// Names a resource by the settings that, if changed, need another object: for a cache, its folder and its bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceKey(String);

impl ResourceKey {
    /// A key of these parts. The plugin's own name is part of it already.
    #[must_use]
    pub fn new(parts: &[&str]) -> Self {
        Self(parts.join("\u{1f}"))
    }
}

/// The resources that live now. Owned by the engine, outliving every site.
#[derive(Default)]
pub struct Resources {
    living: Mutex<HashMap<(&'static str, ResourceKey), Living>>,
    memory: Memory,
}

/// Known by its plugin to be of one type; kept alive by the sites that use it, not from here.
type Living = Weak<dyn Any + Send + Sync>;

impl Resources {
    /// The account of the memory that resources and work share.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The living object under this key, or a new one from `open`. Only one is ever opened at a time.
    pub(crate) fn get<T: Send + Sync + 'static, E>(
        &self,
        plugin: &'static str,
        key: ResourceKey,
        open: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut living = self.living.lock();
        living.retain(|_, resource| resource.strong_count() > 0);
        let known = living.get(&(plugin, key.clone())).and_then(Weak::upgrade);
        if let Some(known) = known.and_then(|resource| resource.downcast::<T>().ok()) {
            return Ok(known);
        }
        let opened = Arc::new(open()?);
        let weak: Living = Arc::downgrade(&opened) as _;
        living.insert((plugin, key), weak);
        Ok(opened)
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resources({})", self.living.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_under_a_key_in_use_is_the_same_object() {
        let resources = Resources::default();
        let open = |key: &str, value: u32| {
            resources
                .get("p", ResourceKey::new(&[key]), || Ok::<u32, ()>(value))
                .unwrap()
        };
        let first = open("a", 1);
        assert_eq!(*open("a", 2), 1, "still held");
        assert_eq!(*open("b", 3), 3, "another key");
        drop(first);
        assert_eq!(*open("a", 4), 4, "nobody held it any more");
    }
}
