//! Purge over the admin listener and from the command line, also of entries that an earlier process kept.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;

use super::client::{Client, Response};
use super::photographs::{lake, thumbnail};
use super::server::{End, IMAGES, Server, program, run};

/// Where a server says that its admin listener is.
fn admin(server: &Server) -> SocketAddr {
    let log = server.log();
    let (_, rest) = log.split_once("admin on http://").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

fn post(server: &Server, target: &str, headers: &[(&str, &str)]) -> Response {
    let headers = [&[("Content-Length", "0")], headers].concat();
    Client::connect(admin(server)).request("POST", target, &headers)
}

/// `resizer-host purge` in the folder of a server, with the address of its admin listener where it would be configured.
fn purge(server: &Server, arguments: &[&str]) -> End {
    let mut command = program(server.folder(), &[&["purge"], arguments].concat());
    run(command.env("RESIZER__SERVER__ADMIN_LISTEN", admin(server).to_string()))
}

/// Images that never change, as their source's settings have it, and all that is made from them kept in this folder.
fn kept_in(folder: &Path) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let (results, originals, images) = (at("results"), at("originals"), at("images"));
    format!(
        "[server]\ndrain_delay = \"0s\"\n\
         [[plugin]]\nname = \"sourcediskcache\"\nfolder = \"{originals}\"\nprefixes = [\"/\"]\nmax_size = \"100MB\"\n\
         [[plugin]]\nname = \"diskcache\"\nfolder = \"{results}\"\nmax_size = \"100MB\"\n\
         [[plugin]]\nname = \"filereader\"\nfolder = \"{images}\"\nfast = true\n"
    )
}

#[test]
fn entry_kept_by_an_earlier_process_is_purged() {
    let folder = tempfile::tempdir().unwrap();
    let image = |name: &str| folder.path().join("images").join(name);
    std::fs::create_dir_all(image("album")).unwrap();
    std::fs::write(folder.path().join("lake.jpg"), lake()).unwrap();
    let query = "width=64&height=64&mode=stretch";
    let end = run(&mut program(
        folder.path(),
        &["process", "lake.jpg", query, "square.jpg"],
    ));
    assert_eq!(end.code, 0, "{}", end.complaint);
    let square = std::fs::read(folder.path().join("square.jpg")).unwrap();
    let names = ["album/a.jpg", "album/b.jpg", "c.jpg"];
    let put = |bytes: &[u8]| names.map(|name| std::fs::write(image(name), bytes).unwrap());
    put(thumbnail());
    let configuration = kept_in(folder.path());
    let shown = |server: &Server| -> Vec<String> {
        let urls = names
            .iter()
            .flat_map(|name| [format!("/{name}?width=20"), format!("/{name}?width=40")]);
        let sizes = urls.map(|url| {
            let answer = server.get(&format!("{url}&format=png"));
            assert_eq!(answer.status, 200, "{url}");
            // Width and height of a PNG (PNG specification, 11.2.2): those of the lake are 3 to 2.
            let square = answer.body[16..20] == answer.body[20..24];
            format!(
                "{} {}",
                if square { "new" } else { "old" },
                answer.header("x-cache").unwrap()
            )
        });
        sizes.collect()
    };
    let mut server = Server::start(&configuration, &[]);
    assert_eq!(shown(&server), ["old miss"; 6]);
    server.signal(Signal::TERM);
    assert_eq!(server.exit_code(), 0);
    put(&square);

    let mut server = Server::start(&configuration, &[]);
    assert_eq!(shown(&server), ["old hit"; 6]);
    let check = |server: &Server, what: &[&str], entries: &str, expected: [&str; 6]| {
        let end = purge(server, what);
        assert_eq!(
            (end.code, end.output.as_str()),
            (0, entries),
            "{what:?}: {}",
            end.complaint
        );
        assert_eq!(shown(server), expected, "{what:?}");
    };
    let (old, new, made) = ("old hit", "new hit", "new miss");
    check(
        &server,
        &["--url", "/album/a.jpg?w=20&format=png"],
        "purged 2 entries\nsourcediskcache: 1 entry\ndiskcache: 1 entry\n",
        [made, old, old, old, old, old],
    );
    check(
        &server,
        &["--source", "/album/a.jpg"],
        "purged 3 entries\nsourcediskcache: 1 entry\ndiskcache: 2 entries\n",
        [made, made, old, old, old, old],
    );
    check(
        &server,
        &["--prefix", "/album/"],
        "purged 6 entries\nsourcediskcache: 2 entries\ndiskcache: 4 entries\n",
        [made, made, made, made, old, old],
    );
    server.signal(Signal::TERM);
    assert_eq!(server.exit_code(), 0);
    let server = Server::start(&configuration, &[]);
    assert_eq!(shown(&server), [new, new, new, new, old, old]);
    check(
        &server,
        &["--all"],
        "purged 9 entries\nsourcediskcache: 3 entries\ndiskcache: 6 entries\n",
        [made; 6],
    );
}

#[test]
fn purge_page_refuses_wrong_methods_tokens_and_queries() {
    let server = Server::start(&format!("[server]\nadmin_token = \"open sesame\"\n{IMAGES}"), &[]);
    let bearer = ("Authorization", "Bearer open sesame");
    let check = |response: Response, status: u16, words: &str| {
        let text = response.text();
        assert_eq!(response.status, status, "{text}");
        assert!(text.contains(words), "{words} in: {text}");
    };
    check(post(&server, "/purge?all=true", &[]), 401, "Bearer");
    let get = server.admin("/purge?all=true", &[bearer]);
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let from_a_page = [bearer, ("Origin", "http://elsewhere.example")];
    check(post(&server, "/purge?all=true", &from_a_page), 403, "browser");
    for target in ["/purge", "/purge?all=no", "/purge?url=/a.jpg?width=4&height=4"] {
        check(post(&server, target, &[bearer]), 400, "percent-encoded");
    }
    check(
        post(&server, "/purge?source=a.jpg", &[bearer]),
        400,
        "begin with a slash",
    );
    check(post(&server, "/purge?all=true", &[bearer]), 200, "purged 0 entries\n");
}

#[test]
fn purge_command_finds_the_server_or_names_the_fault() {
    let server = Server::start(&format!("[server]\nadmin_token = \"open sesame\"\n{IMAGES}"), &[]);
    let address = admin(&server).to_string();
    let check = |arguments: &[&str], code: i32, words: &str| {
        let end = purge(&server, arguments);
        let said = format!("{}{}", end.output, end.complaint);
        assert_eq!(end.code, code, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {words} in: {said}");
    };
    check(&["--all"], 0, "purged 0 entries\n");
    check(
        &["--all", "--admin", &address, "--token", "open sesame"],
        0,
        "purged 0 entries\n",
    );
    check(&["--all", "--admin", &address], 1, "says: This listener wants");
    // The token stands in no list of processes.
    let file = server.folder().join("token");
    std::fs::write(&file, "open sesame\n").unwrap();
    let from_file = ["--all", "--admin", &address, "--token-file", "token"];
    check(&from_file, 0, "purged 0 entries\n");
    std::fs::write(&file, "\n").unwrap();
    check(&from_file, 1, "cannot read the token from token: the file is empty");
    check(&["--all", "--token-file", "none"], 1, "cannot read the token from none");
    let from_variable =
        run(program(server.folder(), &["purge", "--all", "--admin", &address])
            .env("RESIZER_ADMIN_TOKEN", "open sesame"));
    assert_eq!(
        from_variable.output, "purged 0 entries\n",
        "{}",
        from_variable.complaint
    );
    check(&["--all", "--token", "wrong"], 1, "says: This listener wants");
    check(&["--source", "a.jpg"], 1, "begin with a slash");
    check(
        &["--all", "--admin", "127.0.0.1:1"],
        1,
        "no answer from the admin listener at 127.0.0.1:1",
    );
    check(&["--all", "-c", "none.toml"], 1, "cannot read none.toml");
    check(&[], 2, "--url <PATH?QUERY>|--source <PATH>|--prefix <PATH>|--all");
    let unsaid = run(&mut program(server.folder(), &["purge", "--all"]));
    assert_eq!(unsaid.code, 1);
    assert!(unsaid.complaint.contains("--admin"), "{}", unsaid.complaint);
}

#[test]
fn purge_answers_the_tag_that_a_cdn_has_seen() {
    let settings = "[server]\ncache_tags = [\"surrogate-key\", \"cache-tag\"]\n";
    let server = Server::start(&format!("{settings}{IMAGES}"), &[("a 1.jpg", thumbnail())]);
    let answer = server.get("/a%201.jpg?width=20");
    let tags = (answer.header("surrogate-key"), answer.header("cache-tag"));
    assert_eq!(
        (answer.status, tags),
        (200, (Some("/ /a%201.jpg"), Some("/,/a%201.jpg")))
    );
    let copy = [("If-None-Match", answer.header("etag").unwrap())];
    let current = server.request("GET", "/a%201.jpg?width=20", &copy);
    assert_eq!(
        (current.status, current.header("cache-tag")),
        (304, Some("/,/a%201.jpg"))
    );
    for (what, tag) in [
        (["--source", "/a%201.jpg"], "/a%201.jpg"),
        (["--url", "/a%201.jpg?width=20"], "/a%201.jpg"),
        (["--prefix", "/a"], "/"),
    ] {
        let end = purge(&server, &what);
        let line = format!("\nto purge at the CDN: the tag {tag}\n");
        assert!(
            end.code == 0 && format!("\n{}", end.output).contains(&line),
            "{what:?}: {end:?}"
        );
    }
    let without = Server::start(IMAGES, &[("a.jpg", thumbnail())]);
    assert_eq!(without.get("/a.jpg?width=20").header("surrogate-key"), None);
    assert_eq!(purge(&without, &["--all"]).output, "purged 0 entries\n");
}
