//! The binary; all of it is in the library, so that tests and binaries with other plugins can hold it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    resizer_host::main()
}
