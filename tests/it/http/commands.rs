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
         sourcediskcache\nsourcememcache\nsqlreader\nwatermark\n"
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
fn explain_tells_mistakes_layout_format_and_headers() {
    let configuration = format!(
        "[server]\ndefault_commands = \"mode=max\"\n{IMAGES}[[plugin]]\nname = \"clientcache\"\nminutes = 10\n"
    );
    let folder = folder(&configuration, &[("a.jpg", lake())]);
    let explain = |arguments: &[&str]| {
        let end = run(&mut program(folder.path(), &[&["explain"], arguments].concat()));
        assert_eq!(end.code, 0, "{arguments:?}: {}", end.complaint);
        end.output
    };
    let check = |arguments: &[&str], expected: &[&str]| {
        // Columns are as wide as their longest name.
        let mut output = explain(arguments);
        while output.contains("  ") {
            output = output.replace("  ", " ");
        }
        for part in expected {
            assert!(
                output.contains(part),
                "{part:?} in the output of {arguments:?}:\n{output}"
            );
        }
    };
    // 1600x1200 in a box of 400x400 is 400x300; a half and a quarter of the width leave the scaler a part of the work.
    check(
        &["/a.jpg?width=400&heigth=9&height=400", "--source", "1600x1200"],
        &[
            "query width=400&heigth=9&height=400&mode=max\n",
            "`heigth` is no known key; did you mean `height`?",
            "filereader at /",
            "JPEG: the format of the source, by its name's extension `jpg`",
            "JPEG 1600x1200, assumed from its size",
            "scaled 400x300, pad [0, 0, 0, 0], result 400x300",
            "at 1/2 of its width and height",
            "clientcache: header cache-control: ",
            "header content-type: image/jpeg",
        ],
    );
    let photograph = folder.path().join("images/a.jpg");
    check(
        &[
            "https://example.org/a.jpg?format=webp&width=240px&w=240",
            "--source",
            photograph.to_str().unwrap(),
        ],
        &[
            "did you mean `240`?",
            "WebP: the query names it",
            "JPEG 2400x1600\n",
            "result 240x160",
            "at 1/8 of its width and height",
            "needs the version of the source",
        ],
    );
    check(&["/a.jpg"], &["processed no", "query mode=max"]);
    check(&["/a.txt?width=4"], &["ends here answers with 404"]);
    check(
        &["/a.jpg?width=40000&scale=both", "--source", "10x10"],
        &["refused the requested image has 40000 pixels on its longest side"],
    );
    let json: serde_json::Value =
        serde_json::from_str(&explain(&["/a.jpg?mode=corp&width=5", "--source", "10x5", "--json"])).unwrap();
    assert_eq!(json["ignored"][0]["key"], "mode");
    assert_eq!(json["ignored"][0]["nearest"], "crop");
    assert_eq!(json["picture"]["output"], serde_json::json!([5, 3]));
    assert_eq!(json["format"]["name"], "JPEG");
    assert_eq!(json["processed"], true);
}

#[test]
fn explain_needs_no_configuration_and_reports_a_wrong_url() {
    let folder = tempfile::tempdir().unwrap();
    let explain = |arguments: &[&str]| run(&mut program(folder.path(), &[&["explain"], arguments].concat()));
    let end = explain(&["/a.png?srcset=100w,webp-70", "--source", "300x200"]);
    assert_eq!(end.code, 0, "{}", end.complaint);
    for part in ["none is mounted", "WebP: the query names it", "result 100x67"] {
        assert!(end.output.contains(part), "{part} in:\n{}", end.output);
    }
    let check = |arguments: &[&str], complaint: &str| {
        let end = explain(arguments);
        assert_eq!(end.code, 1, "{arguments:?}");
        assert!(end.complaint.contains(complaint), "{complaint} in:\n{}", end.complaint);
    };
    check(&["a.jpg?width=4"], "a URL begins with a path");
    check(&["/a.jpg", "--source", "none.jpg"], "none.jpg: No such file");
    check(&["/a.jpg", "--config", "none.toml"], "cannot read none.toml");
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
        "explain",
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
