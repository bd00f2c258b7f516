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
mod layout;
mod linked;
mod process;
mod purge;

mod logging;
mod reload;
mod serve;
mod watch;

mod access_log;
mod admin;
mod connections;
mod conversion;
mod proxies;
mod request_handler;

use std::io::Write as _;
use std::process::ExitCode;

pub use linked::KNOWN_PLUGINS;

use cli::Command;
use complaint::Complaint;

/// The allocator of every binary with this library in it: the shipped one, the tested one, and those with plugins from
/// elsewhere. Without the feature, which a binary with an allocator of its own turns off, freed memory returns to the
/// system when that allocator sees fit.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the command that the process's arguments name. Exit codes: 0; 1 when something is wrong with the configuration,
/// an image or the machine; 2 when the arguments make no sense; 130 and 143 when a second signal cut the end short.
pub fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os().skip(1), std::env::var_os("RESIZER_CONFIG")) {
        Ok(command) => command,
        Err(usage) => {
            complain(&Complaint::new(usage));
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(code) => ExitCode::from(code),
        Err(complaint) => {
            complain(&complaint);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<u8, Complaint> {
    match command {
        Command::Serve { config } => serve::serve(&config),
        Command::Check { config, connect } => commands::check(&config, connect),
        Command::Plan { config } => commands::plan(&config),
        Command::Purge(ask) => purge::ask(&ask),
        Command::Plugins => commands::plugins(),
        Command::Docs { folder } => commands::docs(&folder),
        Command::Layout { source, query } => layout::one(source, &query),
        Command::LayoutBatch => layout::batch(),
        Command::Process { input, query, output } => process::process(&input, &query, &output),
        Command::Help => print(cli::HELP),
        Command::Version => print(concat!("resizer-host ", env!("CARGO_PKG_VERSION"), "\n")),
    }
}

/// Writes to standard output. That nobody reads it (as after `| head -1`) is no failure.
fn print(text: &str) -> Result<u8, Complaint> {
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(0)
}

fn complain(complaint: &Complaint) {
    let _ = std::io::stderr().write_all(complaint.to_string().as_bytes());
}
