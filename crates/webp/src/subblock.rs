//! Subblock prediction (RFC 6386, section 12.3): predicts 4×4 samples of luma from the samples around them.

/// The prediction mode of a subblock, in the order of the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SubblockMode {
    /// The mean of the samples above and left.
    #[default]
    Dc,
    /// The sample above plus the sample left minus the corner.
    TrueMotion,
    Vertical,
    Horizontal,
    LeftDown,
    RightDown,
    VerticalRight,
    VerticalLeft,
    HorizontalDown,
    HorizontalUp,
}

/// The samples around a subblock: left of it from the bottom up, the corner, above it, and above its right neighbour.
pub(crate) type Edge = [u8; 13];

/// The index of the corner in an edge.
const CORNER: usize = 4;

pub(crate) fn predict(mode: SubblockMode, edge: &Edge) -> [[u8; 4]; 4] {
    // Averages: of a sample and the next one, and weighted around a sample.
    let two = |first: usize| mean(edge[first], edge[first + 1]);
    let three = |centre: usize| weighted(edge[centre - 1], edge[centre], edge[centre + 1]);
    match mode {
        SubblockMode::Dc => {
            let sum: u16 = (0..CORNER).chain(5..9).map(|index| u16::from(edge[index])).sum();
            [[((sum + 4) >> 3) as u8; 4]; 4]
        }
        SubblockMode::TrueMotion => [3, 2, 1, 0].map(|left| {
            let base = i16::from(edge[left]) - i16::from(edge[CORNER]);
            [5, 6, 7, 8].map(|above| (base + i16::from(edge[above])).clamp(0, 255) as u8)
        }),
        SubblockMode::Vertical => [[5, 6, 7, 8].map(three); 4],
        SubblockMode::Horizontal => {
            let last = weighted(edge[1], edge[0], edge[0]);
            [three(3), three(2), three(1), last].map(|sample| [sample; 4])
        }
        SubblockMode::LeftDown => {
            let last = weighted(edge[11], edge[12], edge[12]);
            let [a, b, c, d, e, f] = [6, 7, 8, 9, 10, 11].map(three);
            [[a, b, c, d], [b, c, d, e], [c, d, e, f], [d, e, f, last]]
        }
        SubblockMode::RightDown => {
            let [a, b, c, d, e, f, g] = [1, 2, 3, 4, 5, 6, 7].map(three);
            [[d, e, f, g], [c, d, e, f], [b, c, d, e], [a, b, c, d]]
        }
        SubblockMode::VerticalRight => {
            let [a, b, c, d] = [4, 5, 6, 7].map(two);
            let [e, f, g, h, i, j] = [2, 3, 4, 5, 6, 7].map(three);
            [[a, b, c, d], [g, h, i, j], [f, a, b, c], [e, g, h, i]]
        }
        SubblockMode::VerticalLeft => {
            let [a, b, c, d] = [5, 6, 7, 8].map(two);
            let [e, f, g, h, i, j] = [6, 7, 8, 9, 10, 11].map(three);
            [[a, b, c, d], [e, f, g, h], [b, c, d, i], [f, g, h, j]]
        }
        SubblockMode::HorizontalDown => {
            let [a, b, c, d] = [0, 1, 2, 3].map(two);
            let [e, f, g, h, i, j] = [1, 2, 3, 4, 5, 6].map(three);
            [[d, h, i, j], [c, g, d, h], [b, f, c, g], [a, e, b, f]]
        }
        SubblockMode::HorizontalUp => {
            let [a, b, c] = [2, 1, 0].map(two);
            let [d, e] = [2, 1].map(three);
            let (f, last) = (weighted(edge[1], edge[0], edge[0]), edge[0]);
            [[a, d, b, e], [b, e, c, f], [c, f, last, last], [last; 4]]
        }
    }
}

const fn mean(a: u8, b: u8) -> u8 {
    ((a as u16 + b as u16 + 1) >> 1) as u8
}

const fn weighted(before: u8, centre: u8, after: u8) -> u8 {
    ((before as u16 + 2 * centre as u16 + after as u16 + 2) >> 2) as u8
}
