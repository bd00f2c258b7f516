//! Meta of a result as bytes: seconds and nanoseconds of `modified`, length of the media type, media type, validator.
//! Numbers are little-endian. The store checks that the bytes are those that were written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resizer_plugin_api::{EntryMeta, Validator};

/// Stands where nanoseconds would, if it is not known when the source changed.
const UNKNOWN: u32 = u32::MAX;

/// `None` for a media type that is longer than any there is.
pub(crate) fn to_bytes(meta: &EntryMeta) -> Option<Vec<u8>> {
    let (seconds, nanoseconds) = meta.modified.map_or((0, UNKNOWN), since_epoch);
    let type_length = u16::try_from(meta.content_type.len()).ok()?;
    let mut bytes = Vec::with_capacity(14 + meta.content_type.len() + meta.validator.as_str().len());
    bytes.extend_from_slice(&seconds.to_le_bytes());
    bytes.extend_from_slice(&nanoseconds.to_le_bytes());
    bytes.extend_from_slice(&type_length.to_le_bytes());
    bytes.extend_from_slice(meta.content_type.as_bytes());
    bytes.extend_from_slice(meta.validator.as_str().as_bytes());
    Some(bytes)
}

/// `None` for bytes that another version may have written.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<EntryMeta> {
    let (seconds, bytes) = bytes.split_first_chunk()?;
    let (nanoseconds, bytes) = bytes.split_first_chunk()?;
    let (type_length, bytes) = bytes.split_first_chunk()?;
    let (content_type, validator) = bytes.split_at_checked(usize::from(u16::from_le_bytes(*type_length)))?;
    let modified = match u32::from_le_bytes(*nanoseconds) {
        UNKNOWN => None,
        nanoseconds => Some(at(i64::from_le_bytes(*seconds), nanoseconds)?),
    };
    Some(
        EntryMeta::new(
            String::from_utf8(content_type.to_vec()).ok()?,
            Validator::new(std::str::from_utf8(validator).ok()?),
        )
        .with_modified(modified),
    )
}

/// Whole seconds since the epoch, before it negative, and the nanoseconds after that second.
fn since_epoch(time: SystemTime) -> (i64, u32) {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX - 1);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (seconds(after), after.subsec_nanos()),
        Err(before) => match before.duration() {
            before if before.subsec_nanos() == 0 => (-seconds(before), 0),
            before => (-seconds(before) - 1, 1_000_000_000 - before.subsec_nanos()),
        },
    }
}

fn at(seconds: i64, nanoseconds: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second = if seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)
    } else {
        UNIX_EPOCH.checked_add(whole)
    };
    second?.checked_add(Duration::from_nanos(nanoseconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_read_back_is_what_was_written() {
        let nanosecond = Duration::from_nanos(1);
        let times = [
            None,
            Some(UNIX_EPOCH),
            Some(UNIX_EPOCH + Duration::new(1_700_000_000, 999_999_999)),
            Some(UNIX_EPOCH - nanosecond),
            Some(UNIX_EPOCH - Duration::from_secs(3)),
            Some(UNIX_EPOCH - Duration::new(3, 700)),
        ];
        for modified in times {
            for (content_type, validator) in [("image/jpeg", "1-\"ä\""), ("", ""), ("image/svg+xml", "")] {
                let meta = EntryMeta::new(content_type, Validator::new(validator)).with_modified(modified);
                assert_eq!(from_bytes(&to_bytes(&meta).unwrap()), Some(meta));
            }
        }
        assert_eq!(from_bytes(b"too short"), None);
    }
}
