//! Keys of entries, and the names and directories of their files.

use std::fmt;

use twox_hash::XxHash3_64;

/// The key of an entry: a digest that no two entries share, and the group that the entry is removed with.
#[derive(Clone, Debug)]
pub struct EntryKey {
    pub(super) group: Box<str>,
    pub(super) digest: [u8; 32],
    pub(super) name: Name,
}

/// The part of a key that stands in a file's name: enough to tell entries apart in the index. The file itself holds
/// the whole key, so two keys with one name would be misses to each other, not mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub(super) group: u64,
    pub(super) digest: [u64; 2],
}

impl EntryKey {
    /// The key of an entry. The digest covers all that distinguishes it, the group included, and comes from a hash with
    /// which no two entries can be made to meet.
    #[must_use]
    pub fn new(group: &str, digest: [u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest;
        let name = Name {
            group: group_number(group),
            digest: [
                u64::from_be_bytes([a, b, c, d, e, f, g, h]),
                u64::from_be_bytes([i, j, k, l, m, n, o, p]),
            ],
        };
        Self {
            group: group.into(),
            digest,
            name,
        }
    }
}

/// The group in a file's name. Groups with the same number lie side by side; the keys in their files tell them apart.
pub(super) fn group_number(group: &str) -> u64 {
    XxHash3_64::oneshot(group.as_bytes())
}

/// Which of the 256 directories holds a group: all entries of a group lie in one, so a group is removed without an
/// index and without looking anywhere else.
pub(super) fn shard(group: u64) -> u8 {
    (group >> 56) as u8
}

impl Name {
    /// The name that a file in a directory stands for, if it is one of ours.
    pub(super) fn parse(directory: u8, file: &str) -> Option<Self> {
        let (group, digest) = file.split_at_checked(16)?;
        let (first, second) = digest.strip_prefix('-')?.split_at_checked(16)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let number = |text: &str| {
            let is_ours = text.len() == 16 && text.bytes().all(is_digit);
            is_ours.then(|| u64::from_str_radix(text, 16).ok())?
        };
        let name = Self {
            group: number(group)?,
            digest: [number(first)?, number(second)?],
        };
        (shard(name.group) == directory).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group,
            digest: [first, second],
        } = self;
        write!(f, "{group:016x}-{first:016x}{second:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_is_no_entry_has_no_name() {
        let mut digest = [0; 32];
        digest[0] = 0xab;
        digest[15] = 1;
        let name = EntryKey::new("a", digest).name;
        let text = name.to_string();
        assert_eq!(text.split_once('-').unwrap().1, "ab000000000000000000000000000001");
        assert_eq!(Name::parse(shard(name.group), &text), Some(name));
        assert_eq!(Name::parse(shard(name.group) ^ 1, &text), None, "in another directory");
        let (group, digest) = text.split_at(17);
        for other in [
            text.to_uppercase(),
            format!("{text}.jpg"),
            format!("{group}+{}", &digest[1..]),
            text[1..].to_owned(),
            String::new(),
            "ä".repeat(24),
            "photo.jpg".to_owned(),
        ] {
            assert_eq!(Name::parse(shard(name.group), &other), None, "{other}");
        }
    }
}
