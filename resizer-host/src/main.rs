//! The binary. All of it is in the library, so that tests and binaries with other plugins are the same server.

use std::process::ExitCode;

fn main() -> ExitCode {
    resizer_host::main()
}
