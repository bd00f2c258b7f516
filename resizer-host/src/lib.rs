//! The HTTP server around the engine: command line, listeners, timeouts of clients, reload and shutdown. It is the one
//! crate that knows actix-web, and the one that names plugins (in `linked.rs`).
//!
//! The server is a library, so that a binary with plugins from elsewhere needs two lines only:
//!
//! ```ignore
//! use my_plugin as _;
//! fn main() -> std::process::ExitCode { resizer_host::main() }
//! ```
//!
//! A request comes in through `conversion.rs` and is answered by `request_handler.rs` (or `admin.rs`), which hands
//! requests for images to the engine. Nothing here knows images, plugins' settings, or what a configuration means.

mod cli;
mod commands;
mod complaint;
mod linked;

mod logging;
mod reload;
mod serve;
pub mod settings;
mod watch;

mod access_log;
mod admin;
mod connections;
mod conversion;
mod listener;
mod proxies;
mod request_handler;
mod request_head;

use std::io::Write as _;
use std::process::ExitCode;

pub use linked::KNOWN_PLUGINS;

use clap::Parser as _;
use cli::Cli;
use complaint::Complaint;

/// The allocator of every binary with this library in it: the shipped one, the tested one, and those with plugins from
/// elsewhere. Without the feature, which a binary with an allocator of its own turns off, freed memory returns to the
/// system when that allocator sees fit.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the command that the process's arguments name. Exit codes: 0; 1 for a fault of the configuration, an image or
/// the machine; 2 for wrong arguments; 130 and 143 when a second signal cut the stop short.
pub fn main() -> ExitCode {
    let arguments = match Cli::try_parse() {
        Ok(arguments) => arguments,
        // Help and the version come as an error, too; `clap` prints each on the right stream.
        Err(usage) => {
            let _ = usage.print();
            return u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    match commands::run(arguments.command(std::env::var_os("RESIZER_CONFIG"))) {
        Ok(code) => ExitCode::from(code),
        Err(complaint) => {
            let _ = std::io::stderr().write_all(complaint.to_string().as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output. A reader that is gone, as after `| head -1`, is no failure.
fn print(text: &str) -> Result<u8, Complaint> {
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(0)
}
