//! TLS: an origin with an untrusted certificate.

use resizer_engine::testing::Installer;
use resizer_plugin_api::{ErrorKind, SourcePath, Want};
use resizer_remotereader::RemoteReader;
use resizer_test_stores::nginx::{Certificate, Nginx};

#[tokio::test]
async fn untrusted_certificate_is_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let Some(nginx) = Nginx::start(Some(Certificate {
        certificate: &made.cert.pem(),
        key: &made.signing_key.serialize_pem(),
    })) else {
        return;
    };
    nginx.put("a.jpg", b"bytes").unwrap();
    let port = nginx.address().port();
    let settings = format!(
        "allow = [{{ domain = '127.0.0.1' }}, {{ domain = 'localhost' }}]
         allow_addresses = ['127.0.0.1', '::1']
         ports = [{port}]"
    );
    let table = Installer::default().install::<RemoteReader>(&settings).unwrap();
    let source = &table.sources[0].value.source;
    for host in ["127.0.0.1", "localhost"] {
        let path = SourcePath::parse(&format!("{host}:{port}/a.jpg")).unwrap();
        for error in [
            source.fetch(&path, Want::whole()).await.unwrap_err(),
            source.stat(&path).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Upstream, "{host}: {error:?}");
            let cause = error.cause().unwrap();
            assert!(cause.contains("certificate"), "the log hears why: {cause}");
        }
    }
}
