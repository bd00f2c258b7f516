//! Hostile TIFF file: page directories that all claim the same huge array of strips.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Result;

/// Writes a file whose `pages` directories share one array of `entries` strip offsets, which are also the lengths. The
/// picture has 10 × 20 pixels, so that 20 strips are the most that it can have.
pub(super) fn write(path: &Path, entries: u32, pages: u32) -> Result<()> {
    const TAGS: u32 = 9;
    const DIRECTORY_BYTES: u32 = 2 + TAGS * 12 + 4;
    const BYTE: u16 = 1;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    let array = 8 + DIRECTORY_BYTES * pages;
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"II*\0")?;
    file.write_all(&8_u32.to_le_bytes())?;
    for page in 1..=pages {
        file.write_all(&(TAGS as u16).to_le_bytes())?;
        // Width, height, bits, compression, photometric interpretation, offsets, samples, rows per strip, lengths.
        for (tag, kind, count, value) in [
            (256_u16, LONG, 1, 10),
            (257, LONG, 1, 20),
            (258, SHORT, 1, 8),
            (259, SHORT, 1, 1),
            (262, SHORT, 1, 1),
            (273, BYTE, entries, array),
            (277, SHORT, 1, 1),
            (278, LONG, 1, 20),
            (279, BYTE, entries, array),
        ] {
            file.write_all(&tag.to_le_bytes())?;
            file.write_all(&kind.to_le_bytes())?;
            file.write_all(&u32::to_le_bytes(count))?;
            file.write_all(&u32::to_le_bytes(value))?;
        }
        let next = if page == pages { 0 } else { 8 + DIRECTORY_BYTES * page };
        file.write_all(&next.to_le_bytes())?;
    }
    file.write_all(&vec![200; entries as usize])?;
    file.flush()?;
    Ok(())
}
