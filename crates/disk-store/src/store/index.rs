//! Index in memory: the entries of a folder, their blocks on the disk, and the order of their last use. An entry takes
//! 40 to 45 bytes and 5 to 12 in the table, and as much again at worst while either grows. The index knows no files.

use hashbrown::HashTable;

use super::key::Name;

/// The unit in which space is counted: a page of memory and a block of the usual file systems.
pub(super) const BLOCK: u64 = 4096;

/// Stands for no slot.
const NONE: u32 = u32::MAX;

/// Entries in the order of their last use: exact, since a used entry is moved to the front of a list.
pub(super) struct Index {
    slots: Vec<Slot>,
    /// The first of the slots that are free, linked by `older`.
    free: u32,
    table: HashTable<u32>,
    newest: u32,
    oldest: u32,
    entry_blocks: u64,
    /// The blocks of each of the 256 directories.
    directories: Box<[u32; 256]>,
    /// All other blocks of the folder.
    fixed: u32,
}

struct Slot {
    name: Name,
    blocks: u32,
    newer: u32,
    older: u32,
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NONE,
            table: HashTable::new(),
            newest: NONE,
            oldest: NONE,
            entry_blocks: 0,
            directories: Box::new([0; 256]),
            fixed: 0,
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// The bytes of everything on the disk.
    pub(super) fn bytes(&self) -> u64 {
        let directories: u64 = self.directories.iter().copied().map(u64::from).sum();
        (self.entry_blocks + directories + u64::from(self.fixed)) * BLOCK
    }

    pub(super) fn contains(&self, name: Name) -> bool {
        self.find(name).is_some()
    }

    /// The entry that was not used for the longest time.
    pub(super) fn oldest(&self) -> Option<Name> {
        self.slots.get(self.oldest as usize).map(|slot| slot.name)
    }

    /// Notes a use, if the entry is known.
    pub(super) fn used(&mut self, name: Name) -> bool {
        let Some(at) = self.find(name) else { return false };
        if at != self.newest {
            self.unlink(at);
            self.link_newest(at);
        }
        true
    }

    /// Adds an entry as the one used last, or notes its new size.
    pub(super) fn put_newest(&mut self, name: Name, blocks: u32) {
        self.remove(name);
        let at = self.add(name, blocks);
        self.link_newest(at);
    }

    /// Adds an entry as the one not used for the longest time, unless it is known.
    pub(super) fn put_oldest(&mut self, name: Name, blocks: u32) {
        if !self.contains(name) {
            let at = self.add(name, blocks);
            self.link_oldest(at);
        }
    }

    pub(super) fn remove(&mut self, name: Name) {
        let found = self
            .table
            .find_entry(hash(name), |at| self.slots[*at as usize].name == name);
        let Ok(found) = found else { return };
        let (at, _) = found.remove();
        self.unlink(at);
        let slot = &mut self.slots[at as usize];
        self.entry_blocks -= u64::from(slot.blocks);
        slot.older = self.free;
        self.free = at;
    }

    /// Notes what a directory takes.
    pub(super) fn set_directory(&mut self, directory: u8, blocks: u32) {
        self.directories[usize::from(directory)] = blocks;
    }

    /// Notes what the folder takes besides entries and their directories.
    pub(super) fn set_fixed(&mut self, blocks: u32) {
        self.fixed = blocks;
    }

    fn find(&self, name: Name) -> Option<u32> {
        self.table
            .find(hash(name), |at| self.slots[*at as usize].name == name)
            .copied()
    }

    /// Makes room for so many entries more.
    pub(super) fn reserve(&mut self, entries: usize) {
        self.slots.reserve_exact(entries);
        let slots = &self.slots;
        self.table.reserve(entries, |at| hash(slots[*at as usize].name));
    }

    fn add(&mut self, name: Name, blocks: u32) -> u32 {
        let slot = Slot {
            name,
            blocks,
            newer: NONE,
            older: NONE,
        };
        let at = self.free;
        let at = if at == NONE {
            push(&mut self.slots, slot);
            (self.slots.len() - 1) as u32
        } else {
            self.free = std::mem::replace(&mut self.slots[at as usize], slot).older;
            at
        };
        let slots = &self.slots;
        self.table
            .insert_unique(hash(name), at, |at| hash(slots[*at as usize].name));
        self.entry_blocks += u64::from(blocks);
        at
    }

    fn link_newest(&mut self, at: u32) {
        let next = std::mem::replace(&mut self.newest, at);
        self.slots[at as usize].older = next;
        match self.slots.get_mut(next as usize) {
            Some(next) => next.newer = at,
            None => self.oldest = at,
        }
    }

    fn link_oldest(&mut self, at: u32) {
        let next = std::mem::replace(&mut self.oldest, at);
        self.slots[at as usize].newer = next;
        match self.slots.get_mut(next as usize) {
            Some(next) => next.older = at,
            None => self.newest = at,
        }
    }

    fn unlink(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        let newer = std::mem::replace(&mut slot.newer, NONE);
        let older = std::mem::replace(&mut slot.older, NONE);
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }
}

/// Adds to a list that may get very long: it grows by an eighth, not to twice its size.
pub(super) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 64);
    }
    list.push(item);
}

/// A digest's bits are as good as any hash of them.
fn hash(name: Name) -> u64 {
    name.digest[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few different hashes, so that the table has to compare names.
    fn alike(number: u64) -> Name {
        Name {
            group: number % 3,
            digest: [number % 5, number],
        }
    }

    fn name(number: u64) -> Name {
        Name {
            group: number,
            digest: [number.wrapping_mul(0x9E37_79B9_7F4A_7C15), number],
        }
    }

    /// Against the plainest list there is: names in the order of use, newest first, with their blocks.
    #[test]
    fn it_orders_and_counts_as_a_plain_list_does() {
        let mut index = Index::new();
        let mut list: Vec<(u64, u32)> = Vec::new();
        let mut random: u64 = 1;
        for step in 0..20_000_u64 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (number, blocks) = ((random >> 33) % 50, (random >> 50) as u32 % 9 + 1);
            let place = list.iter().position(|(known, _)| *known == number);
            match (random >> 60) % 5 {
                0 | 1 => {
                    index.put_newest(alike(number), blocks);
                    place.map(|place| list.remove(place));
                    list.insert(0, (number, blocks));
                }
                2 => {
                    index.put_oldest(alike(number), blocks);
                    if place.is_none() {
                        list.push((number, blocks));
                    }
                }
                3 => {
                    assert_eq!(index.used(alike(number)), place.is_some(), "step {step}");
                    if let Some(place) = place {
                        let used = list.remove(place);
                        list.insert(0, used);
                    }
                }
                _ => {
                    index.remove(alike(number));
                    place.map(|place| list.remove(place));
                }
            }
            assert_eq!(index.len(), list.len(), "step {step}");
            assert_eq!(
                index.oldest(),
                list.last().map(|(number, _)| alike(*number)),
                "step {step}"
            );
            let blocks: u64 = list.iter().map(|(_, blocks)| u64::from(*blocks)).sum();
            assert_eq!(index.bytes(), blocks * BLOCK, "step {step}");
        }
        while let Some((number, _)) = list.pop() {
            assert_eq!(index.oldest(), Some(alike(number)));
            index.remove(alike(number));
        }
        assert_eq!((index.len(), index.bytes(), index.oldest()), (0, 0, None));
    }

    /// While they grow, the list and the table hold the old and the new for a moment. It is some 90 bytes then; tests
    /// that run at the same time add theirs.
    #[test]
    fn an_entry_takes_under_150_bytes_also_while_the_index_grows() {
        #[global_allocator]
        static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

        let (mut index, entries) = (Index::new(), 1_050_000_u64);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        for number in 0..entries {
            index.put_newest(name(number), 1);
        }
        let peak = (MEMORY.peak_usage() - before) as f64 / entries as f64;
        assert!(peak < 150.0, "{peak} bytes an entry");
    }
}
