//! Cuts the window out of the rows that stream by.

use crate::band::Band;

/// The parts of the band's rows that lie inside `window` (x1, y1, x2, y2 of the stored picture); the band begins at row
/// `first_row`.
pub(crate) fn rows<'a>(band: &Band<'a>, first_row: u32, window: [u32; 4]) -> impl Iterator<Item = &'a [u8]> {
    let [x1, y1, x2, y2] = window;
    let bytes = band.channels.count();
    let columns = x1 as usize * bytes..x2 as usize * bytes;
    let skipped = y1.saturating_sub(first_row) as usize;
    let wanted = y2.saturating_sub(first_row) as usize;
    band.rows()
        .take(wanted)
        .skip(skipped)
        .map(move |row| &row[columns.clone()])
}
