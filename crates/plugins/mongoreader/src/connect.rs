//! Connection check for `check --connect`: connects, logs in, reads from the bucket, and names the wrong setting.

use std::sync::Arc;

use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use resizer_plugin_api::InstallError;

use crate::MongoReader;
use crate::error::StoreError;

impl MongoReader {
    /// Checks that the bucket exists and can be read.
    pub(crate) async fn check_connection(self: Arc<Self>) -> Result<(), InstallError> {
        let unreachable = |error| InstallError::setting("connection_string", hint(&error));
        let link = self.store.link().await.map_err(unreachable)?;
        let database = link.database(&self.database);
        let ping = database.run_command(doc! { "ping": 1 });
        link.answer(ping.into_future()).await.map_err(unreachable)?;

        for name in ["files", "chunks"] {
            let collection = self.collection(&link, name);
            let any = collection.find_one(doc! {}).projection(doc! { "_id": 1 });
            let found: Option<RawDocumentBuf> = link
                .answer(any.into_future())
                .await
                .map_err(|error| self.not_readable(&error))?;
            if found.is_some() {
                continue;
            }
            // The bucket is empty or absent. A user that may not list the collections cannot tell which.
            if let Ok(names) = link.answer(database.list_collection_names().into_future()).await {
                self.is_among(&names)?;
                return Ok(());
            }
        }
        Ok(())
    }

    fn not_readable(&self, error: &StoreError) -> InstallError {
        let (database, bucket) = (&self.database, &self.bucket);
        if !error.is_refusal() {
            return InstallError::setting("connection_string", hint(error));
        }
        if self.has_user {
            let message = format!(
                "the user of `connection_string` may not read the bucket {bucket} of the database {database}; name a \
                 database that it may read, or give it the role `read` on this one ({error})"
            );
            return InstallError::setting("database", message);
        }
        let message = format!("the server lets nobody read without logging in; add a user and a password ({error})");
        InstallError::setting("connection_string", message)
    }

    fn is_among(&self, names: &[String]) -> Result<(), InstallError> {
        let (database, bucket) = (&self.database, &self.bucket);
        if names.is_empty() {
            let message = format!(
                "there is no database {database} on the server, or there is nothing in it; correct the name (upper \
                 and lower case differ) or upload a first file"
            );
            return Err(InstallError::setting("database", message));
        }
        if names.contains(&format!("{bucket}.files")) {
            return Ok(());
        }
        let mut buckets: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".files")).collect();
        buckets.sort_unstable();
        let there_are = match buckets.as_slice() {
            [] => "it has none".to_owned(),
            buckets => format!("it has {}", buckets.join(", ")),
        };
        let message = format!("the database {database} has no bucket {bucket}; {there_are}");
        Err(InstallError::setting("bucket", message))
    }
}

/// The fault of a connection, and the remedy.
fn hint(error: &StoreError) -> String {
    let way_out = match error {
        error if error.is_refusal() => "correct the user, the password, or `authSource`, the database that knows them",
        StoreError::Driver(error) => match *error.kind {
            ErrorKind::DnsResolve { .. } => "correct the host's name, or see that this machine can look it up",
            ErrorKind::InvalidTlsConfig { .. } => "correct the file that `tlsCAFile` or `tlsCertificateKeyFile` names",
            ErrorKind::InvalidArgument { .. } => "correct the options behind the `?`",
            _ => "see that the server runs, that its address is right, and that both sides agree on TLS",
        },
        _ => "see that the server runs, that its address is right, and that no firewall is between",
    };
    format!("the server cannot be used ({error}); {way_out}")
}
