//! Store failures: PostgreSQL and MariaDB behind a failing network, and after a crash.

use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::{FaultyProxy, FaultyStore, SourceStore as _, store_failure_contract};
use resizer_plugin_api::{ErrorKind, Source};
use resizer_test_stores::mariadb::MariaDb;
use resizer_test_stores::postgres::Postgres;

use crate::db::{Db, Kind, SOON, Served, download, error_of, install, settings, whole};

struct Faulty {
    served: Served,
    proxy: FaultyProxy,
    source: Arc<dyn Source>,
}

#[async_trait]
impl FaultyStore for Faulty {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn proxy(&self) -> &FaultyProxy {
        &self.proxy
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.served.put(path, bytes).await;
    }

    fn secrets(&self) -> Vec<String> {
        let url = &self.served.db.url;
        let in_url = url.split(':').nth(2).and_then(|rest| rest.split('@').next());
        vec![self.served.db.password.to_owned(), in_url.unwrap().to_owned()]
    }
}

async fn with_failures(kind: Kind) {
    let Some(db) = Db::open(kind).await else { return };
    let proxy = FaultyProxy::before(db.server().parse().unwrap()).await.unwrap();
    let url = db.url_at(proxy.address());
    let source = install(&format!("connection_string = '{url}'\n{SOON}{}", settings("faulty")));
    let served = Served::new(Arc::new(db), "faulty").await;
    store_failure_contract(&Faulty { served, proxy, source }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_postgres_satisfies_the_failure_contract() {
    with_failures(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_mariadb_satisfies_the_failure_contract() {
    with_failures(Kind::MariaDb).await;
}

/// One source reads, loses its server, fails meanwhile, and reads again after the restart.
async fn outlives_a_restart<S>(kind: Kind, url: String, mut server: S, kill: fn(&mut S), restart: fn(&mut S)) {
    let db = Arc::new(Db::at(kind, url, "", Box::new(())).await);
    let served = Served::new(Arc::clone(&db), "lasting").await;
    served.put("a.jpg", b"lasting").await;
    let source = db.source(&format!("{SOON}{}", settings("lasting")));
    for round in 0..3 {
        let several = (0..4).map(|_| whole(&*source, "a.jpg"));
        for read in futures_util::future::join_all(several).await {
            assert_eq!(read.unwrap().1, b"lasting", "in round {round}, at once");
        }
        kill(&mut server);
        let error = error_of(download(&*source, "a.jpg").await, "a server that is gone");
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        restart(&mut server);
    }
    assert_eq!(
        whole(&*source, "a.jpg").await.unwrap().1,
        b"lasting",
        "in the end, at once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_postgres_is_read_again() {
    if let Some(server) = Postgres::start() {
        let url = server.url();
        outlives_a_restart(Kind::Postgres, url, server, Postgres::kill, Postgres::restart).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_mariadb_is_read_again() {
    if let Some(server) = MariaDb::start() {
        let url = server.url();
        outlives_a_restart(Kind::MariaDb, url, server, MariaDb::kill, MariaDb::restart).await;
    }
}
