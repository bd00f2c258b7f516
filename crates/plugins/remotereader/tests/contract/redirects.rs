//! Redirects of origins.

use resizer_plugin_api::{ErrorKind, Want};
use resizer_test_stores::http_origin::{Answer, HttpOrigin};

use super::{KEY, Reader, origin};
use resizer_engine::testing::{Installer, read_all};
use resizer_remotereader::RemoteReader;

#[tokio::test]
async fn every_kind_of_redirect_is_followed() {
    let check = async |status: u16, location: &'static str, expected: &str| {
        let (origin, reader) = origin("", move |asked| match asked.target.as_str() {
            "/first/a.jpg" => Answer::new(status, &[("Location", location)], b"elsewhere"),
            _ => Answer::new(200, &[("ETag", "\"v\"")], b"bytes"),
        })
        .await;
        assert_eq!(
            reader.read("first/a.jpg").await.unwrap(),
            b"bytes",
            "{status} {location}"
        );
        assert!(reader.stat("first/a.jpg").await.unwrap().validator.is_some());
        let asked: Vec<_> = origin
            .asked()
            .into_iter()
            .map(|asked| (asked.method, asked.target))
            .collect();
        let (get, head) = (
            |target: &str| ("GET".into(), target.into()),
            |target: &str| ("HEAD".into(), target.into()),
        );
        assert_eq!(
            asked,
            [get("/first/a.jpg"), get(expected), head("/first/a.jpg"), head(expected)]
        );
        assert!(origin.asked().iter().all(|asked| asked.header("referer").is_empty()));
    };
    for status in [301, 302, 303, 307, 308] {
        check(status, "/b.jpg", "/b.jpg").await;
    }
    check(302, "b.jpg?c=d", "/first/b.jpg?c=d").await;
    check(302, "../b%2Fc.jpg#d", "/b%2Fc.jpg").await;
    check(302, "?e", "/first/a.jpg?e").await;
    check(302, "/\u{e4}.jpg", "/%C3%A4.jpg").await;
}

#[tokio::test]
async fn redirects_beyond_the_limit_are_an_error() {
    // `/5` is five hops away from `/0`.
    let check = async |more: &str, hops: u8, arrives: bool| {
        let (origin, reader) = origin(more, |asked| match asked.target[1..].parse::<u8>() {
            Ok(0) => Answer::new(200, &[], b"bytes"),
            Ok(left) => Answer::new(302, &[("Location", &format!("/{}", left - 1))], b""),
            Err(_) => Answer::new(302, &[("Location", &asked.target)], b""),
        })
        .await;
        let read = reader.read(&hops.to_string()).await;
        let expected = if arrives {
            Ok(b"bytes".to_vec())
        } else {
            Err(ErrorKind::Upstream)
        };
        assert_eq!(read.map_err(|error| error.kind()), expected, "{hops} with {more:?}");
        let before = origin.asked().len();
        let round = reader.read("round").await.unwrap_err();
        assert_eq!(round.kind(), ErrorKind::Upstream, "{round:?}");
        assert!(origin.asked().len() - before <= 11, "{more:?}");
    };
    check("", 5, true).await;
    check("", 6, false).await;
    check("allowed_redirects = 0", 0, true).await;
    check("allowed_redirects = 0", 1, false).await;
    check("allowed_redirects = 10", 10, true).await;
    check("allowed_redirects = 10", 11, false).await;
}

#[tokio::test]
async fn redirect_to_a_malformed_url_is_an_upstream_failure() {
    for headers in [
        &[][..],
        &[("Location", "http://")],
        &[("Location", "http://a b/")],
        &[("Location", "//[::")],
    ] {
        let (_origin, reader) = origin("", move |_| Answer::new(302, headers, b"")).await;
        let error = reader.read("a.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{headers:?}: {error:?}");
    }
}

/// Each hop is checked against the same rules as the first, and the client is not told the forbidden target.
#[tokio::test]
async fn redirect_to_a_forbidden_target_answers_403() {
    let answer = |_: &_| Answer::new(200, &[], b"secret");
    let trap = HttpOrigin::start(answer).await.unwrap();
    let port = trap.address().port();
    // Servers at the same port of other addresses, which no setting allows.
    let beside = HttpOrigin::start_at(([127, 0, 0, 2], port).into(), answer)
        .await
        .unwrap();
    let check = async |location: String, why: &str| {
        let to = location.clone();
        let origin = HttpOrigin::start(move |_| Answer::new(302, &[("Location", &to)], b""))
            .await
            .unwrap();
        let own = origin.address().port();
        let settings = format!(
            "signing_key = '{KEY}'
             allow_all_signed_requests = true
             allow = [{{ domain = '127.0.0.1' }}]
             allow_addresses = ['127.0.0.1']
             schemes = ['http']
             ports = [{own}{}]",
            if why == "ports" {
                String::new()
            } else {
                format!(", {port}, 80")
            }
        );
        let reader = Reader {
            table: Installer::default().install::<RemoteReader>(&settings).unwrap(),
            authority: origin.address().to_string(),
        };
        let signed = reader.signed(&format!("http://{}/a.jpg", reader.authority));
        for path in [signed, reader.path("a.jpg")] {
            for error in [
                reader.source().fetch(&path, Want::whole()).await.unwrap_err(),
                reader.source().stat(&path).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::Forbidden, "{location}: {error:?}");
                let message = error.message();
                assert!(!message.contains("127") && !message.contains(&location), "{message}");
                let cause = error.cause().unwrap();
                assert!(
                    cause.contains(why) || cause.contains("no rule of `allow`"),
                    "{location}: {cause}"
                );
            }
        }
    };
    let forbidden = "only `allow_addresses` opens it";
    check(format!("http://127.0.0.2:{port}/"), forbidden).await;
    check(format!("//127.0.0.2:{port}/"), forbidden).await;
    check(format!("http://127.2:{port}/"), forbidden).await;
    check(format!("http://[::1]:{port}/"), forbidden).await;
    check(format!("http://[::ffff:127.0.0.1]:{port}/"), forbidden).await;
    check("http://169.254.169.254/latest/meta-data/".to_owned(), forbidden).await;
    check(format!("http://127.0.0.1:{port}/"), "ports").await;
    check(format!("http://u:p@127.0.0.1:{port}/"), "password").await;
    check(format!("https://127.0.0.1:{port}/"), "schemes").await;
    check(format!("ftp://127.0.0.1:{port}/"), "schemes").await;
    check("file:///etc/passwd".to_owned(), "schemes").await;
    check("data:image/gif;base64,R0lGODlhAQABAAAAACw=".to_owned(), "schemes").await;
    assert_eq!((trap.connections(), beside.connections()), (0, 0));
}

/// The redirects of a signed URL count as signed, those of an unsigned URL do not.
#[tokio::test]
async fn signature_covers_the_redirects_of_a_url() {
    let end = HttpOrigin::start_at(([127, 0, 0, 2], 0).into(), |_| Answer::new(200, &[], b"bytes"))
        .await
        .unwrap();
    let location = format!("http://{}/b.jpg", end.address());
    let start = HttpOrigin::start(move |_| Answer::new(302, &[("Location", &location)], b""))
        .await
        .unwrap();
    let settings = format!(
        "signing_key = '{KEY}'
         allow = [{{ domain = '127.0.0.1' }}, {{ domain = '127.0.0.2', only_when_signed = true }}]
         allow_addresses = ['127.0.0.0/8']
         schemes = ['http']
         ports = [{}, {}]",
        start.address().port(),
        end.address().port()
    );
    let reader = Reader {
        table: Installer::default().install::<RemoteReader>(&settings).unwrap(),
        authority: start.address().to_string(),
    };
    let signed = reader.signed(&format!("http://{}/a.jpg", reader.authority));
    let fetched = reader.source().fetch(&signed, Want::whole()).await.unwrap();
    let resizer_plugin_api::Fetch::Download(download) = fetched else {
        panic!("{fetched:?}")
    };
    assert_eq!(read_all(download.bytes).await.unwrap(), b"bytes");
    assert_eq!(reader.read("a.jpg").await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(end.connections(), 1);
}
