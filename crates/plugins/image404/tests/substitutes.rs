//! Tests of the image 404 plugin: the substitute that it names for a missing image, and what is wrong in its settings.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use http::Extensions;
use resizer_engine::testing::Installer;
use resizer_image404::Image404;
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{Error, ErrorKind, ImageRequest, MissingEvent, Query, RequestHead};

const SETTINGS: &str = "images = { Avatar = '/people/nobody.png', sized = '/n.png?width=9&crop=auto' }\n\
                        [[rules]]\nprefix = '/'\nimage = '/none.png'\n\
                        [[rules]]\nprefix = '/people/'\nimage = '/people/nobody.png'\n";

/// Address and status of the substitute for an image that no source has.
fn substitute(settings: &str, url: &str) -> Result<Option<(String, u16)>, ErrorKind> {
    substitute_after(&Error::not_found(), settings, url)
}

/// Address and status of the substitute for an image that ends with this error.
fn substitute_after(error: &Error, settings: &str, url: &str) -> Result<Option<(String, u16)>, ErrorKind> {
    let table = Installer::default().install::<Image404>(settings).unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let request = ImageRequest::new(
        Arc::new(RequestHead::get(path, query)),
        path.to_owned(),
        Query::parse(query),
        Instructions::default(),
        Extensions::new(),
    );
    let mut substitute = None;
    let mut event = MissingEvent::new(&request, error, &mut substitute);
    (table.on_image_missing[0].value)(&mut event).map_err(|error| error.kind())?;
    Ok(substitute.map(|substitute| {
        let query = substitute.query.unwrap().to_string();
        let separator = if query.is_empty() { "" } else { "?" };
        (
            format!("{}{separator}{query}", substitute.path),
            substitute.status.as_u16(),
        )
    }))
}

#[test]
fn substitute_is_the_named_one_or_that_of_the_longest_prefix() {
    for (url, expected) in [
        ("/a.jpg", "/none.png"),
        ("/people/1.jpg", "/people/nobody.png"),
        ("/a.jpg?404=avatar", "/people/nobody.png"),
        ("/a.jpg?404=AVATAR", "/people/nobody.png"),
        ("/a.jpg?404=/b/c.png", "/b/c.png"),
        ("/a.jpg?404=b/c.png", "/b/c.png"),
        ("/people/1.jpg?404=", "/people/nobody.png"),
    ] {
        let found = substitute(SETTINGS, url).unwrap();
        assert_eq!(found, Some((expected.to_owned(), 404)), "{url}");
    }
    assert_eq!(substitute("", "/a.jpg").unwrap(), None);
}

#[test]
fn commands_of_any_picture_are_kept_and_windows_are_dropped() {
    for (url, expected) in [
        ("/a.jpg?w=5&H=6&404=avatar", "/people/nobody.png?w=5&H=6"),
        ("/a.jpg?crop=1,2,3,4&c=1,2,3,4&frame=2&mode=crop", "/none.png?mode=crop"),
        (
            "/a.jpg?crop=Auto&s.Grayscale=true&a.blur=2&format=png",
            "/none.png?crop=Auto&s.Grayscale=true&a.blur=2&format=png",
        ),
        // The substitute's own commands win, in any spelling.
        ("/a.jpg?w=5&h=6&404=sized", "/n.png?width=9&crop=auto&h=6"),
        ("/a.jpg?w=5&404=/b.png?w%3D7", "/b.png?w=7"),
    ] {
        let found = substitute(SETTINGS, url).unwrap();
        assert_eq!(found, Some((expected.to_owned(), 404)), "{url}");
    }
}

#[test]
fn address_of_another_server_or_outside_of_the_folder_is_a_bad_request() {
    for value in [
        "http://evil.test/a.png",
        "//evil.test/a.png",
        "/../a.png",
        "/b/./a.png",
        "/b\\a.png",
        "ftp:a.png",
    ] {
        let url = format!("/a.jpg?404={value}");
        assert_eq!(substitute(SETTINGS, &url), Err(ErrorKind::BadRequest), "{value}");
    }
}

#[test]
fn status_is_one_of_three() {
    let found = |status: u16| {
        substitute(&format!("status = {status}\n{SETTINGS}"), "/a.jpg")
            .unwrap()
            .unwrap()
            .1
    };
    assert_eq!([404, 410, 200].map(found), [404, 410, 200]);
}

#[test]
fn broken_image_has_a_substitute_with_the_status_of_its_error() {
    let after = |kind: ErrorKind, settings: &str| {
        let error = Error::new(kind, "The image is broken.");
        substitute_after(&error, &format!("{settings}\n{SETTINGS}"), "/a.jpg").unwrap()
    };
    let none = || "/none.png".to_owned();
    for (kind, status) in [(ErrorKind::Corrupt, 422), (ErrorKind::Unsupported, 415)] {
        assert_eq!(after(kind, ""), None, "the error is told");
        assert_eq!(after(kind, "broken = true"), Some((none(), status)));
        assert_eq!(after(kind, "broken = true\nstatus = 410"), Some((none(), status)));
        assert_eq!(after(kind, "broken = true\nstatus = 200"), Some((none(), 200)));
    }
    let missing = after(ErrorKind::NotFound, "broken = true");
    assert_eq!(missing, Some((none(), 404)));
}

#[test]
fn fault_in_a_setting_is_told() {
    let check = |settings: &str, part: &str| {
        let message = Installer::default()
            .install::<Image404>(settings)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("status = 500", "404, 410 and 200");
    check("images = { a = 'http://evil.test/a.png' }", "`http://evil.test/a.png`");
    check("[[rules]]\nprefix = '/'\nimage = 'none.png'", "`none.png`");
}
