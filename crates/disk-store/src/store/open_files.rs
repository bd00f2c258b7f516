//! Cache of open files: keeps recently read files open, since to find and open a file costs more than to read it. Used
//! by `cached`. A file may be gone from the folder by now, or another may have its name; the reader sees that from its
//! links. A file that this process removes or replaces is closed at once, so that its blocks are free.

use std::fs::File;
use std::sync::Arc;

use parking_lot::Mutex;

use super::key::Name;

/// How many places there are, and so how many descriptors are taken at most: few beside those of the connections.
const PLACES: usize = 256;

/// A place for each file, which it shares with others: the one that was read last has it.
pub(super) struct OpenFiles {
    places: Box<[Mutex<Place>]>,
}

type Place = Option<(Name, Arc<File>)>;

impl Default for OpenFiles {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::default()).collect(),
        }
    }
}

impl OpenFiles {
    pub(super) fn get(&self, name: Name) -> Option<Arc<File>> {
        let place = self.place(name).lock();
        let kept = place.as_ref().filter(|(of, _)| *of == name);
        kept.map(|(_, file)| Arc::clone(file))
    }

    /// Keeps a file open in place of another one, which is closed when the lock is free again.
    pub(super) fn keep(&self, name: Name, file: Arc<File>) {
        let _other = self.place(name).lock().replace((name, file));
    }

    pub(super) fn close(&self, name: Name) {
        let _file = self.place(name).lock().take_if(|(of, _)| *of == name);
    }

    fn place(&self, name: Name) -> &Mutex<Place> {
        // Digests are even: any part of one does.
        &self.places[(name.digest[1] % PLACES as u64) as usize]
    }
}
