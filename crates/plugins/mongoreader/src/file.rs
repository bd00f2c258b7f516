//! File lookup by name or by id: one query to the collection of files, which returns everything about a file but its
//! bytes.

use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::options::Collation;
use resizer_plugin_api::{Stat, Validator};

use crate::error::StoreError;
use crate::store::Link;

/// The folder whose paths are ids before they are names.
const IDS: &str = "id/";

/// A revision of a file, as the collection of files describes it.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    /// The id that its chunks refer to.
    pub(crate) id: Bson,
    /// The length in bytes.
    pub(crate) length: u64,
    /// The length of each chunk but the last. Never zero.
    pub(crate) chunk_size: u64,
    uploaded: DateTime,
}

impl StoredFile {
    /// The file that a path names.
    pub(crate) async fn find(link: &Link, files: &Collection<RawDocumentBuf>, path: &str) -> Result<Self, StoreError> {
        if let Some(text) = path.strip_prefix(IDS)
            && let Some(file) = by_id(link, files, &ids(text)).await?
        {
            return Self::parse(&file);
        }
        let file = newest(link, files, path).await?.ok_or(StoreError::Absent)?;
        Self::parse(&file)
    }

    /// The metadata of the revision. An id belongs to one revision only, so the id would be enough, but some
    /// applications choose their own ids and reuse them.
    pub(crate) fn stat(&self) -> Stat {
        let (id, uploaded) = (&self.id, self.uploaded.timestamp_millis());
        let validator = Validator::new(format!("{:x}-{uploaded:x}-{id}", self.length));
        Stat::known(validator, self.length, Some(self.uploaded.to_system_time()))
    }

    fn parse(document: &RawDocument) -> Result<Self, StoreError> {
        let field = |name: &'static str| document.get(name).ok().flatten();
        let damaged = |name| {
            let id = field("_id");
            StoreError::Damaged(format!(
                "the document of the file with the `_id` {id:?} has no usable `{name}`"
            ))
        };
        Ok(Self {
            id: field("_id")
                .and_then(|id| id.try_into().ok())
                .ok_or_else(|| damaged("_id"))?,
            length: field("length")
                .and_then(whole_number)
                .ok_or_else(|| damaged("length"))?,
            chunk_size: field("chunkSize")
                .and_then(whole_number)
                .filter(|size| *size > 0)
                .ok_or_else(|| damaged("chunkSize"))?,
            uploaded: field("uploadDate")
                .and_then(RawBsonRef::as_datetime)
                .ok_or_else(|| damaged("uploadDate"))?,
        })
    }
}

/// A count, in any of the types in which drivers have stored it over the years.
pub(crate) fn whole_number(value: RawBsonRef<'_>) -> Option<u64> {
    match value {
        RawBsonRef::Int32(number) => number.try_into().ok(),
        RawBsonRef::Int64(number) => number.try_into().ok(),
        RawBsonRef::Double(number) if number >= 0.0 && number.fract() == 0.0 => Some(number as u64),
        _ => None,
    }
}

/// The ids that a text may mean, the likeliest first: an ObjectId before its first dot; otherwise a string, as it
/// stands, without its last extension, or without all extensions.
fn ids(text: &str) -> Vec<Bson> {
    let folder = text.rfind('/').map_or(0, |slash| slash + 1);
    let before = |dot: Option<usize>| dot.map(|dot| &text[..folder + dot]);
    let without_any = before(text[folder..].find('.')).unwrap_or(text);
    let without_last = before(text[folder..].rfind('.'));
    let object = ObjectId::parse_str(without_any).ok().map(Bson::ObjectId);
    let mut strings = vec![text];
    strings.extend(without_last);
    strings.push(without_any);
    strings.dedup();
    let strings = strings.into_iter().filter(|text| !text.is_empty());
    object.into_iter().chain(strings.map(Bson::from)).collect()
}

fn description() -> Document {
    doc! { "filename": 1, "length": 1, "chunkSize": 1, "uploadDate": 1 }
}

/// The file with the first of these ids that any file has.
async fn by_id(
    link: &Link,
    files: &Collection<RawDocumentBuf>,
    ids: &[Bson],
) -> Result<Option<RawDocumentBuf>, StoreError> {
    let asked = async {
        let found = files.find(doc! { "_id": { "$in": ids } }).projection(description());
        found.await?.try_collect().await
    };
    let found: Vec<RawDocumentBuf> = link.answer(asked).await?;
    let has_id = |file: &RawDocumentBuf, id: &Bson| {
        let its = file.get("_id").ok().flatten().and_then(|its| Bson::try_from(its).ok());
        its.as_ref() == Some(id)
    };
    Ok(ids
        .iter()
        .find_map(|id| found.iter().find(|file| has_id(file, id)).cloned()))
}

/// The newest revision of the file of this name, byte for byte.
async fn newest(
    link: &Link,
    files: &Collection<RawDocumentBuf>,
    name: &str,
) -> Result<Option<RawDocumentBuf>, StoreError> {
    let ask = || {
        let newest = files.find_one(doc! { "filename": name });
        newest.sort(doc! { "uploadDate": -1 }).projection(description())
    };
    let found = link.answer(ask().into_future()).await?;
    match found {
        // The collection has a collation in which two names can be equal. Not every server with this protocol supports
        // collations, so the query sets one only when it is needed.
        Some(file) if file.get_str("filename").ok() != Some(name) => {
            let bytes = Collation::builder().locale("simple").build();
            link.answer(ask().collation(bytes).into_future()).await
        }
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_may_mean_several_ids() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = ids(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("a", &["\"a\""]);
        check("a.jpg", &["\"a.jpg\"", "\"a\""]);
        check("a.b.c.jpg", &["\"a.b.c.jpg\"", "\"a.b.c\"", "\"a\""]);
        check("x.y/a.b.jpg", &["\"x.y/a.b.jpg\"", "\"x.y/a.b\"", "\"x.y/a\""]);
        check(".jpg", &["\".jpg\""]);
        check("", &[]);
        let object = "0123456789abcdef01234567";
        let quoted = format!("\"{object}\"");
        let name = format!("ObjectId(\"{object}\")");
        check(object, &[&name, &quoted]);
        check(
            &format!("{object}.jpg.ashx"),
            &[
                &name,
                &format!("\"{object}.jpg.ashx\""),
                &format!("\"{object}.jpg\""),
                &quoted,
            ],
        );
        check(&object[1..], &[&format!("\"{}\"", &object[1..])]);
    }
}
