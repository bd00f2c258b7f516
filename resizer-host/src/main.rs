//! The binary; all of it is in the library, so that tests and binaries with other plugins can hold it too.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    resizer_host::main()
}
