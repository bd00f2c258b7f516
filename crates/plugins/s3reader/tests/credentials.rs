//! Credentials of the environment. Imitations of Amazon's services issue temporary keys, and the S3 server accepts each
//! until the next is issued. The reader runs in a process of its own, because the environment belongs to the whole
//! process.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use resizer_engine::testing::{Installer, read_all};
use resizer_plugin_api::{ErrorKind, Fetch, InstallError, SourcePath, Want};
use resizer_s3reader::S3Reader;
use resizer_test_stores::http_origin::{Answer, Asked, HttpOrigin, Then};
use resizer_test_stores::s3::{Key, S3, Visibility};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The variable that tells the reader's process the server's address.
const SERVER: &str = "RESIZER_TEST_S3";
/// The variable that tells the reader's process the text that the log must have, if reading must fail.
const FAILURE: &str = "RESIZER_TEST_FAILURE";
const REGION: &str = "eu-west-1";
/// The number of reads.
const READS: usize = 6;
/// The number of keys that expire as soon as they are issued. Later keys last.
const SHORT_LIVED: usize = 3;

/// Issues keys, one after another, for every correct request.
struct Issuer {
    server: S3,
    issued: AtomicUsize,
    last: Mutex<Option<Key>>,
}

impl Issuer {
    async fn new() -> Arc<Self> {
        let server = S3::start(REGION).await.unwrap();
        server.create("photos", Visibility::Private);
        server.put("photos", "a.jpg", "bytes");
        Arc::new(Self {
            server,
            issued: AtomicUsize::new(0),
            last: Mutex::new(None),
        })
    }

    /// A new key and the time when it expires. The key before it is no longer valid.
    fn issue(&self) -> (Key, &'static str) {
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let key = Key {
            id: format!("ASIAISSUED{number}"),
            secret: format!("secret/of/{number}"),
            token: Some(format!("token+of+{number}=")),
        };
        self.server.admit(&key);
        if let Some(before) = self.last.lock().unwrap().replace(key.clone()) {
            self.server.expire(&before.id);
        }
        let until = if number <= SHORT_LIVED {
            "2020-01-01T00:00:00Z"
        } else {
            "2099-01-01T00:00:00Z"
        };
        (key, until)
    }

    fn json(&self) -> Answer {
        let (key, until) = self.issue();
        let (id, secret, token) = (key.id, key.secret, key.token.unwrap());
        let body = format!(
            r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{id}","SecretAccessKey":"{secret}","Token":"{token}","Expiration":"{until}"}}"#
        );
        answer(200, &body)
    }

    fn xml(&self) -> Answer {
        let (key, until) = self.issue();
        let (id, secret, token) = (key.id, key.secret, key.token.unwrap());
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>{until}</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        answer(200, &body)
    }
}

/// A response after which the client closes the connection.
fn answer(status: u16, body: &str) -> Answer {
    Answer::new(status, &[("Connection", "close")], body.as_bytes()).then(Then::Hang)
}

/// The instance metadata service, version 2: it answers nothing without a session.
fn instance_metadata(issuer: &Issuer, asked: &Asked) -> Answer {
    let session = asked.header("x-aws-ec2-metadata-token") == "session";
    match (asked.method.as_str(), asked.target.as_str()) {
        ("PUT", "/latest/api/token") if !asked.header("x-aws-ec2-metadata-token-ttl-seconds").is_empty() => {
            answer(200, "session")
        }
        ("GET", "/latest/meta-data/iam/security-credentials/") if session => answer(200, "the-role"),
        ("GET", "/latest/meta-data/iam/security-credentials/the-role") if session => issuer.json(),
        _ => answer(401, ""),
    }
}

fn web_identity(issuer: &Issuer, asked: &Asked) -> Answer {
    let has = |pair: &str| asked.target.split(['?', '&']).any(|found| found == pair);
    let right = has("Action=AssumeRoleWithWebIdentity") && has("WebIdentityToken=token.of.the.pod");
    if right && has("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fphotos") {
        issuer.xml()
    } else {
        answer(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
        )
    }
}

/// Runs the reader's process with this environment.
async fn run(issuer: &Issuer, environment: &[(&str, &str)]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "reader_process", "--nocapture"]).env_clear();
    child.env(SERVER, issuer.server.address().to_string());
    child.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{environment:?}: {said}"
    );
}

#[tokio::test]
async fn reader_process() {
    let Ok(server) = std::env::var(SERVER) else { return };
    let settings = format!(
        "endpoint = 'http://{server}'\nregion = '{REGION}'\nbucket = 'photos'\n\
         connect_timeout = '1s'\nread_timeout = '2s'\nfetch_timeout = '4s'"
    );
    let table = Installer::default().install::<S3Reader>(&settings).unwrap();
    let source = &table.sources[0].value.source;
    let path = SourcePath::parse("a.jpg").unwrap();
    if let Ok(expected) = std::env::var(FAILURE) {
        let error = source.fetch(&path, Want::whole()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        assert!(error.cause().unwrap().contains(&expected), "{error:?}");
        let again = source.stat(&path).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Upstream, "nothing is stuck: {again:?}");
        match (table.on_connect[0].value)().await {
            Err(InstallError::Setting { name, message }) if name == "access_key_id" => {
                assert!(message.contains(&expected), "{message}");
            }
            other => panic!("{other:?}"),
        }
        return;
    }
    for time in 1..=READS {
        match source.fetch(&path, Want::whole()).await {
            Ok(Fetch::Download(download)) => assert_eq!(read_all(download.bytes).await.unwrap(), b"bytes"),
            other => panic!("the {time}. time: {other:?}"),
        }
    }
}

/// All short-lived keys were replaced, and the first lasting one was kept.
#[track_caller]
fn renewed_as_often_as_needed(issuer: &Issuer) {
    assert_eq!(issuer.issued.load(Ordering::SeqCst), SHORT_LIVED + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn role_of_a_machine_gives_keys() {
    let issuer = Issuer::new().await;
    let giver = Arc::clone(&issuer);
    let service = HttpOrigin::start(move |asked| instance_metadata(&giver, asked))
        .await
        .unwrap();
    let at = format!("http://{}", service.address());
    run(&issuer, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &at)]).await;
    renewed_as_often_as_needed(&issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn role_of_a_task_gives_keys() {
    let issuer = Issuer::new().await;
    let giver = Arc::clone(&issuer);
    let service = HttpOrigin::start(move |asked| match asked.target.as_str() {
        "/v2/credentials/task" => giver.json(),
        _ => answer(404, ""),
    });
    let service = service.await.unwrap();
    // The library fixes the host. The text appended to it here turns that host into a user name.
    let relative = format!("@{}/v2/credentials/task", service.address());
    run(&issuer, &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &relative)]).await;
    renewed_as_often_as_needed(&issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_of_a_pod_gives_keys() {
    let issuer = Issuer::new().await;
    let giver = Arc::clone(&issuer);
    let service = HttpOrigin::start(move |asked| match asked.header("authorization") {
        "token-of-the-pod" => giver.json(),
        _ => answer(401, ""),
    });
    let service = service.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let (at, name) = (
        format!("http://{}/v1/credentials", service.address()),
        file.to_str().unwrap(),
    );
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", at.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", name),
    ];
    std::fs::write(&file, "token-of-the-pod").unwrap();
    run(&issuer, &environment).await;
    renewed_as_often_as_needed(&issuer);

    let failing = |text| [environment[0], environment[1], (FAILURE, text)];
    std::fs::write(&file, "token-of-the-pod\n").unwrap();
    run(&issuer, &failing("is there a line break in its file?")).await;
    std::fs::write(&file, "another-token").unwrap();
    run(&issuer, &failing("the container's credential service: it answered 401")).await;
    std::fs::remove_file(&file).unwrap();
    run(&issuer, &failing("Failed to read EKS token file")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_identity_gives_keys() {
    let issuer = Issuer::new().await;
    let giver = Arc::clone(&issuer);
    let service = HttpOrigin::start(move |asked| web_identity(&giver, asked))
        .await
        .unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let by_https = tls_before(service.address(), &made).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (token, trusted) = (file("token", "token.of.the.pod"), file("trusted", &made.cert.pem()));
    let at = format!("https://{by_https}");
    let environment = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/photos"),
        ("AWS_ENDPOINT_URL_STS", at.as_str()),
        ("SSL_CERT_FILE", trusted.as_str()),
    ];
    run(&issuer, &environment).await;
    renewed_as_often_as_needed(&issuer);

    file("token", "token.of.another");
    let failing = [
        &environment[..],
        &[(FAILURE, "the web identity: it answered 403 AccessDenied")],
    ]
    .concat();
    run(&issuer, &failing).await;
}

/// A TLS front for the token service, which requires https, with a certificate for `127.0.0.1`.
async fn tls_before(service: std::net::SocketAddr, made: &rcgen::CertifiedKey<rcgen::KeyPair>) -> std::net::SocketAddr {
    let certificate = CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut plain = TcpStream::connect(service).await.unwrap();
            // A client that does not trust the certificate disconnects.
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_environment_or_none_are_used() {
    let issuer = Issuer::new().await;
    issuer.server.admit(&Key::lasting("AKIDENVIRONMENT", "secret/of/all"));
    let mut environment = vec![
        ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "secret/of/all"),
        // Ignored: the settings alone say where images are read from.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-west-2"),
        ("AWS_SKIP_SIGNATURE", "true"),
    ];
    run(&issuer, &environment).await;

    environment.drain(..2);
    environment.push(("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"));
    environment.push((FAILURE, "the instance metadata service: "));
    run(&issuer, &environment).await;
}
