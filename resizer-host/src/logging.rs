//! Where log lines go: to standard error, as text or JSON, filtered. The filter follows `[server] log` on a reload; the
//! environment's `RUST_LOG` beats it.

use std::io::IsTerminal;

use resizer_engine::{LogFilter, LogFormat, ServerSettings};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

/// What comes before the operator's own filter: actix-web reports its worker count at start and every malformed request
/// as an error, and object_store each time that it tries again; what comes of it in the end is logged by the engine.
const BASE: &str = "actix_server=warn,actix_http=off,object_store=warn";

/// Changes the filter of a running server.
#[derive(Clone)]
pub(crate) struct Logging(reload::Handle<EnvFilter, Registry>);

/// Starts logging for this process.
pub(crate) fn start(settings: &ServerSettings) -> Logging {
    let (filter, handle) = reload::Layer::new(filter(&settings.log));
    // A log that cannot be written, because whoever read it is gone, must not stop the server.
    let lines = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    // As the library's own, without a style for each name, which costs time even where nothing is coloured.
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
    // Fails if a program that embeds this one has set up logging already: then its own is used.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Logging(handle)
}

impl Logging {
    /// Filters by these settings from now on.
    pub(crate) fn follow(&self, settings: &ServerSettings) {
        // Fails only if the subscriber is gone, and then nobody is logging.
        let _ = self.0.reload(filter(&settings.log));
    }
}

fn filter(setting: &LogFilter) -> EnvFilter {
    let own = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| EnvFilter::try_new(text).is_ok());
    EnvFilter::new(format!("{BASE},{}", own.as_deref().unwrap_or(setting.as_str())))
}
