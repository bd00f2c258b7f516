//! Fonts of text layers: DejaVu Sans, which comes with the plugin, and those of the operator's folder. Neither the
//! system's fonts nor any by URL.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb::{Database, Family, Query};
use sha2::{Digest as _, Sha256};

/// Two thirds of all languages that are written in Latin, Cyrillic, Greek, Arabic or Hebrew letters.
static SHIPPED: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
/// The family of the shipped font.
pub(crate) const SHIPPED_FAMILY: &str = "DejaVu Sans";

/// The fonts of one entry. Those of a folder are read when the server starts.
#[derive(Debug, Default)]
pub(crate) struct Fonts(OnceLock<Loaded>);

#[derive(Debug)]
struct Loaded {
    database: Arc<Database>,
    /// Names the fonts in cache keys: another font makes other pixels.
    digest: String,
}

impl Fonts {
    /// Takes the files of a folder as fonts. Only the first call has an effect.
    ///
    /// # Errors
    /// The folder or one of its files cannot be read.
    #[expect(
        clippy::disallowed_methods,
        reason = "runs on a thread for files, once, before the first request"
    )]
    pub(crate) fn read(&self, folder: &Path) -> std::io::Result<()> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let extension = path
                .extension()
                .and_then(|extension| extension.to_str())
                .unwrap_or_default();
            if ["ttf", "otf", "ttc"].contains(&extension.to_ascii_lowercase().as_str()) {
                paths.push(path);
            }
        }
        // The digest is the same on every machine with the same files.
        paths.sort();
        let files: Vec<Vec<u8>> = paths.iter().map(std::fs::read).collect::<Result<_, _>>()?;
        self.0.get_or_init(|| Loaded::of(files));
        Ok(())
    }

    /// Whether there is a font of this family.
    pub(crate) fn has(&self, family: &str) -> bool {
        let query = Query {
            families: &[Family::Name(family)],
            ..Query::default()
        };
        self.loaded().database.query(&query).is_some()
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.loaded().database
    }

    pub(crate) fn digest(&self) -> &str {
        &self.loaded().digest
    }

    fn loaded(&self) -> &Loaded {
        self.0.get_or_init(|| Loaded::of(Vec::new()))
    }
}

impl Loaded {
    fn of(files: Vec<Vec<u8>>) -> Self {
        let mut database = Database::new();
        database.load_font_data(SHIPPED.to_vec());
        let mut hash = Sha256::new();
        for file in files {
            hash.update((file.len() as u64).to_le_bytes());
            hash.update(&file);
            database.load_font_data(file);
        }
        // Of everything that is not found.
        database.set_serif_family(SHIPPED_FAMILY);
        let digest = hash
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            database: Arc::new(database),
            digest,
        }
    }
}
