//! What is asked of the database about one image, over one connection. Called by `source` through `pool`, and by the
//! check of the settings.

use resizer_plugin_api::{Stat, Validator};
use sqlx::types::time::OffsetDateTime;

use crate::digest;
use crate::id::Id;
use crate::query::Query;
use crate::session::Session;

/// The two queries.
#[derive(Debug)]
pub(crate) struct Queries {
    pub(crate) blob: Query,
    pub(crate) modified: Option<Query>,
}

/// A question about one image.
#[derive(Debug)]
pub(crate) enum Question<'q> {
    /// When it changed.
    Time(&'q Query),
    /// The image, unless it is still this version.
    Image(&'q Queries, Option<&'q Validator>),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Absent,
    Unchanged,
    /// When it changed, if the database knows.
    Time(Option<OffsetDateTime>),
    Image(Option<OffsetDateTime>, Vec<u8>),
}

impl Question<'_> {
    /// Asks. After an error the connection is not to be used again.
    pub(crate) async fn ask(&self, session: &mut dyn Session, id: &Id) -> sqlx::Result<Answer> {
        match self {
            Self::Time(query) => Ok(match session.time(query, id).await? {
                Some(time) => Answer::Time(time),
                None => Answer::Absent,
            }),
            Self::Image(Queries { blob, modified: None }, _) => image(session, blob, id, None).await,
            // In a transaction that sees one state of the database, so that the time is that of the bytes. Asking for
            // the time before and after would do without, but an image that is written often might never hold still.
            Self::Image(
                Queries {
                    blob,
                    modified: Some(modified),
                },
                unless,
            ) => {
                session.begin().await?;
                let answer = match session.time(modified, id).await? {
                    None => Answer::Absent,
                    Some(Some(time)) if *unless == Some(&validator(time)) => Answer::Unchanged,
                    Some(time) => image(session, blob, id, time).await?,
                };
                session.end().await?;
                Ok(answer)
            }
        }
    }
}

async fn image(
    session: &mut dyn Session,
    query: &Query,
    id: &Id,
    modified: Option<OffsetDateTime>,
) -> sqlx::Result<Answer> {
    Ok(match session.blob(query, id).await? {
        Some(bytes) => Answer::Image(modified, bytes),
        None => Answer::Absent,
    })
}

/// What is known without the bytes.
pub(crate) fn stat(modified: Option<OffsetDateTime>) -> Stat {
    let Some(modified) = modified else {
        return Stat::unknown();
    };
    let mut stat = Stat::known(validator(modified), 0, Some(modified.into()));
    stat.length = None;
    stat
}

/// What is known with the bytes. Without a time, the bytes tell their version themselves.
pub(crate) fn stat_of(modified: Option<OffsetDateTime>, bytes: &[u8]) -> Stat {
    let validator = modified.map_or_else(|| Validator::new(digest(bytes)), validator);
    Stat::known(validator, bytes.len() as u64, modified.map(Into::into))
}

/// The time as precisely as the database keeps it.
fn validator(modified: OffsetDateTime) -> Validator {
    Validator::new(format!("modified-{}", modified.unix_timestamp_nanos()))
}
