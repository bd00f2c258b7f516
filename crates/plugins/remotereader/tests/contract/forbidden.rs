//! Forbidden addresses in many spellings, each in a signed URL: even the holder of the key reaches no address that the
//! operator has not allowed.

use resizer_engine::testing::Installer;
use resizer_plugin_api::{ErrorKind, SourcePath, Want};
use resizer_remotereader::RemoteReader;
use resizer_test_stores::http_origin::{Answer, HttpOrigin};

use super::{KEY, Reader};

/// `PORT` is one at which a server listens on 127.0.0.1.
const SPELLINGS: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.0.0.01:PORT/",
    "http://127.255.255.254:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0X7F.1:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0x0.1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2E0%2E0%2E1:PORT/",
    "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1:PORT/",
    "http://127\u{3002}0\u{ff0e}0\u{ff61}1:PORT/",
    "http://\u{2460}\u{2461}\u{2466}.0.0.1:PORT/",
    "http://\u{1d7cf}\u{1d7d0}\u{1d7d5}.1:PORT/",
    "http://127.0.0.\u{ad}1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:////127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http://127.0.\t0.1:PORT/",
    " http://127.0.0.1:PORT/ ",
    "HTTP://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:FFFF:7F00:0001]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/opc/v1/instance/",
    "http://10.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://3232235521/",
    "http://100.64.0.1/",
    "http://192.0.2.1/",
    "http://198.19.255.255/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://4294967295/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://loc%61lhost:PORT/",
    "http://\u{ff4c}ocalhost:PORT/",
    "http://local\u{ad}host:PORT/",
];

/// URLs that are refused before their address is checked.
const NO_URLS: &[&str] = &[
    "http://images.test@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@127.0.0.1:PORT/",
    "http://256.0.0.1:PORT/",
    "http://127.0.0.0.1:PORT/",
    "http://0x100000000:PORT/",
    "http://4294967296:PORT/",
    "http://127.0.0.08:PORT/",
    "http://a.0x7f:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[127.0.0.1]:PORT/",
    "http://[::1:PORT/",
    "http://127.0.0.1%00.images.test:PORT/",
    "http://127.0.0.1%2F.images.test:PORT/",
    "gopher://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "//127.0.0.1:PORT/",
];

#[tokio::test]
async fn forbidden_address_is_refused_in_every_spelling() {
    let trap = HttpOrigin::start(|_| Answer::new(200, &[], b"secret")).await.unwrap();
    let port = trap.address().port().to_string();
    let settings = format!(
        "signing_key = '{KEY}'
         allow_all_signed_requests = true
         schemes = ['http', 'https']
         ports = [80, 443, {port}]"
    );
    let reader = Reader {
        table: Installer::default().install::<RemoteReader>(&settings).unwrap(),
        authority: trap.address().to_string(),
    };
    for url in SPELLINGS.iter().map(|url| url.replace("PORT", &port)) {
        let path = reader.signed(&url);
        for error in [
            reader.source().fetch(&path, Want::whole()).await.unwrap_err(),
            reader.source().stat(&path).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{url}: {error:?}");
            let cause = error.cause().unwrap();
            assert!(cause.contains("only `allow_addresses` opens it"), "{url}: {cause}");
        }
    }
    assert_eq!(trap.connections(), 0);
    assert!(SPELLINGS.len() > 40);

    for url in NO_URLS.iter().map(|url| url.replace("PORT", &port)) {
        let error = match reader.try_signed(&url) {
            Ok(path) => reader.source().fetch(&path, Want::whole()).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(
            matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::BadRequest),
            "{url}: {error:?}"
        );
    }
    assert_eq!(trap.connections(), 0);
}

/// A rule that names a host allows no address.
#[tokio::test]
async fn forbidden_address_is_refused_in_the_human_friendly_form() {
    let trap = HttpOrigin::start(|_| Answer::new(200, &[], b"secret")).await.unwrap();
    let port = trap.address().port();
    let settings = format!(
        "allow = [{{ domain = '127.0.0.1' }}, {{ domain = '[::1]' }}, {{ domain = 'localhost' }}, {{ domain = '10.0.0.1' }}]
         schemes = ['http']
         ports = [80, {port}]"
    );
    let table = Installer::default().install::<RemoteReader>(&settings).unwrap();
    let source = &table.sources[0].value.source;
    for host in [
        "127.0.0.1",
        "127_0_0_1",
        "127_1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "localhost",
        "LocalHost",
        "10_1",
    ] {
        let path = SourcePath::parse(&format!("{host}:{port}/a.jpg")).unwrap();
        let error = source.fetch(&path, Want::whole()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{host}: {error:?}");
        let cause = error.cause().unwrap();
        assert!(cause.contains("only `allow_addresses` opens it"), "{host}: {cause}");
    }
    assert_eq!(trap.connections(), 0);
}
