//! The command line: arguments in, a [`Command`] or a precise complaint out. Written by hand because there are
//! few options. What the commands do stands in `commands/` and `serve.rs`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::purge::{Ask, At};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
resizer-host: an image-resizing origin server

Usage: resizer-host [COMMAND] [OPTIONS]

Commands:
  serve                        serve images; this is also what no command at all does
  check [FILE] [--connect]     report every problem of a configuration; --connect also
                               reaches the stores and caches that it names
  plan [FILE]                  print which plugin does what, in which order
  purge --url PATH?QUERY       make the running server forget one result,
  purge --source PATH          all results and the original of one source,
  purge --prefix PATH          those of all sources whose path begins so,
  purge --all                  or everything that it keeps
  plugins                      print the plugins in this binary
  docs DIR                     write the reference pages of those plugins into a folder
  layout --source WxH QUERY    print the geometry of one image as JSON
  layout --batch               the same for JSON lines from standard input, each with
                               \"source\" and \"query\"
  process IN QUERY OUT         run the image pipeline on a file, without a server

Options:
  -c, --config FILE            the configuration [default: $RESIZER_CONFIG or plugins.toml]
      --admin HOST:PORT        for purge: the admin listener [default: the configuration's]
      --token TOKEN            for purge: its token [default: the configuration's, unless --admin]
  -h, --help                   print this
  -V, --version                print the version
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Serve {
        config: PathBuf,
    },
    Check {
        config: PathBuf,
        connect: bool,
    },
    Plan {
        config: PathBuf,
    },
    Purge(Ask),
    Plugins,
    Docs {
        folder: PathBuf,
    },
    Layout {
        source: (u32, u32),
        query: String,
    },
    LayoutBatch,
    Process {
        input: PathBuf,
        query: String,
        output: PathBuf,
    },
    Help,
    Version,
}

/// Why the arguments make no command.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("unknown option `{0}`{1}")]
    UnknownOption(String, Hint),
    #[error("unknown command `{0}`{1}")]
    UnknownCommand(String, Hint),
    #[error("option `{option}` does not go with `{command}`")]
    StrayOption {
        option: &'static str,
        command: &'static str,
    },
    #[error("option `{0}` takes a value")]
    NoValue(&'static str),
    #[error("option `{0}` takes no value")]
    Value(&'static str),
    #[error("`{command}` also takes {missing}")]
    Missing {
        command: &'static str,
        missing: &'static str,
    },
    #[error("`{command}` does not know what to do with `{argument}`")]
    Surplus { command: &'static str, argument: String },
    #[error("one purge takes one of --url, --source, --prefix and --all")]
    ManyPurges,
    #[error("`{0}` is not a size such as 1600x1200")]
    NoSize(String),
    #[error("`{0}` is not valid UTF-8")]
    NoText(String),
}

/// The nearest thing that would have been right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint(Option<&'static str>);

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => f.write_str("; see `resizer-host --help`"),
        }
    }
}

impl Hint {
    /// Most letters that may be wrong: with more, a guess amuses rather than helps.
    const SLIPS: usize = 2;

    fn nearest(text: &str, valid: &[&'static str]) -> Self {
        let slips = |word: &&str| strsim::damerau_levenshtein(text, word);
        Self(
            valid
                .iter()
                .copied()
                .filter(|word| slips(word) <= Self::SLIPS)
                .min_by_key(slips),
        )
    }
}

const COMMANDS: &[&str] = &[
    "serve", "check", "plan", "purge", "plugins", "docs", "layout", "process",
];
/// Long name, short name, whether it takes a value.
const OPTIONS: &[(&str, &str, bool)] = &[
    ("--config", "-c", true),
    ("--connect", "", false),
    ("--source", "", true),
    ("--batch", "", false),
    ("--url", "", true),
    ("--prefix", "", true),
    ("--all", "", false),
    ("--admin", "", true),
    ("--token", "", true),
    ("--help", "-h", false),
    ("--version", "-V", false),
];

/// Reads the arguments, without the program's own name. `default_config` is what `$RESIZER_CONFIG` holds.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    default_config: Option<OsString>,
) -> Result<Command, UsageError> {
    let mut words = Words::read(arguments)?;
    if words.option("--help").is_some() {
        return Ok(Command::Help);
    }
    if words.option("--version").is_some() {
        return Ok(Command::Version);
    }
    let name = match words.next() {
        None => "serve",
        Some(word) => {
            let word = text(word)?;
            let known = COMMANDS.iter().find(|command| **command == word);
            known.ok_or_else(|| UsageError::UnknownCommand(word.clone(), Hint::nearest(&word, COMMANDS)))?
        }
    };
    words.command = name;
    let command = match name {
        "check" => Command::Check {
            connect: words.option("--connect").is_some(),
            config: words.config(default_config),
        },
        "plan" => Command::Plan {
            config: words.config(default_config),
        },
        "purge" => Command::Purge(Ask {
            what: words.purged()?,
            at: match (words.option("--admin"), words.option("--token")) {
                (Some(address), token) => At::Address(text(address)?, token.map(text).transpose()?),
                (None, token) => At::Configured(words.config(default_config), token.map(text).transpose()?),
            },
        }),
        "plugins" => Command::Plugins,
        "docs" => Command::Docs {
            folder: words.need("the folder to write into")?.into(),
        },
        "layout" if words.option("--batch").is_some() => Command::LayoutBatch,
        "layout" => Command::Layout {
            source: size(words.option("--source").ok_or(words.missing("--source WIDTHxHEIGHT"))?)?,
            query: text(words.need("a query such as 'width=400&mode=crop'")?)?,
        },
        "process" => Command::Process {
            input: words.need("IN, the image to read")?.into(),
            query: text(words.need("a query such as 'width=400&mode=crop'")?)?,
            output: words.need("OUT, the file to write")?.into(),
        },
        _ => {
            let config = words.option("--config").or(default_config);
            Command::Serve {
                config: config.unwrap_or_else(|| "plugins.toml".into()).into(),
            }
        }
    };
    words.finish()?;
    Ok(command)
}

/// The arguments, taken apart into options and the rest; each is taken out as it is understood.
struct Words {
    command: &'static str,
    options: Vec<(&'static str, OsString)>,
    rest: std::collections::VecDeque<OsString>,
}

impl Words {
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut words = Self {
            command: "serve",
            options: Vec::new(),
            rest: Default::default(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let Some(word) = argument.to_str().filter(|word| word.len() > 1 && word.starts_with('-')) else {
                words.rest.push_back(argument);
                continue;
            };
            if word == "--" {
                words.rest.extend(arguments);
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(OsString::from(value))),
                None => (word, None),
            };
            let Some((name, _, takes_value)) = OPTIONS.iter().find(|option| option.0 == name || option.1 == name)
            else {
                let long: Vec<&str> = OPTIONS.iter().map(|option| option.0).collect();
                return Err(UsageError::UnknownOption(name.to_owned(), Hint::nearest(name, &long)));
            };
            let value = match (takes_value, value) {
                (true, Some(value)) => value,
                (true, None) => arguments.next().ok_or(UsageError::NoValue(name))?,
                (false, None) => OsString::new(),
                (false, Some(_)) => return Err(UsageError::Value(name)),
            };
            words.options.push((name, value));
        }
        Ok(words)
    }

    fn next(&mut self) -> Option<OsString> {
        self.rest.pop_front()
    }

    fn need(&mut self, missing: &'static str) -> Result<OsString, UsageError> {
        self.next().ok_or(self.missing(missing))
    }

    fn missing(&self, missing: &'static str) -> UsageError {
        UsageError::Missing {
            command: self.command,
            missing,
        }
    }

    fn option(&mut self, name: &str) -> Option<OsString> {
        let at = self.options.iter().position(|option| option.0 == name)?;
        Some(self.options.remove(at).1)
    }

    /// The configuration to look at: the argument, or what `serve` would take.
    fn config(&mut self, default: Option<OsString>) -> PathBuf {
        let option = self.option("--config");
        self.next()
            .or(option)
            .or(default)
            .unwrap_or_else(|| "plugins.toml".into())
            .into()
    }

    /// What a purge is of, as the admin listener calls it.
    fn purged(&mut self) -> Result<(&'static str, String), UsageError> {
        let mut given = Vec::new();
        for (option, name) in [("--url", "url"), ("--source", "source"), ("--prefix", "prefix")] {
            while let Some(value) = self.option(option) {
                given.push((name, text(value)?));
            }
        }
        if self.option("--all").is_some() {
            given.push(("all", "true".to_owned()));
        }
        match (given.pop(), given.pop()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(self.missing("--url, --source, --prefix or --all")),
            (Some(_), Some(_)) => Err(UsageError::ManyPurges),
        }
    }

    /// Complains about whatever nobody took.
    fn finish(self) -> Result<(), UsageError> {
        let command = self.command;
        if let Some((option, _)) = self.options.first() {
            return Err(UsageError::StrayOption { option, command });
        }
        match self.rest.front() {
            Some(argument) => Err(UsageError::Surplus {
                command,
                argument: argument.to_string_lossy().into_owned(),
            }),
            None => Ok(()),
        }
    }
}

fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string()
        .map_err(|word| UsageError::NoText(word.to_string_lossy().into_owned()))
}

/// `1600x1200`; neither side may be nothing.
fn size(word: OsString) -> Result<(u32, u32), UsageError> {
    let word = text(word)?;
    let sides = word
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sides
        .filter(|(width, height)| *width > 0 && *height > 0)
        .ok_or(UsageError::NoSize(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, UsageError> {
        parse(line.split_whitespace().map(OsString::from), None)
    }

    #[test]
    fn commands() {
        let check = |line: &str, expected: Command| assert_eq!(read(line), Ok(expected), "{line}");
        let config = || PathBuf::from("plugins.toml");
        check("", Command::Serve { config: config() });
        check(
            "serve -c a.toml",
            Command::Serve {
                config: "a.toml".into(),
            },
        );
        check(
            "--config=a.toml",
            Command::Serve {
                config: "a.toml".into(),
            },
        );
        check(
            "check",
            Command::Check {
                config: config(),
                connect: false,
            },
        );
        check(
            "--connect check b.toml",
            Command::Check {
                config: "b.toml".into(),
                connect: true,
            },
        );
        check(
            "plan -- -b.toml",
            Command::Plan {
                config: "-b.toml".into(),
            },
        );
        check("plugins", Command::Plugins);
        check(
            "purge --url /a.jpg?w=4",
            Command::Purge(Ask {
                what: ("url", "/a.jpg?w=4".to_owned()),
                at: At::Configured(config(), None),
            }),
        );
        check(
            "purge --all --token t -c b.toml",
            Command::Purge(Ask {
                what: ("all", "true".to_owned()),
                at: At::Configured("b.toml".into(), Some("t".to_owned())),
            }),
        );
        check(
            "purge --source=/a.jpg --admin localhost:81 --token t",
            Command::Purge(Ask {
                what: ("source", "/a.jpg".to_owned()),
                at: At::Address("localhost:81".to_owned(), Some("t".to_owned())),
            }),
        );
        check("docs out", Command::Docs { folder: "out".into() });
        check(
            "layout --source 16x9 w=4",
            Command::Layout {
                source: (16, 9),
                query: "w=4".into(),
            },
        );
        check("layout --batch", Command::LayoutBatch);
        check(
            "process a.jpg w=4 b.png",
            Command::Process {
                input: "a.jpg".into(),
                query: "w=4".into(),
                output: "b.png".into(),
            },
        );
        check("serve --help", Command::Help);
        check("-V", Command::Version);
    }

    #[test]
    fn the_environment_names_the_configuration_unless_the_arguments_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(OsString::from), Some("env.toml".into()));
        assert_eq!(
            parse(""),
            Ok(Command::Serve {
                config: "env.toml".into()
            })
        );
        assert_eq!(
            parse("plan"),
            Ok(Command::Plan {
                config: "env.toml".into()
            })
        );
        assert_eq!(
            parse("plan file.toml"),
            Ok(Command::Plan {
                config: "file.toml".into()
            })
        );
        assert_eq!(
            parse("-c file.toml"),
            Ok(Command::Serve {
                config: "file.toml".into()
            })
        );
    }

    #[test]
    fn complaints() {
        let check = |line: &str, expected: &str| assert_eq!(read(line).unwrap_err().to_string(), expected, "{line}");
        check("--conect check", "unknown option `--conect`; did you mean `--connect`?");
        check("--verbose", "unknown option `--verbose`; see `resizer-host --help`");
        check("-x", "unknown option `-x`; see `resizer-host --help`");
        check("chekc", "unknown command `chekc`; did you mean `check`?");
        check("serve --batch", "option `--batch` does not go with `serve`");
        check(
            "serve plugins.toml",
            "`serve` does not know what to do with `plugins.toml`",
        );
        check("serve --config", "option `--config` takes a value");
        check("check --connect=yes", "option `--connect` takes no value");
        check("docs", "`docs` also takes the folder to write into");
        check("purge", "`purge` also takes --url, --source, --prefix or --all");
        check(
            "purge --all --prefix /",
            "one purge takes one of --url, --source, --prefix and --all",
        );
        check(
            "purge /a.jpg --all --admin b:1",
            "`purge` does not know what to do with `/a.jpg`",
        );
        check("check --url /a", "option `--url` does not go with `check`");
        check("layout w=4", "`layout` also takes --source WIDTHxHEIGHT");
        check("layout --source 0x4 w=4", "`0x4` is not a size such as 1600x1200");
        check("layout --source 4 w=4", "`4` is not a size such as 1600x1200");
        check("process a.jpg w=4", "`process` also takes OUT, the file to write");
    }
}
