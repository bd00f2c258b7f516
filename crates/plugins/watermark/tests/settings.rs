//! Tests of the watermark plugin's settings: the overlays that a query asks for, and what is wrong in `plugins.toml`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::{HookTable, IgnoredByPlugins, Overlays};
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::{OverlayContent, Query, RequestHead, RewriteEvent};
use resizer_watermark::Watermark;

const SETTINGS: &str = r##"
    groups = { Both = ["logo", "NAME"] }
    [layers.logo]
    image = "~/marks/logo.png"
    query = "?s.alpha=0.5"
    right = 20
    bottom = "5%"
    width = "20%"
    align = "bottomright"
    [layers.name]
    text = "© #{who}"
    min_canvas_width = 100
    [other_images]
    image = "/watermarks/"
"##;

/// The overlays of a query as short texts, and the names that are ignored.
fn asked(table: &HookTable, query: &str) -> (Vec<String>, Vec<String>) {
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = ("/a.jpg".to_owned(), Query::parse(query));
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_post_rewrite[0].value)(&mut event).unwrap();
    let overlays = state.remove::<Overlays>().unwrap_or_default().0;
    let overlays = overlays.into_iter().map(|overlay| match overlay.content {
        OverlayContent::Image { path, instructions } => {
            let optional = if overlay.optional { " optional" } else { "" };
            format!("{path}?{} {}{optional}", instructions.canonical(), overlay.placement)
        }
        OverlayContent::Drawing(drawing) => format!("{} {}", drawing.name().contains("© Ann"), overlay.placement),
        other => panic!("{other:?}"),
    });
    let ignored = state.remove::<IgnoredByPlugins>().unwrap_or_default().0;
    (
        overlays.collect(),
        ignored.into_iter().map(|ignored| ignored.value).collect(),
    )
}

#[test]
fn names_of_a_query_become_overlays_in_their_order() {
    let table = Installer::default().install::<Watermark>(SETTINGS).unwrap();
    assert_eq!(table.query_keys, ["watermark"]);
    let logo = "/marks/logo.png?s.alpha=0.5 image within - - 20 5% 20% - 100,100 false 255 0x0";
    let name = "true image within - - - - - - 50,50 false 255 100x0";
    let check = |query: &str, overlays: &[&str], ignored: &[&str]| {
        let (found, left) = asked(&table, query);
        assert_eq!(found, overlays, "{query}");
        assert_eq!(left, ignored, "{query}");
    };
    check("watermark=logo", &[logo], &[]);
    check("Watermark= LOGO ,,name&who=Ann", &[logo, name], &[]);
    check("watermark=both&who=Ann", &[logo, name], &[]);
    check("watermark=name,logo&who=Ann", &[name, logo], &[]);
    check("width=9", &[], &[]);
    check("watermark=", &[], &[]);
    // Files of the folder.
    let file = "/watermarks/b.png? image within - - - - - - 50,50 false 255 0x0 optional";
    check("watermark=b.png", &[file], &[]);
    check(
        "watermark=../b.png,a/b.png,.b,a%0ab",
        &[],
        &["../b.png", "a/b.png", ".b", "a\nb"],
    );
    // Sixteen layers at most: the seventeenth is ignored.
    let many = format!("watermark={}", ["logo"; 17].join(","));
    check(&many, &[logo; 16], &["logo"]);
}

#[test]
fn unknown_name_is_told_and_changes_nothing() {
    let settings = SETTINGS.split("[other_images]").next().unwrap();
    let table = Installer::default().install::<Watermark>(settings).unwrap();
    let (overlays, ignored) = asked(&table, "watermark=lgoo,logo");
    assert_eq!((overlays.len(), ignored), (1, vec!["lgoo".to_owned()]));
}

#[test]
fn text_without_a_visible_character_is_no_overlay() {
    let table = Installer::default()
        .install::<Watermark>("[layers.a]\ntext = '#{who}'")
        .unwrap();
    assert_eq!(asked(&table, "watermark=a"), (vec![], vec![]));
}

#[test]
fn fault_in_a_layer_is_told_with_its_name() {
    let check = |settings: &str, parts: &[&str]| {
        let message = Installer::default()
            .install::<Watermark>(settings)
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(message.contains(part), "{settings}: {message}");
        }
    };
    check("[layers.a]", &["`a`", "`image` or a `text`"]);
    check("[layers.a]\nimage = '/b.png'\ntext = 'c'", &["`a`"]);
    check("[layers.a]\nimage = 'b.png'", &["slash"]);
    check("[layers.a]\nimage = '/x/../b.png'", &["slash"]);
    check("[layers.a]\nimage = '/b.png'\nquery = 'widht=4'", &["`a`", "width"]);
    check("[layers.a]\nimage = '/b.png'\nquery = 'trim.threshold=4'", &["trimmed"]);
    check("[layers.a]\nimage = '/b.png'\nopacity = 2", &["opacity"]);
    check("[layers.a]\nimage = '/b.png'\nleft = 'far'", &["length"]);
    check("[layers.a]\nimage = '/b.png'\nalign = 'nowhere'", &["topleft"]);
    check("[layers.a]\ntext = 'b'\ncolor = 'reddish'", &["colour"]);
    check("[layers.a]\ntext = 'b'\nfont_size = 0", &["font_size"]);
    check("[layers.a]\ntext = 'b'\nquery = 'width=4'", &["images only"]);
    check("[layers.'a,b']\ntext = 'c'", &["comma"]);
    check("[layers.a]\ntext = 'c'\n[layers.A]\ntext = 'c'", &["twice"]);
    check("groups = { a = ['b'] }", &["`a`", "`b`"]);
    check("[layers.a]\ntext = 'c'\nleft_margin = 4", &["left_margin"]);
}

#[tokio::test]
async fn font_of_a_layer_has_to_be_in_the_folder() {
    let start = async |settings: &str| {
        let installer = Installer::default();
        let table = installer.install::<Watermark>(settings).unwrap();
        installer.start(&table).await.map_err(|error| error.to_string())
    };
    assert_eq!(start("[layers.a]\ntext = 'c'\nfont = 'DejaVu Sans'").await, Ok(()));
    let missing = start("[layers.a]\ntext = 'c'\nfont = 'Comic'").await.unwrap_err();
    assert!(missing.contains("`Comic`"), "{missing}");
    let missing = start("fonts = '/nowhere/at/all'").await.unwrap_err();
    assert!(missing.contains("/nowhere/at/all"), "{missing}");
    // The plugin's own folder is one of fonts.
    let folder = concat!("fonts = '", env!("CARGO_MANIFEST_DIR"), "/fonts'");
    assert_eq!(start(folder).await, Ok(()));
}
