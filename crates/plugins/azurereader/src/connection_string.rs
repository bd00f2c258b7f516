//! Connection string parser, for strings as the Azure portal and Microsoft's tools write them. No error repeats a part
//! of a string, since nearly every part can be a secret.

use resizer_object_storage::Endpoint;
use resizer_plugin_api::Secret;
use url::Url;

use crate::account::{Access, Account, AccountError, DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY};

/// The parts that have a meaning here.
const KNOWN: [&str; 8] = [
    "DefaultEndpointsProtocol",
    "AccountName",
    "AccountKey",
    "EndpointSuffix",
    "BlobEndpoint",
    "SharedAccessSignature",
    "UseDevelopmentStorage",
    "DevelopmentStorageProxyUri",
];
/// The parts of other services, which occur in the same strings.
const OTHERS: [&str; 8] = [
    "BlobSecondaryEndpoint",
    "QueueEndpoint",
    "QueueSecondaryEndpoint",
    "TableEndpoint",
    "TableSecondaryEndpoint",
    "FileEndpoint",
    "FileSecondaryEndpoint",
    "DfsEndpoint",
];

/// The reason why a text is no connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StringError {
    #[error("each part of a connection string is a name, `=` and a value, with `;` between parts")]
    Part,
    #[error("a part has a name that no connection string has; known are {}", KNOWN.join(", "))]
    Unknown,
    #[error("a part stands in it twice")]
    Twice,
    #[error("`UseDevelopmentStorage` is `true` or is not there")]
    Development,
    #[error("it has neither `AccountName` nor `BlobEndpoint`, so it names no account")]
    NoAccount,
    #[error("`DefaultEndpointsProtocol` is `https` or `http`")]
    Protocol,
    #[error("`BlobEndpoint`, `EndpointSuffix` or `DevelopmentStorageProxyUri` makes no address")]
    Address,
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// Reads a connection string.
pub(crate) fn parse(text: &str) -> Result<Account, StringError> {
    let mut values: [Option<&str>; KNOWN.len()] = [None; KNOWN.len()];
    for part in text.trim().split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part.trim().split_once('=').ok_or(StringError::Part)?;
        let is = |known: &&str| known.eq_ignore_ascii_case(name.trim());
        let Some(index) = KNOWN.iter().position(&is) else {
            if OTHERS.iter().any(is) {
                continue;
            }
            return Err(StringError::Unknown);
        };
        if values[index].replace(value.trim()).is_some() {
            return Err(StringError::Twice);
        }
    }
    let [
        protocol,
        name,
        key,
        suffix,
        blob_endpoint,
        signature,
        development,
        proxy,
    ] = values;
    if let Some(development) = development {
        if !development.eq_ignore_ascii_case("true") {
            return Err(StringError::Development);
        }
        return Ok(Account {
            name: DEVELOPMENT_ACCOUNT.to_owned(),
            endpoint: development_endpoint(proxy)?,
            access: Access::Key(Secret::new(DEVELOPMENT_KEY)),
        });
    }
    let address = |text: String| Endpoint::try_from(text).map_err(|_| StringError::Address);
    let endpoint = match (blob_endpoint, name) {
        (Some(endpoint), _) => address(endpoint.to_owned())?,
        (None, None) => return Err(StringError::NoAccount),
        (None, Some(name)) => {
            let protocol = protocol.unwrap_or("https").to_ascii_lowercase();
            if !matches!(protocol.as_str(), "https" | "http") {
                return Err(StringError::Protocol);
            }
            let suffix = suffix.unwrap_or("core.windows.net");
            address(format!("{protocol}://{name}.blob.{suffix}"))?
        }
    };
    let access = match (key, signature) {
        (Some(key), _) => Access::key(key)?,
        (None, Some(signature)) => Access::signature(signature)?,
        (None, None) => Access::Anonymous,
    };
    Ok(Account {
        name: match name {
            Some(name) => name.to_owned(),
            None => account_of(&endpoint),
        },
        endpoint,
        access,
    })
}

/// The storage emulator's own address, or that of a proxy before it, with the emulator's port if the proxy has none.
fn development_endpoint(proxy: Option<&str>) -> Result<Endpoint, StringError> {
    let mut url = Url::parse(proxy.unwrap_or("http://127.0.0.1")).map_err(|_| StringError::Address)?;
    if url.port().is_none() {
        url.set_port(Some(10000)).map_err(|()| StringError::Address)?;
    }
    url.set_path(DEVELOPMENT_ACCOUNT);
    Endpoint::try_from(url.to_string()).map_err(|_| StringError::Address)
}

/// The account that an address names: the first label of the host, or after an IP address the first segment.
fn account_of(endpoint: &Endpoint) -> String {
    let rest = endpoint.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let name = if path.is_empty() {
        host.split(['.', ':']).next()
    } else {
        path.split('/').next()
    };
    name.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "c2VjcmV0IGtleQ==";

    #[test]
    fn usual_forms_are_parsed() {
        let check = |text: &str, name: &str, endpoint: &str, access: &str| {
            let account = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found = match &account.access {
                Access::Key(key) => key.expose().to_owned(),
                Access::Signature(pairs) => format!("{:?}", pairs.expose()),
                Access::Anonymous => "anonymous".to_owned(),
                Access::Identity { .. } => "identity".to_owned(),
            };
            assert_eq!(
                (account.name.as_str(), account.endpoint.as_str(), found.as_str()),
                (name, endpoint, access),
                "{text}"
            );
        };
        check(
            &format!(
                "DefaultEndpointsProtocol=https;AccountName=photos;AccountKey={KEY};EndpointSuffix=core.windows.net"
            ),
            "photos",
            "https://photos.blob.core.windows.net",
            KEY,
        );
        check(
            &format!(" accountname=photos ; ACCOUNTKEY={KEY}; EndpointSuffix=core.chinacloudapi.cn;"),
            "photos",
            "https://photos.blob.core.chinacloudapi.cn",
            KEY,
        );
        check(
            &format!("DefaultEndpointsProtocol=http;AccountName=photos;AccountKey={KEY}"),
            "photos",
            "http://photos.blob.core.windows.net",
            KEY,
        );
        check(
            &format!("AccountName=a;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://q/a"),
            "a",
            "http://127.0.0.1:10000/a",
            KEY,
        );
        check(
            "BlobEndpoint=https://photos.blob.core.windows.net/;SharedAccessSignature=?sv=2021-10-04&sig=a%2Bb%3D",
            "photos",
            "https://photos.blob.core.windows.net",
            "[(\"sv\", \"2021-10-04\"), (\"sig\", \"a+b=\")]",
        );
        check(
            "BlobEndpoint=http://127.0.0.1:10000/a",
            "a",
            "http://127.0.0.1:10000/a",
            "anonymous",
        );
        check(
            "UseDevelopmentStorage=true",
            "devstoreaccount1",
            "http://127.0.0.1:10000/devstoreaccount1",
            DEVELOPMENT_KEY,
        );
        check(
            "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://proxy",
            "devstoreaccount1",
            "http://proxy:10000/devstoreaccount1",
            DEVELOPMENT_KEY,
        );
        check(
            "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.0.0.1:4711/",
            "devstoreaccount1",
            "http://127.0.0.1:4711/devstoreaccount1",
            DEVELOPMENT_KEY,
        );
    }

    #[test]
    fn invalid_string_is_refused_and_not_repeated() {
        let check = |text: &str, expected: StringError| {
            let error = parse(text).map(|_| ()).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        };
        check("", StringError::NoAccount);
        check("hunter2", StringError::Part);
        check("hunter2=a", StringError::Unknown);
        check("AccountName=a;AccountName=hunter2", StringError::Twice);
        check("AccountKey=aHVudGVyMg==", StringError::NoAccount);
        check("UseDevelopmentStorage=hunter2", StringError::Development);
        check("DefaultEndpointsProtocol=ftp;AccountName=a", StringError::Protocol);
        check("BlobEndpoint=hunter2", StringError::Address);
        check(
            "AccountName=a;AccountKey=hunter2!",
            StringError::Account(AccountError::Key),
        );
        check(
            "AccountName=a;SharedAccessSignature=hunter2",
            StringError::Account(AccountError::Signature),
        );
    }
}
