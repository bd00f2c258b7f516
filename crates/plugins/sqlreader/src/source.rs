//! Source of database images. An image arrives whole, as one value of one row, and is passed on in pieces.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use resizer_plugin_api::{
    ByteRange, ByteStream, Download, Error, ErrorKind, Fetch, Source, SourceKey, SourcePath, Stat, Want,
};

use crate::SqlReader;
use crate::failure::Failure;
use crate::id::Id;
use crate::lookup::{Answer, Question, stat, stat_of};

/// The length of a piece.
const PIECE: usize = 256 * 1024;

#[async_trait]
impl Source for SqlReader {
    /// The key is built from the id, so that all spellings of one id are one image. A path without an id never has such
    /// a key.
    fn identity(&self, path: &SourcePath) -> SourceKey {
        let store = &self.store;
        SourceKey::new(match self.id(path) {
            Ok(id) => format!("{store}/{id}"),
            Err(_) => format!("{store}?{path}"),
        })
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        let id = self.id(path)?;
        let Some(modified) = &self.queries.modified else {
            return Ok(Stat::unknown());
        };
        match self.ask(Question::Time(modified), &id).await? {
            Answer::Time(modified) | Answer::Image(modified, _) => Ok(stat(modified)),
            Answer::Absent | Answer::Unchanged => Err(Error::not_found()),
        }
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let id = self.id(path)?;
        let question = Question::Image(&self.queries, want.unless.as_ref());
        let (modified, bytes) = match self.ask(question, &id).await? {
            Answer::Image(modified, bytes) => (modified, Bytes::from(bytes)),
            Answer::Unchanged => return Ok(Fetch::Unchanged),
            Answer::Absent | Answer::Time(_) => return Err(Error::not_found()),
        };
        if bytes.len() as u64 > self.max_blob.0 {
            let length = bytes.len();
            let limit = self.max_blob;
            return Err(Failure::TooLarge { length, limit }.at(&self.pool.database.name));
        }
        let stat = stat_of(modified, &bytes);
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(Fetch::Unchanged);
        }
        let bytes = match want.range {
            Some(range) => part(&bytes, &range)?,
            None => bytes,
        };
        Ok(Fetch::Download(Download::new(stat, in_pieces(bytes)).held_whole()))
    }
}

impl SqlReader {
    fn id(&self, path: &SourcePath) -> Result<Id, Error> {
        let id = self.id_type.parse(path, self.extension_part_of_id);
        id.ok_or_else(|| Error::not_found().because("the path is no id of the `id_type`"))
    }

    async fn ask(&self, question: Question<'_>, id: &Id) -> Result<Answer, Error> {
        let answer = self.pool.ask(&question, id).await;
        answer.map_err(|failure| failure.at(&self.pool.database.name))
    }
}

fn part(bytes: &Bytes, range: &ByteRange) -> Result<Bytes, Error> {
    let length = bytes.len() as u64;
    if *range.start() >= length {
        return Err(Error::new(ErrorKind::BadRequest, "The range begins behind the end."));
    }
    let end = (*range.end()).min(length - 1);
    Ok(bytes.slice(*range.start() as usize..=end as usize))
}

fn in_pieces(mut bytes: Bytes) -> ByteStream {
    Box::pin(stream::iter(std::iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok(piece))
    })))
}
