//! Return of freed memory to the system: asks mimalloc, which does so by itself only when more memory is allocated.
//!
//! Without it an idle process would keep the memory of its last peak. The engine calls this every second, and its work
//! threads when no job has come for a while. The call has no effect where mimalloc is not the global allocator.

/// Which freed memory is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unused {
    /// Memory that no thread has used for a second or more. Costs next to nothing.
    ForLong,
    /// All free memory, with the calling thread's own reserve. The next allocations pay a page fault for each 4 KiB.
    AtAll,
}

/// Returns freed memory to the system.
pub fn return_memory(unused: Unused) {
    // SAFETY: the function has no preconditions. Any thread may call it at any time.
    unsafe { libmimalloc_sys::mi_collect(unused == Unused::AtAll) }
}
