//! Tests of the store failure suite: a careful reader passes, and readers with one fault each fail. Their store answers
//! a name with a length and as many bytes, or with the greatest length if it has no such object.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::stream;
use resizer_plugin_api::{ByteStream, Download, SourceKey, Validator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Treats the end of a connection as the end of an object.
    Short,
    /// Treats a store that does not answer as one without such an object.
    Absent,
    /// Shows the client the address of its store.
    Talks,
}

#[derive(Clone)]
struct Reader {
    address: SocketAddr,
    fault: Fault,
}

struct Toy {
    objects: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    proxy: FaultyProxy,
    reader: Arc<Reader>,
}

impl Toy {
    async fn start(fault: Fault) -> Self {
        let objects = Arc::<Mutex<HashMap<String, Vec<u8>>>>::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = FaultyProxy::before(listener.local_addr().unwrap()).await.unwrap();
        let served = Arc::clone(&objects);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                tokio::spawn(async move {
                    let mut name = vec![0; client.read_u8().await?.into()];
                    client.read_exact(&mut name).await?;
                    let found = served.lock().unwrap().get(&*String::from_utf8_lossy(&name)).cloned();
                    client
                        .write_u32(found.as_ref().map_or(NONE, |bytes| bytes.len() as u32))
                        .await?;
                    client.write_all(&found.unwrap_or_default()).await
                });
            }
        });
        let reader = Arc::new(Reader {
            address: proxy.address(),
            fault,
        });
        Self { objects, proxy, reader }
    }
}

#[async_trait]
impl FaultyStore for Toy {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.reader) as _
    }

    fn proxy(&self) -> &FaultyProxy {
        &self.proxy
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.objects.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
    }

    fn secrets(&self) -> Vec<String> {
        vec!["secret".to_owned()]
    }
}

async fn soon<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(Duration::from_secs(1), work).await?
}

impl Reader {
    fn failed(&self, error: io::Error) -> Error {
        match self.fault {
            Fault::Absent => Error::not_found().because(error),
            Fault::Talks => Error::new(ErrorKind::Upstream, format!("{} fails.", self.address)).because(error),
            _ => Error::new(ErrorKind::Upstream, "The store fails.").because(error),
        }
    }

    async fn open(&self, path: &SourcePath) -> Result<(Stat, TcpStream), Error> {
        let name = path.as_str();
        let asked = soon(async {
            let mut connection = TcpStream::connect(self.address).await?;
            connection.write_u8(name.len() as u8).await?;
            connection.write_all(name.as_bytes()).await?;
            Ok((connection.read_u32().await?, connection))
        });
        match asked.await.map_err(|error| self.failed(error))? {
            (NONE, _) => Err(Error::not_found()),
            (length, connection) => Ok((Stat::known(Validator::new("1"), length.into(), None), connection)),
        }
    }
}

#[async_trait]
impl Source for Reader {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        SourceKey::new(path.as_str())
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        Ok(self.open(path).await?.0)
    }

    async fn fetch(&self, path: &SourcePath, _: Want) -> Result<Fetch, Error> {
        let (stat, connection) = self.open(path).await?;
        let left = stat.length.unwrap_or(0);
        let reader = self.clone();
        let bytes: ByteStream = Box::pin(stream::try_unfold((connection, left), move |(mut connection, left)| {
            let reader = reader.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let mut piece = vec![0; 100_000.min(left as usize)];
                let length = soon(connection.read(&mut piece)).await;
                let length = length.map_err(|error| reader.failed(error))?;
                if length == 0 && reader.fault == Fault::Short {
                    return Ok(None);
                }
                if length == 0 {
                    return Err(reader.failed(io::ErrorKind::UnexpectedEof.into()));
                }
                piece.truncate(length);
                Ok(Some((Bytes::from(piece), (connection, left - length as u64))))
            }
        }));
        Ok(Fetch::Download(Download::new(stat, bytes)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn careful_reader_passes_the_suite() {
    store_failure_contract(&Toy::start(Fault::None).await).await;
}

#[tokio::test]
#[should_panic(expected = "fails with Upstream or Timeout")]
async fn reader_that_treats_silence_as_absence_fails_the_suite() {
    store_failure_contract(&Toy::start(Fault::Absent).await).await;
}

#[tokio::test]
#[should_panic(expected = "the client does not hear")]
async fn reader_that_shows_its_stores_address_fails_the_suite() {
    store_failure_contract(&Toy::start(Fault::Talks).await).await;
}

#[tokio::test]
#[should_panic(expected = "expected 3000000 bytes")]
async fn reader_that_ends_early_fails_the_suite() {
    store_failure_contract(&Toy::start(Fault::Short).await).await;
}
