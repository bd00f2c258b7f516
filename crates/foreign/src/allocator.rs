//! mimalloc returns freed memory to the system only when it is asked for more, so that a process that becomes idle would
//! keep what its last peak left. The engine asks it to every second, and its work threads when no job has come for a
//! while. Without effect where mimalloc is not the global allocator.

/// What shall be returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unused {
    /// What no thread has used for a second or more. Costs next to nothing.
    ForLong,
    /// All that is free, and what the calling thread keeps at hand for itself. Whoever allocates next pays for it with a
    /// page fault for each 4 KiB.
    AtAll,
}

/// Returns freed memory to the system.
pub fn give_back(unused: Unused) {
    // SAFETY: the function has no preconditions. Any thread may call it at any time.
    unsafe { libmimalloc_sys::mi_collect(unused == Unused::AtAll) }
}
