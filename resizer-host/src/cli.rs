//! Command line: the commands and options that `clap` parses, prints as help, and completes in a shell. The commands
//! themselves stand in `commands/` and `serve.rs`.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

mod url;

pub(crate) use url::Url;

/// An image-resizing origin server.
#[derive(Debug, Parser)]
#[command(
    name = "resizer-host",
    version,
    after_help = "\
Exit codes: 0 success; 1 a fault of the configuration, an image or the machine; 2 wrong arguments.
`resizer-host COMMAND --help` explains one command."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    config: ConfigOption,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The configuration of a command.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct ConfigOption {
    /// The configuration [default: $RESIZER_CONFIG, or plugins.toml]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The same, for commands that only read a configuration.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct ConfigFile {
    /// The configuration; the same as --config
    file: Option<PathBuf>,
    #[command(flatten)]
    option: ConfigOption,
}

#[derive(Debug, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Serve images; the default command
    #[command(after_help = "SIGTERM drains and stops the server, SIGINT stops it without delay.")]
    Serve(ConfigOption),
    /// Report every problem of a configuration
    #[command(after_help = "\
Without --connect the command needs no network and opens nothing.

Example: resizer-host check --connect plugins.toml")]
    Check {
        #[command(flatten)]
        config: ConfigFile,
        /// Also start the plugins and reach the stores and caches that the configuration names
        #[arg(long)]
        connect: bool,
    },
    /// Print which plugin does what, in which order
    Plan(ConfigFile),
    /// Tell what a URL means, which parts of it are ignored, and what the answer will be
    #[command(after_help = "\
The command reads the configuration and asks its plugins, but it fetches nothing, and no server has to run.

Examples:
  resizer-host explain '/album/lake.jpg?width=400&heigth=300' --source 4000x3000
  resizer-host explain 'https://example.org/a.png?format=webp' --source a.png --json")]
    Explain(Explain),
    /// Make the running server forget results and originals
    #[command(after_help = "\
Paths are percent-encoded, as in a URL. The token of the admin listener is read from --token-file, from
$RESIZER_ADMIN_TOKEN, or from the configuration. --token shows it to everybody who may list processes.

Examples:
  resizer-host purge --url '/album/lake.jpg?width=400'
  resizer-host purge --prefix /album/ --admin 10.0.0.5:8081 --token-file /run/secrets/admin-token")]
    Purge(Purge),
    /// Print the plugins in this binary
    Plugins,
    /// Write the reference pages of the server and of the plugins in this binary
    Docs {
        /// The folder to write into; it is created if need be
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print the geometry of images as JSON, without any image
    #[command(after_help = "\
Examples:
  resizer-host layout --source 1600x1200 'width=400&height=400&mode=crop'
  echo '{\"source\":[1600,1200],\"query\":\"width=400\"}' | resizer-host layout --batch")]
    Layout {
        /// The size of the source in pixels, such as 1600x1200
        #[arg(long, value_name = "WxH", value_parser = size, required_unless_present = "batch")]
        source: Option<(u32, u32)>,
        /// The querystring, such as 'width=400&mode=crop'
        #[arg(required_unless_present = "batch")]
        query: Option<String>,
        /// Read JSON lines with "source" and "query" from standard input
        #[arg(long, conflicts_with_all = ["source", "query"])]
        batch: bool,
    },
    /// Run the image pipeline on a file, without a server
    #[command(after_help = "Example: resizer-host process lake.jpg 'width=400' small.webp")]
    Process {
        /// The image to read
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// The querystring, such as 'width=400&mode=crop'
        query: String,
        /// The file to write; its extension names the format, unless the query has `format`
        #[arg(value_name = "OUT")]
        output: PathBuf,
    },
    /// Write the address of an image, or the HTML for it
    #[command(after_help = "\
The path and the values of commands are plain text, which the command encodes. The secret of a key is read from
--key-file or from $RESIZER_URL_KEY, and is never printed.

Examples:
  resizer-host url '/album/lake at dusk.jpg' --width 400 --height 300 --mode crop --format webp
  resizer-host url /a.jpg --width 400 --base https://img.example.org --semicolons --sign k1 --key-file key
  resizer-host url /a.jpg --picture avif,webp,jpg --srcset 400,800,1600 --sizes 100vw --alt 'A lake'")]
    Url(Box<Url>),
    /// Print completions for a shell
    #[command(after_help = "\
Example: resizer-host completions bash > ~/.local/share/bash-completion/completions/resizer-host")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page of all commands
    #[command(after_help = "Example: resizer-host man > resizer-host.1; man ./resizer-host.1")]
    Man,
}

/// The arguments of `explain`.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Explain {
    /// The URL, such as '/album/lake.jpg?width=400'
    pub(crate) url: String,
    /// The size of the source in pixels, such as 1600x1200, or a file with the source
    #[arg(long, value_name = "WxH|FILE", value_parser = source)]
    pub(crate) source: Option<ExplainSource>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigOption,
}

/// The source that a URL is explained for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExplainSource {
    /// Width and height in pixels.
    Size(u32, u32),
    /// A file.
    File(PathBuf),
}

/// The arguments of `purge`.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Purge {
    #[command(flatten)]
    pub(crate) target: PurgeTarget,
    /// Ask the admin listener at this address, and read no configuration [default: that of the configuration]
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "config")]
    pub(crate) admin: Option<String>,
    /// The token of the admin listener. Everybody on this machine can read it in the list of processes: prefer
    /// --token-file or $RESIZER_ADMIN_TOKEN [default: $RESIZER_ADMIN_TOKEN, or that of the configuration, unless
    /// --admin]
    #[arg(long, conflicts_with = "token_file")]
    pub(crate) token: Option<String>,
    /// The file that holds the token of the admin listener
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigOption,
}

/// The entries to purge. Exactly one field is set.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PurgeTarget {
    /// Forget one result
    #[arg(long, value_name = "PATH?QUERY")]
    pub(crate) url: Option<String>,
    /// Forget the original of one source and all its results
    #[arg(long, value_name = "PATH")]
    pub(crate) source: Option<String>,
    /// Forget the same of all sources whose path begins so
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,
    /// Forget everything
    #[arg(long)]
    pub(crate) all: bool,
}

impl Cli {
    /// The description of the command line, for completions and the manual page.
    pub(crate) fn command_line() -> clap::Command {
        <Self as clap::CommandFactory>::command()
    }

    /// The command. A configuration that it needs and does not name is that before the command (`-c FILE check`), else
    /// `default`, the value of `$RESIZER_CONFIG`, else `plugins.toml`.
    pub(crate) fn command(self, default: Option<OsString>) -> Command {
        let mut command = self.command.unwrap_or_else(|| Command::Serve(ConfigOption::default()));
        let option = match &mut command {
            Command::Serve(option) => option,
            Command::Check { config, .. } | Command::Plan(config) => {
                config.option.config = config.file.take().or(config.option.config.take());
                &mut config.option
            }
            Command::Purge(purge) => &mut purge.config,
            Command::Explain(arguments) => &mut arguments.config,
            _ => return command,
        };
        let config = option.config.take().or(self.config.config);
        option.config = config.or(default.map(PathBuf::from));
        command
    }
}

impl ConfigOption {
    /// Whether a configuration is named, so that the usual one is not meant.
    pub(crate) fn is_named(&self) -> bool {
        self.config.is_some()
    }

    pub(crate) fn path(self) -> PathBuf {
        self.config.unwrap_or_else(|| "plugins.toml".into())
    }
}

impl ConfigFile {
    pub(crate) fn path(self) -> PathBuf {
        self.option.path()
    }
}

/// Reads `1600x1200`; both sides are above 0.
fn size(text: &str) -> Result<(u32, u32), &'static str> {
    let sides = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sides
        .filter(|(width, height)| *width > 0 && *height > 0)
        .ok_or("a size is a width and a height in pixels, as in 1600x1200")
}

/// Reads a size, or takes the text for the name of a file.
fn source(text: &str) -> Result<ExplainSource, Infallible> {
    Ok(match size(text) {
        Ok((width, height)) => ExplainSource::Size(width, height),
        Err(_) => ExplainSource::File(text.into()),
    })
}

#[cfg(test)]
mod tests;
