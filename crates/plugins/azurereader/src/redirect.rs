//! Redirect to the store for images that need no processing, if the operator wants that. It happens after the store was
//! asked for the blob (unless the settings say `fast`) and after all authorizers agreed. So it reveals nothing that a
//! client may not see.

use http::StatusCode;
use resizer_plugin_api::{Flow, HookResult, PreHandleEvent, Reply};
use url::Url;

use crate::AzureReader;

impl AzureReader {
    /// A redirect to the blob's own URL, without any signature, if its pixels are not changed.
    pub(crate) fn redirect(&self, event: &mut PreHandleEvent<'_>) -> HookResult {
        let ours = event.request.path.starts_with(self.prefix.as_str());
        let Some(path) = event.source.as_str().strip_prefix(&self.identities()) else {
            return Ok(Flow::Continue);
        };
        let served = path
            .split_once('/')
            .is_some_and(|(name, _)| self.containers.contains_key(name));
        if event.processing || !ours || !served {
            return Ok(Flow::Continue);
        }
        Ok(match address(self.store.account.endpoint.as_str(), path) {
            Some(url) => Flow::Respond(Reply::redirect(StatusCode::FOUND, url.as_str())),
            None => Flow::Continue,
        })
    }
}

/// The URL of a blob, with each segment of its name encoded.
fn address(endpoint: &str, path: &str) -> Option<Url> {
    let mut url = Url::parse(endpoint).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(path.split('/'));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn name_is_encoded_once() {
        let check = |path: &str, expected: &str| {
            let url = address("http://127.0.0.1:10000/account", path).unwrap();
            assert_eq!(
                url.as_str(),
                format!("http://127.0.0.1:10000/account/{expected}"),
                "{path}"
            );
        };
        check("photos/a/b c.jpg", "photos/a/b%20c.jpg");
        check("photos/50%20?#+.jpg", "photos/50%2520%3F%23+.jpg");
        check("photos/ä.jpg", "photos/%C3%A4.jpg");
    }
}
