//! Reference pages: rendered from the settings types with their doc comments and defaults, and from the table of
//! querystring keys. `resizer-host docs` writes them, and a test compares them with `docs/`.

mod editor;
mod pictures;
mod table;

pub use pictures::{PICTURES, PictureRow};

use std::fmt::Write as _;
use std::path::PathBuf;

use resizer_imaging::{KEYS, Key, Support};
use resizer_plugin_api::engine::Registration;
use serde_json::Value;

use crate::config::{HostSettings, schema, server_schema};

/// One generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path below the docs folder.
    pub path: PathBuf,
    /// The text of the page.
    pub text: String,
}

/// First line of each page.
const GENERATED: &str = "<!-- Generated from the code; `cargo xtask docs` writes it anew. -->\n";

/// All generated files: the server's settings with the host's settings `H`, the querystring, one page for each plugin
/// of this build, and the schema for editors.
#[must_use]
pub fn pages<H: HostSettings>() -> Vec<Page> {
    let server = server_schema::<H>();
    let plugins: Vec<(&Registration, Value)> = Registration::linked()
        .into_iter()
        .map(|plugin| (plugin, schema::inlined((plugin.schema)())))
        .collect();
    let page = |path: String, text: String| Page {
        path: path.into(),
        text,
    };
    let mut pages = vec![
        page("server.md".to_owned(), server_page(&server)),
        page("querystring.md".to_owned(), querystring_page()),
        page("plugins.schema.json".to_owned(), editor::schema(&server, &plugins)),
    ];
    pages.extend(
        plugins
            .iter()
            .map(|(plugin, schema)| page(format!("plugins/{}.md", plugin.name), plugin_page(plugin, schema))),
    );
    pages
}

fn plugin_page(plugin: &Registration, schema: &Value) -> String {
    let mut text = format!(
        "{GENERATED}\n# {}\n\n{}\n\n{}\n\n",
        plugin.name,
        plugin.summary,
        plugin.docs.trim()
    );
    text.push_str("## Settings\n\n");
    _ = writeln!(text, "```toml\n[[plugin]]\nname = \"{}\"", plugin.name);
    for required in schema::required(schema) {
        _ = writeln!(text, "{required} = …");
    }
    text.push_str("```\n\n");
    let table = table::of(schema);
    text.push_str(if table.is_empty() {
        "It has no settings.\n"
    } else {
        &table
    });
    text
}

fn server_page(schema: &Value) -> String {
    format!(
        "{GENERATED}
# The file `plugins.toml`, and its `[server]`

The file has one `[server]` table, described below, and a list of `[[plugin]]` entries. Plugins run in the order of their
entries; one plugin may have several. Each entry has a `name`, which says which plugin it is, and may have
`enabled = false`, which parks it: it is not installed, and what is misspelt in it is a warning. All its other keys are
the plugin's settings, each on the plugin's page in [plugins](plugins).

`resizer-host check` reports everything that is wrong with the file and needs no network.

## Values from elsewhere

Inside a string value, but for `name`:

| written | becomes |
|---|---|
| `${{NAME}}` | the environment variable; it must be set |
| `${{NAME:-default}}` | the same, or the default where it is not set or empty |
| `${{file:PATH}}` | the text of a file, without the newline at its end; a relative path starts at the folder of `plugins.toml` |
| `$${{` | `${{` itself |

Where a setting is a number, a boolean or a list, a string that has such a part is read as one: `workers = \"${{WORKERS:-0}}\"`.
Values that come from elsewhere, and those of secret settings, never appear in a message.

A setting of `[server]` can also be given by an environment variable, which overrules the file:
`RESIZER__SERVER__LISTEN=0.0.0.0:8080`, `RESIZER__SERVER__TRUSTED_PROXIES=10.0.0.0/8,loopback`,
`RESIZER__SERVER__HEADERS='{{ X-Served-By = \"a\" }}'`.

A size is a number with a unit (`\"512MB\"`, `\"1GiB\"`) or a number of bytes; a time is a number with a unit (`\"250ms\"`,
`\"30s\"`, `\"5m\"`, `\"24h\"`, `\"30d\"`) or a number of seconds.

## Settings of `[server]`

A saved file takes effect within a second. Settings that need a restart say so.

{}",
        table::of(schema)
    )
}

fn querystring_page() -> String {
    let mut text = format!(
        "{GENERATED}
# The querystring

Keys are the same in upper and lower case. A value that cannot be read is ignored, as is a key that nobody knows.
"
    );
    let spelt = |key: &Key| {
        key.spellings()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for group in KEYS {
        let is_read = |key: &&Key| matches!(key.support, Support::Yes(_) | Support::Plugin);
        let supported = group.keys.iter().filter(is_read);
        let rows: String = supported
            .map(|key| {
                let (values, doc) = (table::cell(key.values), table::cell(key.doc));
                format!("| {} | {values} | {doc} |\n", spelt(key))
            })
            .collect();
        if !rows.is_empty() {
            _ = write!(
                text,
                "\n## {}\n\n| key | values | what it does |\n|---|---|---|\n{rows}",
                group.title
            );
        }
        text.push_str(&pictures::section(group.title));
    }
    text.push_str("\n## Not supported\n\nThese keys of ImageResizer and Imageflow change nothing.\n\n");
    text.push_str("| key | what it stands for | why not |\n|---|---|---|\n");
    for key in Key::all() {
        let Support::No { reason } = key.support else {
            continue;
        };
        _ = writeln!(
            text,
            "| {} | {} | {} |",
            spelt(key),
            table::cell(key.doc),
            table::cell(reason)
        );
    }
    text
}
