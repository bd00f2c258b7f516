//! The server as the tests start it: the binary of `resizer-host` under another name, so that cargo builds it with the
//! tests and tells them where it is.

use std::process::ExitCode;

fn main() -> ExitCode {
    resizer_host::main()
}
