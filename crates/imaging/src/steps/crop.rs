//! Crop step: cuts the window out of the rows that stream by.

use crate::band::Band;
use crate::shrink::Axis;

/// The parts of the band's rows that lie inside of the window, across and down. The band begins at row `first_row`.
pub(crate) fn rows<'a>(band: &Band<'a>, first_row: u32, [across, down]: [Axis; 2]) -> impl Iterator<Item = &'a [u8]> {
    let bytes = band.channels.count();
    let columns = across.first as usize * bytes..across.end as usize * bytes;
    let skipped = down.first.saturating_sub(first_row) as usize;
    let wanted = down.end.saturating_sub(first_row) as usize;
    band.rows()
        .take(wanted)
        .skip(skipped)
        .map(move |row| &row[columns.clone()])
}
