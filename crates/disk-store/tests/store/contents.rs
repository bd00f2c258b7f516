//! Contents that entries name: they count, go with the last entry that names them, and are known again after a restart.
//! Here the contents are numbers of bytes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use resizer_disk_store::{Contents, EntryName};

use super::*;

/// Takes what is kept beside an entry's bytes for a number of bytes.
#[derive(Default)]
struct Sizes {
    by_entry: Mutex<std::collections::HashMap<EntryName, u64>>,
    listed: Mutex<usize>,
}

impl Sizes {
    /// How often each number is named.
    fn named(&self) -> BTreeMap<u64, usize> {
        let mut named = BTreeMap::new();
        for size in self.by_entry.lock().unwrap().values() {
            *named.entry(*size).or_default() += 1;
        }
        named
    }
}

impl Contents for Sizes {
    fn named(&self, entry: EntryName, meta: &[u8]) -> io::Result<()> {
        let size = std::str::from_utf8(meta).unwrap().parse().unwrap();
        self.by_entry.lock().unwrap().insert(entry, size);
        Ok(())
    }

    fn unnamed(&self, entry: EntryName) -> io::Result<()> {
        self.by_entry.lock().unwrap().remove(&entry);
        Ok(())
    }

    fn listed(&self) -> io::Result<()> {
        *self.listed.lock().unwrap() += 1;
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.by_entry.lock().unwrap().values().sum()
    }
}

fn open(folder: &Path, bound: u64) -> (Store, Arc<Sizes>) {
    let sizes = Arc::new(Sizes::default());
    let store = Store::open(folder, Bound::Bytes(bound), Duration::ZERO).unwrap();
    let store = store.with_contents(Arc::<Sizes>::clone(&sizes));
    assert!(store.take_over().unwrap());
    assert_eq!(*sizes.listed.lock().unwrap(), 1);
    (store, sizes)
}

fn name(store: &Store, number: u64, size: u64) {
    assert!(store.make_room_for(size).unwrap());
    assert!(store.write(&key(number), size.to_string().as_bytes(), b"").unwrap());
}

#[test]
fn named_content_counts_and_goes_with_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (store, sizes) = open(folder.path(), 12 * MIB);
    let empty = store.counts().bytes;
    for number in 0..3 {
        name(&store, number, MIB);
    }
    assert!((3 * MIB..3 * MIB + 100_000).contains(&(store.counts().bytes - empty)));
    name(&store, 0, 2 * MIB);
    assert_eq!(
        sizes.named(),
        BTreeMap::from([(MIB, 2), (2 * MIB, 1)]),
        "a key names one"
    );
    assert!(store.remove(&key(1)).unwrap());
    assert_eq!(sizes.named(), BTreeMap::from([(MIB, 1), (2 * MIB, 1)]));
    drop(store);

    let (store, sizes) = open(folder.path(), 12 * MIB);
    assert_eq!(
        sizes.named(),
        BTreeMap::from([(MIB, 1), (2 * MIB, 1)]),
        "after a restart"
    );
    assert_eq!(store.clear().unwrap(), 2);
    assert!(sizes.named().is_empty());
}

#[test]
fn named_content_that_needs_room_evicts_entries() {
    let folder = tempfile::tempdir().unwrap();
    let (store, sizes) = open(folder.path(), 12 * MIB);
    for number in 0..40 {
        name(&store, number, MIB + number);
        assert!(store.counts().bytes <= 12 * MIB, "after {number}");
    }
    let named: Vec<u64> = sizes.named().into_keys().collect();
    assert!(named.len() > 8, "{named:?}");
    assert!(
        named[0] == MIB + 40 - named.len() as u64,
        "those named last stay: {named:?}"
    );
    assert!(
        !store.make_room_for(3 * MIB + 1).unwrap(),
        "more than a quarter of the bound"
    );
    assert_eq!(sizes.named().len(), named.len(), "nothing gave way for that");
}

#[test]
fn damaged_entry_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, sizes) = open(folder.path(), 12 * MIB);
    name(&store, 0, MIB);
    let [file] = &entry_files(folder.path())[..] else {
        panic!("one entry, one file")
    };
    let mut bytes = fs::read(file).unwrap();
    bytes[30] ^= 1;
    fs::write(file, &bytes).unwrap();
    assert!(!is_kept(&store, 0));
    assert!(sizes.named().is_empty(), "known although the file no longer tells");

    name(&store, 0, MIB);
    fs::write(&entry_files(folder.path())[0], &bytes).unwrap();
    drop(store);
    let (store, sizes) = open(folder.path(), 12 * MIB);
    assert!(sizes.named().is_empty());
    assert_eq!(store.counts().entries, 1, "until it is asked for");
    assert!(!is_kept(&store, 0));
    assert_eq!(store.counts().entries, 0);
}
