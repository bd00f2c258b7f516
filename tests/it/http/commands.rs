//! Commands other than `serve`: their output, their exit codes, the files that they write.

use std::io::Write as _;
use std::process::Stdio;

use super::photographs::lake;
use super::server::{End, IMAGES, folder, program, run};

/// Runs a command in a folder with a configuration and one image.
fn command(configuration: &str, arguments: &[&str]) -> End {
    let folder = folder(configuration, &[("a.jpg", lake())]);
    run(&mut program(folder.path(), arguments))
}

#[test]
fn check_of_a_wrong_configuration_exits_with_1_and_names_the_line() {
    let end = command(IMAGES, &["check"]);
    assert_eq!(
        (end.code, end.output.as_str()),
        (0, "plugins.toml: no problems, 1 plugin\n"),
        "{}",
        end.complaint
    );
    let end = command(&IMAGES.replace("folder", "foldre"), &["check", "plugins.toml"]);
    assert_eq!(end.code, 1);
    assert!(end.complaint.contains("plugins.toml:3:1"), "{}", end.complaint);
    // A folder that is not there is found by looking, which only `--connect` does.
    let nowhere = IMAGES.replace("images", "nowhere");
    assert_eq!(command(&nowhere, &["check"]).code, 0);
    let end = command(&nowhere, &["check", "--connect"]);
    assert_eq!(end.code, 1);
    assert!(end.complaint.contains("plugins.toml:3"), "{}", end.complaint);
    assert_eq!(command(IMAGES, &["check", "--connect"]).code, 0);
}

#[test]
fn plugins_and_plan_list_plugins() {
    assert_eq!(
        command("", &["plugins"]).output,
        "accesscontrol\nazurereader\nclientcache\ncloudfront\ndefaultsettings\ndiskcache\nfilereader\n\
         folderresizesyntax\nimage404\nmemcache\nmongoreader\npresets\nremotereader\nrewrite\ns3reader\n\
         sourcediskcache\nsourcememcache\nsqlreader\n"
    );
    let plan = command(IMAGES, &["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.complaint);
    assert!(plan.output.contains("filereader at /"), "{}", plan.output);
}

#[test]
fn docs_command_writes_a_page_for_each_plugin() {
    let folder = folder("", &[]);
    let end = run(&mut program(folder.path(), &["docs", "out"]));
    assert_eq!(end.code, 0, "{}", end.complaint);
    for page in [
        "server.md",
        "querystring.md",
        "plugins.schema.json",
        "plugins/clientcache.md",
        "plugins/cloudfront.md",
        "plugins/filereader.md",
        "plugins/memcache.md",
    ] {
        assert!(folder.path().join("out").join(page).is_file(), "{page}");
    }
}

#[test]
fn layout_batch_answers_each_line_with_one_line() {
    let folder = folder("", &[]);
    let mut child = program(folder.path(), &["layout", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // 1000x500 is halved to 500x250; 300x300 as a box of mode max holds 300x150 of it.
    let cases = "{\"source\":[1000,500],\"query\":\"width=500\",\"note\":\"ignored\"}\nnonsense\n\
                 {\"source\":[1000,500],\"query\":\"w=300&h=300&mode=max\"}\n";
    child.stdin.take().unwrap().write_all(cases.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "one of the lines was no case");
    let output = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 3, "{output}");
    let line = r#"{"source":[1000,500],"crop":null,"scaled":[500,250],"pad":[0,0,0,0],"output":[500,250]}"#;
    assert_eq!(lines[0], line);
    assert!(lines[1].starts_with("{\"error\":"), "{output}");
    assert!(lines[2].ends_with("\"output\":[300,150]}"), "{output}");
}

#[test]
fn process_writes_the_result_or_names_the_fault() {
    let folder = folder("", &[("a.jpg", lake()), ("b.jpg", b"no image")]);
    let process = |arguments: [&str; 3]| run(&mut program(folder.path(), &[&["process"], &arguments[..]].concat()));
    let end = process(["images/a.jpg", "width=240&widht=9", "a.png"]);
    assert_eq!(end.code, 0, "{}", end.complaint);
    assert!(
        end.output.contains("JPEG 2400x1600") && end.output.contains("PNG 240x160"),
        "{}",
        end.output
    );
    assert!(end.output.contains("did you mean `width`?"), "{}", end.output);
    // The PNG signature, and the width and height of its first chunk (PNG specification, 5.2 and 11.2.2).
    let png = std::fs::read(folder.path().join("a.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&png[16..24], [0, 0, 0, 240, 0, 0, 0, 160]);

    let check = |arguments: [&str; 3], complaint: &str| {
        let end = process(arguments);
        assert_eq!(end.code, 1);
        assert!(end.complaint.contains(complaint), "{complaint} in:\n{}", end.complaint);
    };
    check(["images/none.jpg", "width=9", "o.jpg"], "images/none.jpg: No such file");
    check(["images/b.jpg", "width=9", "o.jpg"], "images/b.jpg: ");
    check(
        ["images/a.jpg", "width=9", "o.xyz"],
        "o.xyz: its extension names no format",
    );
}

#[test]
fn unknown_option_exits_with_2_and_names_the_nearest() {
    let end = command("", &["check", "--conect"]);
    assert_eq!(end.code, 2);
    assert!(
        end.complaint.contains("'--conect'") && end.complaint.contains("'--connect'"),
        "{}",
        end.complaint
    );
    assert_eq!(end.output, "");
}

#[test]
fn help_and_version_exit_with_0() {
    let help = command("", &["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.output.contains("Usage: "), "{}", help.output);
    assert!(command("", &["--version"]).output.starts_with("resizer-host "));
}

#[test]
fn completions_and_manual_page_name_every_command() {
    let bash = command("", &["completions", "bash"]);
    let manual = command("", &["man"]);
    assert_eq!((bash.code, manual.code), (0, 0));
    for name in [
        "serve",
        "check",
        "plan",
        "purge",
        "plugins",
        "docs",
        "layout",
        "process",
        "completions",
        "man",
    ] {
        assert!(bash.output.contains(name), "{name} in:\n{}", bash.output);
        let section = format!(".SH COMMAND {}\n", name.to_uppercase());
        assert!(manual.output.contains(&section), "{name} in:\n{}", manual.output);
    }
}
