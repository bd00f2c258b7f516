//! Record of an original under its key: the content's hash, and the meta of the original. As JSON, beside no other
//! bytes; the store checks that the record is what was written.

use std::time::SystemTime;

use resizer_plugin_api::{EntryMeta, Validator};
use serde::{Deserialize, Serialize};

/// The record that a key leads to.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Named {
    /// SHA-256 of the content, in hexadecimal digits.
    pub(crate) content: String,
    pub(crate) length: u64,
    content_type: String,
    validator: String,
    modified: Option<SystemTime>,
}

impl Named {
    pub(crate) fn new(content: &str, length: u64, meta: EntryMeta) -> Self {
        Self {
            content: content.to_owned(),
            length,
            content_type: meta.content_type,
            validator: meta.validator.as_str().to_owned(),
            modified: meta.modified,
        }
    }

    /// `None` for a time before 1970, which JSON has no form for.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    /// `None` for a record that another version may have written.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn meta(self) -> EntryMeta {
        EntryMeta::new(self.content_type, Validator::new(self.validator)).with_modified(self.modified)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn record_read_back_is_what_was_written() {
        for modified in [
            None,
            Some(SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 999_999_999)),
        ] {
            for validator in ["", "1-\"ä\"\\"] {
                let meta = EntryMeta::new("image/jpeg", Validator::new(validator)).with_modified(modified);
                let bytes = Named::new("00ff", u64::MAX, meta.clone()).to_bytes().unwrap();
                let named = Named::from_bytes(&bytes).unwrap();
                assert_eq!((named.content.as_str(), named.length), ("00ff", u64::MAX));
                assert_eq!(named.meta(), meta);
            }
        }
        assert_eq!(Named::from_bytes(b"{}"), None);
    }
}
