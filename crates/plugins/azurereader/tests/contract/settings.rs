//! Settings: defaults, refusals, the messages of `check --connect`, and the target of a redirect.

use std::sync::Arc;
use std::time::Duration;

use resizer_azurereader::AzureReader;
use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::HandlePlan;
use resizer_plugin_api::{
    Flow, ImageRequest, InstallError, PreHandleEvent, Query, RequestHead, SourceKey, Stat, engine::HookTable, imaging,
};
use resizer_test_stores::azurite::{ACCOUNT, KEY, signature};

use super::{azurite, endpoint, installed, path, source, with_key};

async fn connect(settings: &str) -> Result<(), InstallError> {
    for handler in &installed(settings).on_connect {
        (handler.value)().await?;
    }
    Ok(())
}

#[tokio::test]
async fn connection_check_names_the_wrong_setting() {
    let Some(azurite) = azurite().await else { return };
    let at = endpoint(&azurite);
    let good = with_key(&at) + "containers = ['photos', 'logos']\n";
    connect(&good).await.unwrap();
    azurite.put("photos", "resizer-check-connect", b"").await;
    connect(&good).await.unwrap();

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nowhere = at.replace(&azurite.address().to_string(), &nobody.to_string());
    let quick = "connect_timeout = '1s'\nread_timeout = '1s'\nfetch_timeout = '2s'\n";
    let with_sas = |permissions: &str, until: &str| {
        let sas = signature(permissions, until);
        format!("account = '{ACCOUNT}'\nendpoint = '{at}'\nsas = '{sas}'\ncontainers = ['photos']")
    };
    for (settings, setting, part) in [
        (good.replace(KEY, "d3Jvbmc="), "account_key", "copy it again"),
        (with_sas("r", "2020-01-01T00:00:00Z"), "sas", "its time is over"),
        (with_sas("l", "2099-01-01T00:00:00Z"), "sas", "does not allow reading"),
        (good.replace("logos", "lgoos"), "containers", "no container \"lgoos\""),
        (good.replace(&at, &nowhere) + quick, "endpoint", "Connection refused"),
        (
            format!("account = '{ACCOUNT}'\nendpoint = '{at}'\nanonymous = true\ncontainers = ['photos']"),
            "anonymous",
            "not public",
        ),
        (
            format!(
                "connection_string = 'AccountName={ACCOUNT};AccountKey=d3Jvbmc=;BlobEndpoint={at}'\ncontainers = ['photos']"
            ),
            "connection_string",
            "copy it again",
        ),
        (
            format!(
                "connection_string = 'AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={nowhere}'\ncontainers = ['photos']\n{quick}"
            ),
            "connection_string",
            "Connection refused",
        ),
    ] {
        match connect(&settings).await {
            Err(InstallError::Setting { name, message }) => {
                assert_eq!(name, setting, "{settings}\n{message}");
                assert!(message.contains(part), "{setting}: {message}");
                for secret in [KEY, "d3Jvbmc", "sig=", "sv="] {
                    assert!(!message.contains(secret), "{message}");
                }
            }
            other => panic!("{settings}\n{other:?}"),
        }
    }
}

/// The target of the redirect, if any, for this source, with or without processing.
fn redirected(table: &HookTable, url_path: &str, source: &str, processing: bool) -> Option<String> {
    let head = Arc::new(RequestHead::get(url_path, ""));
    let request = ImageRequest::new(
        head,
        url_path.to_owned(),
        Query::default(),
        imaging::Instructions::default(),
        http::Extensions::new(),
    );
    let (key, stat, mut plan) = (SourceKey::new(source), Stat::unknown(), HandlePlan::default());
    let mut event = PreHandleEvent::new(&request, &key, &stat, None, processing, processing, &mut plan);
    match (table.on_pre_handle[0].value)(&mut event).unwrap() {
        Flow::Respond(reply) => {
            assert_eq!(reply.status, 302);
            Some(reply.headers["location"].to_str().unwrap().to_owned())
        }
        Flow::Continue => None,
    }
}

#[test]
fn redirect_leads_to_the_blob_without_a_signature() {
    let table = installed(
        "account = 'shop'\nsas = 'sv=1&sig=hunter2'\ncontainers = ['photos']\nredirect_to_blob_if_unmodified = true",
    );
    let at = "azure:https://shop.blob.core.windows.net";
    let check = |url_path: &str, source: &str, processing: bool, expected: Option<&str>| {
        let found = redirected(&table, url_path, &format!("{at}/{source}"), processing);
        assert_eq!(found.as_deref(), expected, "{url_path} {source} {processing}");
    };
    let blob = Some("https://shop.blob.core.windows.net/photos/a/b%20c.jpg");
    check("/azure/photos/a/b c.jpg", "photos/a/b c.jpg", false, blob);
    check("/azure/photos/a/b c.jpg", "photos/a/b c.jpg", true, None);
    check("/other/photos/a/b c.jpg", "photos/a/b c.jpg", false, None);
    check("/azure/payroll/a.jpg", "payroll/a.jpg", false, None);
}

#[test]
fn settings_are_parsed_or_refused() {
    let least = "account = 'shop'\ncontainers = ['photos']\n";
    let table = installed(least);
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/azure/");
    assert!(!mounted.policy.fast && mounted.policy.require_image_extension);
    assert!(!mounted.policy.untrusted_data && !mounted.policy.cache_unmodified_files);
    assert_eq!(mounted.policy.check_modified, Duration::from_secs(300));
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    assert_eq!((table.on_start.len(), table.on_connect.len()), (0, 1));
    assert_eq!((table.sources.len(), table.on_pre_handle.len()), (1, 0));

    let identity = |settings: &str| source(settings).identity(&path("photos/a b.jpg")).to_string();
    assert_eq!(
        identity(least),
        "azure:https://shop.blob.core.windows.net/photos/a b.jpg"
    );
    assert_eq!(
        identity("connection_string = 'UseDevelopmentStorage=true'\ncontainers = ['photos']"),
        "azure:http://127.0.0.1:10000/devstoreaccount1/photos/a b.jpg"
    );

    for (settings, part) in [
        ("containers = ['photos']", "`account`"),
        ("account = 'shop'", "containers"),
        (
            "connection_string = 'UseDevelopmentStorage=true'\ntenant_id = 'a'\ncontainers = ['photos']",
            "`connection_string`",
        ),
        (
            "account = 'shop'\ncontainers = ['photos']\nread_timeout = '0s'",
            "`read_timeout`",
        ),
        ("account = 'shop'\ncontainers = []", "`containers`"),
        ("account = 'shop'\ncontainers = ['Photos']", "a container's name"),
        (
            "account = 'shop.evil.example/'\ncontainers = ['photos']",
            "an account's name",
        ),
        (
            "account = 'shop'\ncontainers = ['photos']\nacount_key = 'hunter2'",
            "acount_key",
        ),
        (
            "account = 'shop'\ncontainers = ['photos']\naccount_key = 'hunter2!'",
            "`account_key`",
        ),
        ("account = 'shop'\ncontainers = ['photos']\nsas = 'hunter2'", "`sas`"),
        (
            "account = 'shop'\ncontainers = ['photos']\nsas = 'sig=hunter2'\nanonymous = true",
            "`account`",
        ),
        (
            "account = 'shop'\ncontainers = ['photos']\nconnection_string = 'hunter2'",
            "`connection_string`",
        ),
        (
            "containers = ['photos']\nconnection_string = 'hunter2'",
            "`connection_string`",
        ),
        (
            "account = 'shop'\ncontainers = ['photos']\nuntrusted_data = true\nredirect_to_blob_if_unmodified = true",
            "`redirect_to_blob_if_unmodified`",
        ),
    ] {
        let error = Installer::default()
            .install::<AzureReader>(settings)
            .map(drop)
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains(part), "{settings:?}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
