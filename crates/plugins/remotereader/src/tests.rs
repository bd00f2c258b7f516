//! DNS rebinding: a name that resolves to one address and, a moment later, to another.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use resizer_plugin_api::engine::{HookTable, Resources};
use resizer_plugin_api::{Error, ErrorKind, Hooks, Metrics, Source, SourcePath, Want};
use resizer_test_stores::http_origin::{Answer, HttpOrigin, Then};

use crate::RemoteReader;

/// A resolver with these answers, one after another; the last is repeated.
#[derive(Clone)]
struct Answers {
    answers: Arc<Vec<Vec<IpAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Resolve for Answers {
    fn resolve(&self, _: Name) -> Resolving {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[turn.min(self.answers.len() - 1)].clone();
        let addresses: Vec<SocketAddr> = answer.into_iter().map(|address| (address, 0).into()).collect();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

/// Two servers at one port: 127.0.0.2, which is allowed, and 127.0.0.1, which must get no request.
struct Rebinding {
    good: HttpOrigin,
    trap: HttpOrigin,
    reader: RemoteReader,
    resolver: Answers,
}

impl Rebinding {
    async fn new(answers: &[&[&str]]) -> Self {
        // Each connection is closed, so that each request opens a new one and asks the resolver.
        let answer = |_: &_| Answer::new(200, &[("Connection", "close")], b"bytes").then(Then::Close);
        let trap = HttpOrigin::start(answer).await.unwrap();
        let port = trap.address().port();
        let good = HttpOrigin::start_at(([127, 0, 0, 2], port).into(), answer)
            .await
            .unwrap();
        let parse = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        let resolver = Answers {
            answers: Arc::new(answers.iter().map(parse).collect()),
            asked: Arc::default(),
        };
        let settings = format!(
            "allow = [{{ domain = 'images.test' }}]\nschemes = ['http']\nports = [{port}]\nallow_addresses = ['127.0.0.2']"
        );
        let (mut table, resources, metrics) = (HookTable::default(), Resources::default(), Metrics::default());
        let mut hooks = Hooks::new("remotereader", 0, &mut table, &resources, &metrics);
        let config = toml::from_str(&settings).unwrap();
        let reader = RemoteReader::new(config, resolver.clone(), &mut hooks).unwrap();
        Self {
            good,
            trap,
            reader,
            resolver,
        }
    }

    async fn fetch(&self) -> Result<(), Error> {
        let path = format!("images.test:{}/a.jpg", self.good.address().port());
        self.reader
            .fetch(&SourcePath::parse(&path).unwrap(), Want::whole())
            .await
            .map(drop)
    }
}

fn is_forbidden(result: Result<(), Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
    assert!(!error.message().contains("127"), "{}", error.message());
    let cause = error.cause().unwrap();
    assert!(
        cause.contains("127.0.0.1 is loopback") && cause.contains("allow_addresses"),
        "{cause}"
    );
}

#[tokio::test]
async fn name_that_resolves_to_a_forbidden_address_later_is_refused() {
    let rebinding = Rebinding::new(&[&["127.0.0.2"], &["127.0.0.1"]]).await;
    rebinding.fetch().await.unwrap();
    assert_eq!(
        rebinding.resolver.asked.load(Ordering::SeqCst),
        1,
        "what is checked is what is connected to: nobody asks twice"
    );
    is_forbidden(rebinding.fetch().await);
    assert_eq!(rebinding.good.connections(), 1);
    assert_eq!(rebinding.trap.connections(), 0);
}

#[tokio::test]
async fn name_with_one_forbidden_address_is_refused() {
    for answer in [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]] {
        let rebinding = Rebinding::new(&[&answer]).await;
        is_forbidden(rebinding.fetch().await);
        assert_eq!((rebinding.good.connections(), rebinding.trap.connections()), (0, 0));
    }
}

#[tokio::test]
async fn name_without_addresses_answers_502() {
    let rebinding = Rebinding::new(&[&[]]).await;
    assert_eq!(rebinding.fetch().await.unwrap_err().kind(), ErrorKind::Upstream);
}
