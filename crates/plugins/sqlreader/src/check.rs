//! Connection check for `check --connect`: connects to the database, tries both queries, and names the wrong setting.

use std::sync::Arc;

use resizer_plugin_api::InstallError;

use crate::SqlReader;
use crate::failure::Failure;
use crate::lookup::Question;
use crate::query::Syntax;

impl SqlReader {
    /// Checks that the settings fit the database.
    pub(crate) async fn check(self: Arc<Self>) -> Result<(), InstallError> {
        let mut session = match self.pool.connect().await {
            Ok(session) => session,
            Err(failure) => return Err(self.unreachable(&failure)),
        };
        let session = &mut *session;
        let id = self.id_type.sample();

        // The query is run first and described afterwards: the driver keeps a statement with the parameter type of its
        // first use, and a description alone fixes no type.
        let blob = &self.queries.blob;
        let failed = |error: sqlx::Error| query_failed("blob_query", &error);
        session.blob(blob, &id).await.map_err(failed)?;
        if !session.gives_bytes(blob).await.map_err(failed)? {
            let message = "its first column holds no bytes; select the column with the image's bytes (bytea or blob)";
            return Err(InstallError::setting("blob_query", message));
        }

        let Some(modified) = &self.queries.modified else {
            return Ok(());
        };
        let failed = |error: sqlx::Error| query_failed("modified_query", &error);
        session.time(modified, &id).await.map_err(failed)?;
        if !session.gives_time(modified).await.map_err(failed)? {
            let message = "none of its columns is a date or a time; select those that say when the image changed";
            return Err(InstallError::setting("modified_query", message));
        }
        let question = Question::Image(&self.queries, None);
        question.ask(session, &id).await.map_err(failed)?;
        Ok(())
    }

    fn unreachable(&self, failure: &Failure) -> InstallError {
        let way_out = match (failure, self.pool.database.syntax) {
            (_, Syntax::Sqlite) => {
                "see that the file exists and that this server may read it; a relative path starts at the working \
                 directory"
            }
            (Failure::Connect(sqlx::Error::Database(_)), _) => {
                "correct the user, the password or the name of the database"
            }
            (Failure::Connect(sqlx::Error::Tls(_)), _) => "correct what it says of TLS, or the server's certificate",
            _ => "see that the host and the port are right, that the database runs, and that no firewall is between",
        };
        let name = &self.pool.database.name;
        let cause = chain(failure);
        InstallError::setting(
            "connection_string",
            format!("{name} cannot be used ({cause}); {way_out}"),
        )
    }
}

fn query_failed(setting: &'static str, error: &sqlx::Error) -> InstallError {
    let message = match error {
        sqlx::Error::Database(error) => format!("the database refuses it: {error}"),
        error => format!("it could not be tried: {error}"),
    };
    InstallError::setting(setting, message)
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
