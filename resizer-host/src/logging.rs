//! Logging: writes log lines to standard error, as text or JSON. The filter follows `[server] log` on a reload; the
//! environment's `RUST_LOG` overrules it.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::settings::{LogFilter, LogFormat, ServerSettings};

/// The start of every filter, before the operator's own. actix-server logs its worker count at start, actix-http an
/// error for every malformed request; object_store logs every retry. The engine logs how a request ends.
const BASE: &str = "actix_server=warn,actix_http=off,object_store=warn";

/// Changes the filter of a running server.
#[derive(Clone)]
pub(crate) struct Logging(reload::Handle<Targets, Registry>);

/// Starts logging for this process.
pub(crate) fn start(settings: &ServerSettings) -> Logging {
    let (filter, handle) = reload::Layer::new(filter(&settings.log));
    // A log that cannot be written, because its reader is gone, must not stop the server.
    let lines = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    // As the library formats fields, but without a style for each name, which costs time even without colours.
    let fields = debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name => write!(writer, "{name}={value:?}"),
    });
    let lines = match settings.log_format {
        LogFormat::Text => lines
            .with_ansi(std::io::stderr().is_terminal())
            .fmt_fields(fields.delimited(" "))
            .boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Fails if a program that embeds this library has set up logging already. Its own is then used.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    std::panic::set_hook(Box::new(log_panic));
    Logging(handle)
}

/// Logs a panic as one line of the log, where the standard library would write lines of its own among the others. The
/// client is told nothing of it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let (thread, message) = (
        thread.name().unwrap_or_default(),
        panic.payload_as_str().unwrap_or_default(),
    );
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(thread, place, "panic: {}", message.escape_debug());
}

impl Logging {
    /// Filters by these settings from now on.
    pub(crate) fn follow(&self, settings: &ServerSettings) {
        // Fails only if the subscriber is gone, and then nobody is logging.
        let _ = self.0.reload(filter(&settings.log));
    }
}

fn filter(setting: &LogFilter) -> Targets {
    let parse = |text: &str| format!("{BASE},{text}").parse();
    let own = std::env::var("RUST_LOG").ok();
    own.and_then(|text| parse(&text).ok())
        .or_else(|| parse(setting.as_str()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn panic_is_one_line_of_the_log() {
        let log = Log::default();
        let writer = log.clone();
        let lines = fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let panicked = tracing::subscriber::with_default(lines, || {
            std::panic::catch_unwind(|| panic!("a value\n2026-11-30T00:00:00Z  INFO access: forged {}", 1))
        });
        std::panic::set_hook(before);
        assert!(panicked.is_err());
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [" ERROR ", "panic: a value\\n2026-11-30", "resizer-host/src/logging.rs:"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
