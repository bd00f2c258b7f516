//! Lookup of one image, over one connection. Called by `source` through `pool`, and by the check of the settings.

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
    /// The time of its last change.
    Time(&'q Query),
    /// The image, unless it still has this version.
    Image(&'q Queries, Option<&'q Validator>),
}

/// The answer to a question.
#[derive(Debug)]
pub(crate) enum Answer {
    Absent,
    Unchanged,
    /// The time of the last change, if the database knows it.
    Time(Option<OffsetDateTime>),
    Image(Option<OffsetDateTime>, Vec<u8>),
}

impl Question<'_> {
    /// Asks the question. After an error the connection must not be used again.
    pub(crate) async fn ask(&self, session: &mut dyn Session, id: &Id) -> sqlx::Result<Answer> {
        match self {
            Self::Time(query) => Ok(match session.time(query, id).await? {
                Some(time) => Answer::Time(time),
                None => Answer::Absent,
            }),
            Self::Image(Queries { blob, modified: None }, _) => image(session, blob, id, None).await,
            // The transaction sees one state of the database, so that the time belongs to the bytes. Asking for the
            // time before and after would also do, but an image that is written often might never hold still.
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

/// The metadata without the bytes.
pub(crate) fn stat(modified: Option<OffsetDateTime>) -> Stat {
    let Some(modified) = modified else {
        return Stat::unknown();
    };
    let mut stat = Stat::known(validator(modified), 0, Some(modified.into()));
    stat.length = None;
    stat
}

/// The metadata with the bytes. Without a time, the bytes determine the version.
pub(crate) fn stat_of(modified: Option<OffsetDateTime>, bytes: &[u8]) -> Stat {
    let validator = modified.map_or_else(|| Validator::new(digest(bytes)), validator);
    Stat::known(validator, bytes.len() as u64, modified.map(Into::into))
}

/// The time as precisely as the database keeps it.
fn validator(modified: OffsetDateTime) -> Validator {
    Validator::new(format!("modified-{}", modified.unix_timestamp_nanos()))
}
