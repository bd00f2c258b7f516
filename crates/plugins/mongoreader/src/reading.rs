//! Chunk reader: reads a file chunk by chunk and checks the number and the length of each. Chunks belong to one
//! revision of a file, so the result is that revision or an error, whatever happens to the file meanwhile.

use bytes::Bytes;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Collection, Cursor};
use resizer_plugin_api::ByteRange;

use crate::error::StoreError;
use crate::file::{StoredFile, whole_number};
use crate::store::Link;

/// The approximate bytes of one batch. Most images are one batch, and larger ones take little memory.
const BATCH: u64 = 1024 * 1024;

/// A file, or a part of it, being read.
pub(crate) struct Reading {
    link: Link,
    file: StoredFile,
    chunks: Cursor<RawDocumentBuf>,
    /// The next byte, counted from the beginning of the file.
    next: u64,
    /// The byte after the last one to read.
    end: u64,
}

impl Reading {
    /// Begins to read a file, or a range of it. `None` if it is empty.
    pub(crate) async fn begin(
        link: Link,
        chunks: &Collection<RawDocumentBuf>,
        file: StoredFile,
        range: Option<ByteRange>,
    ) -> Result<Option<Self>, StoreError> {
        let (next, end) = match range {
            None => (0, file.length),
            Some(range) if *range.start() >= file.length => return Err(StoreError::RangeBehindEnd),
            Some(range) => (*range.start(), (*range.end()).min(file.length - 1) + 1),
        };
        if next == end {
            return Ok(None);
        }
        let (first, last) = (next / file.chunk_size, (end - 1) / file.chunk_size);
        // Chunk numbers are signed 64-bit numbers, and no file has more chunks.
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let asked = chunks
            .find(doc! { "files_id": &file.id, "n": { "$gte": number(first), "$lte": number(last) } })
            .sort(doc! { "n": 1 })
            .projection(doc! { "_id": 0, "n": 1, "data": 1 })
            .batch_size((BATCH / file.chunk_size).clamp(1, 1024) as u32)
            // With a limit the server closes the cursor with the last chunk instead of one request later.
            .limit(number(last - first + 1));
        let chunks = link.answer(asked.into_future()).await?;
        Ok(Some(Self {
            link,
            file,
            chunks,
            next,
            end,
        }))
    }

    /// The next bytes. `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.next == self.end {
            return Ok(None);
        }
        let StoredFile {
            id, length, chunk_size, ..
        } = &self.file;
        let n = self.next / chunk_size;
        let begin = n * chunk_size;
        let expected = (length - begin).min(*chunk_size);
        let damaged = |what: String| StoreError::Damaged(format!("chunk {n} of the file {id} {what}"));
        if !self.link.answer(self.chunks.advance()).await? {
            return Err(damaged("is missing".to_owned()));
        }
        let chunk = self.chunks.current();
        if chunk.get("n").ok().flatten().and_then(whole_number) != Some(n) {
            return Err(damaged("is missing".to_owned()));
        }
        let bytes = chunk
            .get_binary("data")
            .map_err(|_| damaged("holds no bytes".to_owned()))?
            .bytes;
        if bytes.len() as u64 != expected {
            return Err(damaged(format!("has {} bytes instead of {expected}", bytes.len())));
        }
        let end = (begin + expected).min(self.end);
        let wanted = (self.next - begin) as usize..(end - begin) as usize;
        self.next = end;
        Ok(Some(Bytes::copy_from_slice(&bytes[wanted])))
    }
}
