//! Gate: an installed plugin that is asked about request targets, as the engine asks it behind the plugin `cloudfront`.

use std::sync::Arc;

use http::Extensions;
use resizer_engine::testing::Installer;
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{Authorizer, ClientCommands, ErrorKind, ImageRequest, Query, RequestHead};
use resizer_urlsigning::UrlSigning;

/// The keys of `tests/vectors/signing.json`.
pub(crate) const KEYS: &str = "[[keys]]\nid = 'k1'\nsecret = 'correct horse battery staple'\n\
                        [[keys]]\nid = '2026-11'\nsecret = 'Zm9ydHktdHdvIGJ5dGVzIG9mIGEgc2VjcmV0IGtleQ=='\n";

pub(crate) struct Gate {
    authorizer: Arc<dyn Authorizer>,
    /// Whether commands are read out of paths.
    pub(crate) cloudfront: bool,
}

impl Gate {
    pub(crate) fn new(settings: &str) -> Self {
        let table = Installer::default().install::<UrlSigning>(settings).unwrap();
        Self {
            authorizer: Arc::clone(&table.authorizers[0].value),
            cloudfront: true,
        }
    }

    /// Whether a request with this target is let through to the image that it names.
    pub(crate) fn lets(&self, target: &str) -> bool {
        self.lets_to(target, None)
    }

    /// As [`Gate::lets`], where rules make another path of the client's.
    pub(crate) fn lets_to(&self, target: &str, path: Option<&str>) -> bool {
        let (raw_path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = RequestHead::get(raw_path, raw_query);
        head.host = "images.example".into();
        let mut state = Extensions::new();
        let mut own_path = decoded(raw_path);
        if self.cloudfront
            && let Some((before, commands)) = own_path.split_once(';')
        {
            ClientCommands::add(&mut state, Query::parse_commands(commands).iter()).behind_semicolon = true;
            own_path = before.to_owned();
        }
        let path = path.map_or(own_path, str::to_owned);
        let request = ImageRequest::new(Arc::new(head), path, Query::default(), Instructions::default(), state);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(self.authorizer.authorize(&request)) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Forbidden);
                assert_eq!(error.message(), "This address needs a valid signature.");
                false
            }
        }
    }
}

/// A path decoded once, as the engine does.
pub(crate) fn decoded(raw: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = raw.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
