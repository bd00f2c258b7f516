//! S3 plugin: serves buckets of Amazon S3 and of stores with the same protocol. This file has its settings and hooks.
//! `names` has types of single settings, `access` the credentials, `client` the clients, `source` answers the engine,
//! and `connect` finds a wrong setting. The page for operators is `docs.md`. The engine does caching. Requests, retries
//! and errors are those of `resizer_object_storage`.

mod access;
mod client;
mod connect;
mod names;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use resizer_object_storage::{Bucket, Connection, Endpoint};
use resizer_plugin_api::{Hooks, InstallError, Plugin, Seconds, Secret, reader_settings, register};

use crate::access::Access;
use crate::client::Store;
pub use crate::names::{BucketName, Folder, NameError, Region};

register!(S3Reader, docs = "../docs.md");

reader_settings! {
    prefix = "/s3/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The buckets that are served. With the prefix `/s3/`, the URL `/s3/photos/a/b.jpg` is the object `a/b.jpg` of
        /// the bucket `photos`. Any other bucket is forbidden.
        #[serde(default)]
        pub buckets: Vec<BucketName>,
        /// One bucket instead of `buckets`, which the URL then does not name. With the prefix `/img/`, the URL
        /// `/img/a.jpg` is the object `a.jpg` of this bucket.
        pub bucket: Option<BucketName>,
        /// The part of `bucket` that is served, as a prefix of its keys. With `"shop/2024"`, the URL `/img/a.jpg` is
        /// the object `shop/2024/a.jpg`.
        pub folder: Option<Folder>,
        /// The region of the buckets.
        #[serde(default)]
        pub region: Region,
        /// The address of a store other than Amazon's, such as `"https://minio.example.com:9000"`. An address that
        /// begins with `http://` is used without encryption.
        pub endpoint: Option<Endpoint>,
        /// Whether the bucket stands in the path of the store's addresses instead of in the host name. The default is
        /// true with an `endpoint` and for buckets with a dot in their name, and always for names with capital letters.
        pub path_style: Option<bool>,
        /// The name of an access key. Without keys the plugin looks where Amazon's tools look: in the environment, or
        /// at the role of the container or machine.
        pub access_key_id: Option<String>,
        /// The secret of the access key.
        pub secret_access_key: Option<Secret>,
        /// The token of a temporary access key.
        pub session_token: Option<Secret>,
        /// Send requests without credentials, for public buckets.
        #[serde(default)]
        pub anonymous: bool,
        /// The timeout of connecting to the store.
        #[serde(default = "default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// The longest silence of the store before and during a response.
        #[serde(default = "default_read_timeout")]
        pub read_timeout: Seconds,
    }
}

fn default_connect_timeout() -> Seconds {
    resizer_plugin_api::built_in("3s")
}

fn default_read_timeout() -> Seconds {
    resizer_plugin_api::built_in("10s")
}

/// Serves buckets.
#[derive(Debug)]
pub struct S3Reader {
    store: Store,
    served: Served,
}

/// The served buckets, and how URLs name their objects.
#[derive(Debug)]
enum Served {
    /// The first segment of the path names the bucket.
    Listed(BTreeMap<BucketName, Arc<Bucket>>),
    /// The whole path is the key, after the folder.
    One {
        name: BucketName,
        folder: Option<Folder>,
        bucket: Arc<Bucket>,
    },
}

impl Plugin for S3Reader {
    const NAME: &'static str = "s3reader";
    const SUMMARY: &'static str = "Serves images from Amazon S3 and from stores that speak its protocol.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        let access = Access::of(&config)?;
        let http = config.endpoint.as_ref().is_some_and(Endpoint::is_http);
        let mut store = Store {
            region: config.region,
            endpoint: config.endpoint,
            path_style: config.path_style,
            access,
            ambient: None,
            connection: Connection::new(config.connect_timeout, config.read_timeout, config.fetch_timeout, http)?,
        };
        store.share(hooks)?;
        let served = match (config.bucket, config.buckets) {
            (Some(_), buckets) if !buckets.is_empty() => {
                let message = "there is either one `bucket` or a list of `buckets`; take one of them out";
                return Err(InstallError::setting("bucket", message));
            }
            (Some(name), _) => Served::One {
                bucket: store.open(&name, hooks)?,
                folder: config.folder,
                name,
            },
            (None, _) if config.folder.is_some() => {
                let message = "a folder is a part of one bucket; name it in `bucket`";
                return Err(InstallError::setting("folder", message));
            }
            (None, buckets) if buckets.is_empty() => {
                let message = "name the buckets to serve; none is served that is not listed";
                return Err(InstallError::setting("buckets", message));
            }
            (None, names) => {
                let opened = names.into_iter().map(|name| {
                    let bucket = store.open(&name, hooks)?;
                    Ok((name, bucket))
                });
                Served::Listed(opened.collect::<Result<_, InstallError>>()?)
            }
        };
        let reader = Arc::new(Self { store, served });
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        hooks.on_connect(&reader, Self::connect);
        Ok(())
    }
}
