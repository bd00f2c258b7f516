//! Settings: their defaults, the refused ones, and the report of `check --connect`.

use std::time::Duration;

use resizer_engine::testing::Installer;
use resizer_plugin_api::{InstallError, SourcePath};
use resizer_remotereader::RemoteReader;
use resizer_test_stores::http_origin::{Answer, HttpOrigin};
use resizer_test_stores::process::free_port;

#[test]
fn defaults_of_settings() {
    let installer = Installer::default();
    let table = installer
        .install::<RemoteReader>("allow = [{ domain = '*.example.com' }]")
        .unwrap();
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/remote/");
    assert!(mounted.policy.untrusted_data, "nothing is passed on as it is");
    assert!(!mounted.policy.fast);
    assert_eq!(mounted.policy.check_modified, Duration::from_secs(300));
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    let identity = |path: &str| mounted.source.identity(&SourcePath::parse(path).unwrap());
    assert_eq!(
        identity("a_example_com/b c.jpg").as_str(),
        "https://a.example.com/b%20c.jpg"
    );
    assert_ne!(identity("a.example.org/b.jpg").as_str(), "https://a.example.org/b.jpg");
    assert_eq!((table.on_rewrite.len(), table.on_connect.len()), (1, 1));
    assert_eq!(
        (table.on_request.len(), table.on_start.len(), table.sources.len()),
        (0, 0, 1)
    );
}

#[test]
fn contradictory_settings_are_refused() {
    let check = |settings: &str, part: &str| {
        let error = Installer::default()
            .install::<RemoteReader>(settings)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{settings:?}: {error}");
    };
    let domain = "allow = [{ domain = 'a.example' }]";
    check("", "setting `allow`: nothing may be read");
    check("allow = []", "setting `allow`");
    check("allow_all_signed_requests = true", "setting `signing_key`");
    check(
        "allow_all_signed_requests = true\nsigning_key = ''",
        "setting `signing_key`",
    );
    check(&format!("{domain}\nsigning_key = ''"), "setting `signing_key`");
    check(
        "allow = [{ domain = 'a.example', only_when_signed = true }]",
        "setting `signing_key`",
    );
    check("allow = [{ domain = '*' }]", "all below one");
    check("allow = [{ domain = 'https://a.example/' }]", "without scheme");
    check("allow = [{ domain = 'a.example', path = 'b' }]", "begins with");
    check("allow = [{ host = 'a.example' }]", "host");
    check("allow = ['a.example']", "allow");
    check(&format!("{domain}\nschemes = []"), "setting `schemes`");
    check(&format!("{domain}\nschemes = ['ftp']"), "ftp");
    check(&format!("{domain}\nports = [65536]"), "65536");
    check(&format!("{domain}\nallow_addresses = ['10.0.0.0/33']"), "10.0.0.0/8");
    check(&format!("{domain}\nuser_agent = \"a\\nb\""), "setting `user_agent`");
    check(&format!("{domain}\nallowed_redirects = -1"), "-1");
    check(&format!("{domain}\nuse_proxy = true"), "use_proxy");
}

async fn connect(settings: &str) -> Result<(), InstallError> {
    let table = Installer::default().install::<RemoteReader>(settings)?;
    (table.on_connect[0].value)().await
}

#[tokio::test]
async fn connect_reports_unreachable_hosts() {
    let origin = HttpOrigin::start(|_| Answer::new(404, &[], b"")).await.unwrap();
    let port = origin.address().port();
    let at = |port: u16, more: &str| {
        format!(
            "schemes = ['http']\nports = [{port}]\nconnect_timeout = '1s'\nread_timeout = '1s'\n
             allow = [{{ domain = '127.0.0.1' }}, {{ domain = '*.images.test' }}]\n{more}"
        )
    };
    let opened = "allow_addresses = ['127.0.0.1']";
    connect(&at(port, opened)).await.unwrap();
    assert_eq!(origin.asked().len(), 1, "any answer is an answer");

    let check = async |settings: String, setting: &str, parts: &[&str]| match connect(&settings).await {
        Err(InstallError::Setting { name, message }) => {
            assert_eq!(name, setting, "{message}");
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
        other => panic!("{other:?}"),
    };
    check(
        at(port, ""),
        "allow_addresses",
        &["127.0.0.1 is not read from", "loopback"],
    )
    .await;
    let nobody = free_port().unwrap();
    check(at(nobody, opened), "allow", &["127.0.0.1 cannot be reached", "refused"]).await;
    let by_name = at(port, "").replace("127.0.0.1", "localhost");
    check(
        by_name,
        "allow_addresses",
        &["localhost is not read from", "only `allow_addresses` opens it"],
    )
    .await;
    assert_eq!(origin.asked().len(), 1);
}
