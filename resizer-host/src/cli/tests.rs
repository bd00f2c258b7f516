//! Command lines, and the commands or the errors that they mean.

use std::path::Path;

use clap::error::ErrorKind;

use super::*;

fn read_with(environment: Option<&str>, line: &str) -> Result<Command, clap::Error> {
    let arguments = std::iter::once("resizer-host").chain(line.split_whitespace());
    Ok(Cli::try_parse_from(arguments)?.command(environment.map(OsString::from)))
}

fn read(line: &str) -> Command {
    read_with(None, line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// The configuration that a command line names.
fn config(environment: Option<&str>, line: &str) -> PathBuf {
    match read_with(environment, line).unwrap() {
        Command::Serve(config) => config.path(),
        Command::Check { config, .. } | Command::Plan(config) => config.path(),
        Command::Purge(purge) => purge.config.path(),
        Command::Explain(arguments) => arguments.config.path(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn command_line_is_well_formed() {
    Cli::command_line().debug_assert();
}

#[test]
fn no_command_is_serve() {
    assert!(matches!(read(""), Command::Serve(_)));
    assert!(matches!(read("--config=a.toml"), Command::Serve(_)));
    assert!(matches!(read("serve"), Command::Serve(_)));
}

#[test]
fn configuration_is_the_argument_the_option_the_environment_or_the_default() {
    let check = |environment, line: &str, expected: &str| {
        assert_eq!(config(environment, line), Path::new(expected), "{line}");
    };
    for command in ["", "serve", "check", "plan", "purge --all", "explain /a.jpg"] {
        check(None, command, "plugins.toml");
        check(Some("env.toml"), command, "env.toml");
        check(Some("env.toml"), &format!("{command} -c file.toml"), "file.toml");
        check(Some("env.toml"), &format!("--config file.toml {command}"), "file.toml");
    }
    check(Some("env.toml"), "plan file.toml", "file.toml");
    check(Some("env.toml"), "check file.toml -c other.toml", "file.toml");
    check(None, "plan -- -b.toml", "-b.toml");
}

#[test]
fn arguments_of_each_command_are_read() {
    assert!(matches!(
        read("check --connect b.toml"),
        Command::Check { connect: true, .. }
    ));
    assert!(matches!(read("check"), Command::Check { connect: false, .. }));
    assert_eq!(read("plugins"), Command::Plugins);
    assert_eq!(read("docs out"), Command::Docs { folder: "out".into() });
    let layout = |source, query: Option<&str>, batch| Command::Layout {
        source,
        query: query.map(str::to_owned),
        batch,
    };
    assert_eq!(
        read("layout --source 16x9 w=4"),
        layout(Some((16, 9)), Some("w=4"), false)
    );
    assert_eq!(read("layout --batch"), layout(None, None, true));
    let process = Command::Process {
        input: "a.jpg".into(),
        query: "w=4".into(),
        output: "b.png".into(),
    };
    assert_eq!(read("process a.jpg w=4 b.png"), process);
}

#[test]
fn source_of_explain_is_a_size_or_a_file() {
    let check = |line: &str, source: Option<ExplainSource>, json: bool| match read(line) {
        Command::Explain(found) => assert_eq!((found.source, found.json), (source, json), "{line}"),
        other => panic!("{other:?}"),
    };
    check("explain /a.jpg?w=4", None, false);
    check(
        "explain /a.jpg --source 16x9 --json",
        Some(ExplainSource::Size(16, 9)),
        true,
    );
    check(
        "explain /a.jpg --source a.png",
        Some(ExplainSource::File("a.png".into())),
        false,
    );
    check(
        "explain /a.jpg --source 0x9",
        Some(ExplainSource::File("0x9".into())),
        false,
    );
}

#[test]
fn purge_has_one_target_and_an_address_or_a_configuration() {
    let purge = |line: &str| match read(line) {
        Command::Purge(purge) => purge,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        purge("purge --url /a.jpg?w=4").target.url.as_deref(),
        Some("/a.jpg?w=4")
    );
    assert_eq!(purge("purge --prefix /a/").target.prefix.as_deref(), Some("/a/"));
    assert!(purge("purge --all").target.all);
    let found = purge("purge --source=/a.jpg --admin localhost:81 --token t");
    assert_eq!(found.target.source.as_deref(), Some("/a.jpg"));
    assert_eq!(found.admin.as_deref(), Some("localhost:81"));
    assert_eq!(found.token.as_deref(), Some("t"));
}

/// Every wrong command line ends with exit code 2 and names what is wrong.
#[test]
fn wrong_arguments_are_named() {
    let check = |line: &str, kind: ErrorKind, parts: &[&str]| {
        let error = read_with(None, line).unwrap_err();
        let text = error.to_string();
        assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line}: {text}");
        for part in parts {
            assert!(text.contains(part), "{line}: {part} in:\n{text}");
        }
    };
    use ErrorKind::{ArgumentConflict, InvalidSubcommand, MissingRequiredArgument, UnknownArgument, ValueValidation};
    check("check --conect", UnknownArgument, &["--conect", "--connect"]);
    check("--verbose", UnknownArgument, &["--verbose"]);
    check("-x", UnknownArgument, &["-x"]);
    check("chekc", InvalidSubcommand, &["chekc", "'check'"]);
    check("serve --batch", UnknownArgument, &["--batch"]);
    check("serve plugins.toml", UnknownArgument, &["plugins.toml"]);
    check("serve --config", ErrorKind::InvalidValue, &["--config <FILE>"]);
    check("check --connect=yes", ErrorKind::TooManyValues, &["--connect"]);
    check("docs", MissingRequiredArgument, &["<DIR>"]);
    check(
        "purge",
        MissingRequiredArgument,
        &["--url", "--source", "--prefix", "--all"],
    );
    check("purge --all --prefix /", ArgumentConflict, &["--all", "--prefix"]);
    check("purge --url /a --url /b", ArgumentConflict, &["--url"]);
    check("purge /a.jpg --all --admin b:1", UnknownArgument, &["/a.jpg"]);
    check(
        "purge --all --admin b:1 -c a.toml",
        ArgumentConflict,
        &["--admin", "--config"],
    );
    check("check --url /a", UnknownArgument, &["--url"]);
    check("layout w=4", MissingRequiredArgument, &["--source <WxH>"]);
    check("layout --batch w=4", ArgumentConflict, &["--batch"]);
    check("layout --source 0x4 w=4", ValueValidation, &["0x4", "1600x1200"]);
    check("layout --source 4 w=4", ValueValidation, &["1600x1200"]);
    check("process a.jpg w=4", MissingRequiredArgument, &["<OUT>"]);
    check("completions tcsh", ErrorKind::InvalidValue, &["tcsh", "bash"]);
}

#[test]
fn help_lists_every_command() {
    let help = read_with(None, "--help").unwrap_err();
    assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
    let help = help.to_string();
    for command in [
        "serve",
        "check",
        "plan",
        "explain",
        "purge",
        "plugins",
        "docs",
        "layout",
        "process",
        "url",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} in:\n{help}");
        let own = read_with(None, &format!("{command} --help")).unwrap_err();
        assert_eq!((own.kind(), own.exit_code()), (ErrorKind::DisplayHelp, 0), "{command}");
    }
    assert_eq!(read_with(None, "-V").unwrap_err().kind(), ErrorKind::DisplayVersion);
}
