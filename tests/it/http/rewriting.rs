//! Plugins that rewrite, limit or deny requests: rules, presets, default scales, sizes in the path, limits of sizes,
//! access control, substitutes. Each test would fail without its plugin.

use super::photographs::thumbnail;
use super::server::{IMAGES, Server, folder, program, run};

/// A server with one photograph of 300 x 200 at `/a.jpg`, and these entries before its source.
fn server(entries: &str) -> Server {
    Server::start(&format!("{entries}\n{IMAGES}"), &[("a.jpg", thumbnail())])
}

/// Status, width and height.
fn answer(server: &Server, target: &str) -> (u16, u16, u16) {
    let response = server.get(target);
    let (width, height) = if response.status == 200 {
        response.jpeg_size()
    } else {
        (0, 0)
    };
    (response.status, width, height)
}

#[test]
fn rule_changes_path_and_query_redirects_and_refuses() {
    let rules = r#"
        [[plugin]]
        name = "rewrite"
        [[plugin.rules]]
        glob = "/photos/*-w*"
        path = "/{1}.jpg"
        set = "width={2}"
        [[plugin.rules]]
        query = "size"
        rename = { size = "width" }
        [[plugin.rules]]
        prefix = "/old/"
        redirect = "/{rest}"
        redirect_status = 301
        [[plugin.rules]]
        prefix = "/drafts/"
        refuse = 410
        [[plugin.rules]]
        prefix = "/all/"
        path = "/{rest}"
    "#;
    let server = server(rules);
    assert_eq!(answer(&server, "/photos/a-w60"), (200, 60, 40));
    assert_eq!(answer(&server, "/photos/a-w60?width=30"), (200, 60, 40));
    assert_eq!(answer(&server, "/a.jpg?size=30"), (200, 30, 20));
    assert_eq!(answer(&server, "/all/b%2f%2e%2e%2fa.jpg?width=30").0, 400);
    assert_eq!(answer(&server, "/drafts/a.jpg?width=30").0, 410);
    let moved = server.get("/old/a.jpg?width=30");
    assert_eq!((moved.status, moved.header("location")), (301, Some("/a.jpg?width=30")));
}

#[test]
fn preset_stands_for_its_commands() {
    let presets = r#"
        [[plugin]]
        name = "presets"
        [plugin.presets.thumb]
        settings = "width=60"
        [plugin.presets.small]
        defaults = "width=90"
    "#;
    let images = server(presets);
    assert_eq!(answer(&images, "/a.jpg?preset=thumb"), (200, 60, 40));
    assert_eq!(answer(&images, "/a.jpg?w=120&preset=Thumb"), (200, 60, 40));
    assert_eq!(answer(&images, "/a.jpg?w=120&preset=small"), (200, 120, 80));
    assert_eq!(answer(&images, "/a.jpg?preset=small,thumb"), (200, 60, 40));
    assert_eq!(answer(&images, "/a.jpg?preset=nothing").0, 400);
    // The preset's name is no part of the result's name.
    let etag = |target: &str| images.get(target).header("etag").map(str::to_owned);
    assert_eq!(etag("/a.jpg?preset=thumb"), etag("/a.jpg?width=60"));

    let only = presets.replace("name = \"presets\"", "name = \"presets\"\npresets_only = true");
    let images = server(&only);
    assert_eq!(answer(&images, "/a.jpg?preset=small&width=300&w=300"), (200, 90, 60));
}

/// Whatever the order of the entries, and wherever the client writes its commands.
#[test]
fn presets_only_leaves_the_commands_of_rules() {
    let presets = "[[plugin]]\nname = \"presets\"\npresets_only = true\n";
    let rules = r#"
        [[plugin]]
        name = "rewrite"
        [[plugin.rules]]
        prefix = "/thumbs/"
        path = "/{rest}"
        set = "width=60"
        [[plugin.rules]]
        prefix = "/"
        default = "maxheight=90"
    "#;
    let cloudfront = "[[plugin]]\nname = \"cloudfront\"\n";
    for entries in [
        [cloudfront, presets, rules].concat(),
        [rules, cloudfront, presets].concat(),
    ] {
        let images = server(&entries);
        assert_eq!(answer(&images, "/thumbs/a.jpg"), (200, 60, 40));
        assert_eq!(answer(&images, "/thumbs/a.jpg?width=120&height=9"), (200, 60, 40));
        assert_eq!(answer(&images, "/a.jpg?maxheight=150"), (200, 135, 90));
        assert_eq!(answer(&images, "/a.jpg;maxheight=150"), (200, 135, 90));
    }
}

#[test]
fn default_scale_enlarges_where_the_url_does_not_say() {
    let settings = "[[plugin]]\nname = \"defaultsettings\"\nexplicit_size_scale_mode = \"both\"\n";
    let server = server(settings);
    assert_eq!(answer(&server, "/a.jpg?width=600"), (200, 600, 400));
    assert_eq!(answer(&server, "/a.jpg?width=600&scale=down"), (200, 300, 200));
    assert_eq!(answer(&server, "/a.jpg?maxwidth=600"), (200, 300, 200));
}

#[test]
fn sizes_in_the_path_are_those_of_the_result() {
    let server = server("[[plugin]]\nname = \"folderresizesyntax\"\n");
    assert_eq!(answer(&server, "/resize(60,60)/a.jpg"), (200, 60, 40));
    assert_eq!(answer(&server, "/resize(60,0)/a.jpg?maxwidth=30"), (200, 30, 20));
    let png = server.get("/resize(60,60,png)/a.jpg");
    assert_eq!(png.header("content-type"), Some("image/png"));
    assert_eq!(answer(&server, "/resize(wide,60)/a.jpg").0, 404);
}

#[test]
fn image_is_shrunk_to_its_limit_and_total_is_refused() {
    let limits = "[[plugin]]\nname = \"sizelimiting\"\nimage_width = 90\ntotal_width = 100\n";
    let images = server(limits);
    assert_eq!(answer(&images, "/a.jpg?width=60"), (200, 60, 40));
    assert_eq!(answer(&images, "/a.jpg?width=200"), (200, 90, 60));
    assert_eq!(answer(&images, "/a.jpg?quality=50"), (200, 90, 60));
    assert_eq!(answer(&images, "/a.jpg?zoom=4&scale=both"), (200, 90, 60));
    assert_eq!(answer(&images, "/a.jpg?width=200&borderwidth=5"), (200, 100, 70));
    let refused = images.get("/a.jpg?width=200&borderwidth=6");
    let words = String::from_utf8_lossy(&refused.body).into_owned();
    assert_eq!(refused.status, 422);
    assert!(
        words.contains("102 pixels across") && words.contains("total_width"),
        "{words}"
    );
    // Without commands nothing is decoded.
    assert_eq!(answer(&images, "/a.jpg"), (200, 300, 200));

    let images = server(&format!("{limits}total_behavior = \"ignore\"\n"));
    assert_eq!(answer(&images, "/a.jpg?width=200&borderwidth=6"), (200, 102, 72));
    // Limits hold for a substitute, too.
    let fallback = "[[plugin]]\nname = \"image404\"\n[[plugin.rules]]\nprefix = \"/\"\nimage = \"/a.jpg\"\n";
    let images = server(&format!("{limits}{fallback}"));
    assert_eq!(images.get("/none.jpg?width=200").jpeg_size(), (90, 60));
}

#[test]
fn explain_tells_the_change_of_each_plugin() {
    let entries = r#"
        [[plugin]]
        name = "rewrite"
        [[plugin.rules]]
        prefix = "/photos/"
        path = "/{rest}"
        set = "width=200"
        [[plugin]]
        name = "sizelimiting"
        image_width = 90
    "#;
    let folder = folder(&format!("{entries}\n{IMAGES}"), &[]);
    let arguments = ["explain", "/photos/a.jpg?w=7", "--source", "300x200"];
    let end = run(&mut program(folder.path(), &arguments));
    for part in [
        "path /photos/a.jpg becomes /a.jpg",
        "width=200 is added",
        "w=7 is removed",
        "the size is limited: image 90 x any, total 3200 x 3200",
        "result 90x60",
    ] {
        assert!(end.output.contains(part), "{part} in:\n{}", end.output);
    }
}

#[test]
fn virtual_folder_is_served_beside_the_other() {
    let folder = folder("", &[("a.jpg", thumbnail())]);
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    std::fs::write(folder.path().join("elsewhere/b.jpg"), thumbnail()).unwrap();
    let entry = "[[plugin]]\nname = \"virtualfolder\"\nprefix = \"/archive/\"\nfolder = \"elsewhere\"\n";
    std::fs::write(folder.path().join("plugins.toml"), format!("{entry}{IMAGES}")).unwrap();
    let server = Server::start_in(folder);
    assert_eq!(answer(&server, "/archive/b.jpg?width=60"), (200, 60, 40));
    assert_eq!(answer(&server, "/a.jpg?width=60"), (200, 60, 40));
    assert_eq!(answer(&server, "/archive/a.jpg?width=60").0, 404);
    assert_eq!(answer(&server, "/b.jpg?width=60").0, 404);
}

#[test]
fn image_is_denied_to_a_client_without_its_secret() {
    let rules = r#"
        [[plugin]]
        name = "accesscontrol"
        [[plugin.rules]]
        prefix = "/"
        header = "X-Origin-Key"
        secrets = ["hunter2"]
    "#;
    let server = server(rules);
    let ask = |headers: &[(&str, &str)]| server.request("GET", "/a.jpg?width=60", headers);
    let denied = ask(&[("X-Origin-Key", "hunter")]);
    assert_eq!(denied.status, 403);
    assert!(!String::from_utf8_lossy(&denied.body).contains("Key"), "no hint");
    let allowed = ask(&[("X-Origin-Key", "hunter2")]);
    assert_eq!((allowed.status, allowed.jpeg_size()), (200, (60, 40)));
    // A cache holds it now, and it is denied as before.
    assert_eq!(ask(&[]).status, 403);
}

#[test]
fn missing_image_has_a_substitute_of_the_asked_size() {
    let settings = r#"
        [[plugin]]
        name = "image404"
        images = { nobody = "/a.jpg" }
        [[plugin.rules]]
        prefix = "/p/"
        image = "/a.jpg"
        [[plugin]]
        name = "clientcache"
        minutes = 60
    "#;
    let images = server(settings);
    let missing = images.get("/p/none.jpg?width=60");
    assert_eq!((missing.status, missing.jpeg_size()), (404, (60, 40)));
    assert_eq!(missing.header("cache-control"), Some("max-age=60"));
    assert_eq!(missing.header("etag"), None, "a 404 is never revalidated as the image");
    assert_eq!(
        images.get("/none.jpg?width=60&crop=1,1,9,9&404=nobody").body,
        missing.body
    );
    assert_eq!(answer(&images, "/none.jpg?width=60").0, 404);
    assert_eq!(answer(&images, "/a.jpg?width=60&404=nobody"), (200, 60, 40));

    let images = server(&settings.replace("name = \"image404\"", "name = \"image404\"\nstatus = 200"));
    let missing = images.get("/p/none.jpg?width=60");
    assert_eq!((missing.status, missing.jpeg_size()), (200, (60, 40)));
    assert!(missing.header("etag").is_some());
}

#[test]
fn broken_image_has_a_substitute_where_a_setting_says_so() {
    let settings = r#"
        [[plugin]]
        name = "image404"
        broken = true
        [[plugin.rules]]
        prefix = "/"
        image = "/a.jpg"
    "#;
    let cut = &thumbnail()[..thumbnail().len() / 2];
    let files: &[(&str, &[u8])] = &[("a.jpg", thumbnail()), ("cut.jpg", cut), ("text.jpg", b"no image")];
    let images = Server::start(&format!("{settings}\n{IMAGES}"), files);
    for (target, status) in [("/cut.jpg?width=60", 422), ("/text.jpg?width=60", 415)] {
        // The second is answered out of the memory of failures.
        for _ in 0..2 {
            let broken = images.get(target);
            assert_eq!((broken.status, broken.jpeg_size()), (status, (60, 40)), "{target}");
            assert_eq!(broken.header("cache-control"), Some("max-age=60"));
        }
    }
    // The error is told, and no picture of it, where the substitute is the broken one.
    let images = Server::start(&format!("{}\n{IMAGES}", settings.replace("/a.jpg", "/cut.jpg")), files);
    let refused = images.get("/cut.jpg?width=60");
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (422, images.get("/none.txt").header("content-type"))
    );

    let told = Server::start(&format!("{}\n{IMAGES}", settings.replace("broken = true", "")), files);
    assert_ne!(told.get("/cut.jpg?width=60").header("content-type"), Some("image/jpeg"));
}

#[test]
fn substitute_that_the_client_may_not_have_is_denied() {
    let settings = r#"
        [[plugin]]
        name = "image404"
        [[plugin]]
        name = "accesscontrol"
        [[plugin.rules]]
        prefix = "/"
        secrets = ["hunter2"]
        [[plugin.rules]]
        prefix = "/open/"
    "#;
    let server = server(settings);
    assert_eq!(server.get("/open/none.jpg?width=60").status, 404);
    assert_eq!(server.get("/open/none.jpg?width=60&404=/a.jpg").status, 403);
}
