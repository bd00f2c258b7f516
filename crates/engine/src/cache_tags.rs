//! Cache tags: headers by which a CDN can purge an image or a folder of images. The tags are the image's path and each
//! folder above it, as clients write them. If the settings say so, `respond` writes them on every answer about an
//! image, errors included, and `purge` names one. They contain public paths only, because the names of objects in a
//! store are not public.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use resizer_plugin_api::bytes_of_path;

use crate::server_settings::CacheTagHeader;

/// Escapes all but a URL's unreserved characters (RFC 3986, 2.3) and slashes. So a tag is ASCII, without space or
/// comma.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Bytes of a tag. Fastly and Cloudflare ignore longer tags.
const LONGEST: usize = 1024;
/// Bytes of all folders of a path together. CDNs take 16 KB of tags, but some proxies buffer only 4 KB of headers.
const FOLDERS_BYTES: usize = 2048;

/// The folders above a path, from the root on, each with a slash at its end. Folders that are too deep are left out.
/// The rule depends on the folder alone, so that a folder's tag stands on all of its images or on none.
fn folders(path: &str) -> Vec<String> {
    let ends = path.match_indices('/').map(|(at, slash)| at + slash.len());
    let mut bytes = 0;
    ends.map(|end| escaped(&path[..end]))
        .take_while(|folder| {
            bytes += folder.len();
            folder.len() <= LONGEST && bytes <= FOLDERS_BYTES
        })
        .collect()
}

/// The tags of an image at a decoded path.
fn tags(path: &str) -> Vec<String> {
    let mut tags = folders(path);
    let image = escaped(path);
    if image.len() <= LONGEST && tags.last() != Some(&image) {
        tags.push(image);
    }
    tags
}

/// The tag to purge for the image at this path: the narrowest one that all answers about it carry.
pub(crate) fn tag_of_source(path: &str) -> Option<String> {
    tags(path).pop()
}

/// The tag to purge for all images whose path begins with `prefix`: the narrowest one that all answers about them
/// carry.
pub(crate) fn tag_of_prefix(prefix: &str) -> Option<String> {
    folders(prefix).pop()
}

/// Writes the headers for the requested path and, where another image stands in for it, for that image's path too.
pub(crate) fn write(headers: &mut HeaderMap, kinds: &[CacheTagHeader], path: &str, stand_in: Option<&str>) {
    let mut tags = tags(path);
    for tag in stand_in.map(self::tags).unwrap_or_default() {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    for kind in kinds {
        let (name, between) = match kind {
            CacheTagHeader::SurrogateKey => (HeaderName::from_static("surrogate-key"), " "),
            CacheTagHeader::CacheTag => (HeaderName::from_static("cache-tag"), ","),
        };
        if let Ok(value) = HeaderValue::try_from(tags.join(between)) {
            headers.insert(name, value);
        }
    }
}

fn escaped(path: &str) -> String {
    percent_encode(&bytes_of_path(path), ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_in_folders_has_a_tag_for_itself_and_each_folder() {
        let check = |path: &str, expected: &[&str]| assert_eq!(tags(path), expected, "{path}");
        check("/lake.jpg", &["/", "/lake.jpg"]);
        check("/a/b/lake.jpg", &["/", "/a/", "/a/b/", "/a/b/lake.jpg"]);
        check("/a b,c/é.jpg", &["/", "/a%20b%2Cc/", "/a%20b%2Cc/%C3%A9.jpg"]);
        check("/100%/a.jpg", &["/", "/100%25/", "/100%25/a.jpg"]);
        check("/a//b", &["/", "/a/", "/a//", "/a//b"]);
        check("/a/", &["/", "/a/"]);
    }

    #[test]
    fn tag_of_a_prefix_is_on_all_images_below_it() {
        let check = |prefix: &str, expected: &str, path: &str| {
            let tag = tag_of_prefix(prefix).unwrap();
            assert_eq!(tag, expected);
            assert!(path.starts_with(prefix) && tags(path).contains(&tag), "{path}");
        };
        check("/", "/", "/a.jpg");
        check("/a/", "/a/", "/a/b.jpg");
        check("/a/b", "/a/", "/a/bc.jpg");
        check("/a", "/", "/ab/c.jpg");
        let deep = format!("/{}/", "folder/".repeat(100));
        let image = format!("{deep}{}.jpg", "é".repeat(400));
        for purged in [&deep, &image] {
            assert!(tags(&image).contains(&tag_of_prefix(purged).unwrap()));
        }
        assert!(tags(&image).contains(&tag_of_source(&image).unwrap()));
    }

    #[test]
    fn tags_of_any_path_fit_into_the_headers_of_a_proxy() {
        for path in [
            "/".repeat(8_000),
            format!("/{}", "a/".repeat(4_000)),
            format!("/{}", "é".repeat(4_000)),
            format!("/{}/{}.jpg", "b".repeat(2_000), "a".repeat(1_000)),
        ] {
            let mut headers = HeaderMap::new();
            write(&mut headers, &[CacheTagHeader::SurrogateKey], &path, None);
            let tags = headers["surrogate-key"].to_str().unwrap();
            assert!(tags.split(' ').all(|tag| tag.len() <= LONGEST), "{tags}");
            assert!((1..=3_200).contains(&tags.len()), "{tags}");
        }
    }
}
