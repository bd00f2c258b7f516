//! Negotiated format: chooses the format of a result by what its client takes and by what its source is. The engine
//! calls [`Job::negotiated`] once it has the header, and names the client's class in the key of the result.
//!
//! The table is in `docs/which-format.md`. HTTP's `Accept` is read elsewhere. The one thing that the header does not
//! tell, whether a picture is a photograph or a graphic, is found by the encoder, from the scaled picture.

use crate::cost::jpeg_xl_most_pixels;
use crate::plan::Plan;
use crate::{Format, Instructions, Job, Limits, Lossless, SourceInfo};

/// The formats beyond JPEG, PNG and GIF that a client takes. There are four classes of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// WebP.
    pub webp: bool,
    /// JPEG XL.
    pub jpeg_xl: bool,
}

impl Accepted {
    /// The name of the class, for keys and for people.
    pub const fn class(self) -> &'static str {
        match (self.jpeg_xl, self.webp) {
            (true, true) => "jxl+webp",
            (true, false) => "jxl",
            (false, true) => "webp",
            (false, false) => "none",
        }
    }
}

/// The wish of a query about its format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FormatWish {
    /// The query has no `format`.
    #[default]
    Absent,
    /// `format=keep`: the format of the source.
    Keep,
    /// `format=auto`: what suits client and source.
    Auto,
    /// This format.
    Named(Format),
}

impl Job {
    /// The job with the format that suits the client and the source, and the reason, as a clause. Limits are checked
    /// when the job is planned.
    pub fn negotiated(
        mut instructions: Instructions,
        limits: Limits,
        info: &SourceInfo,
        accepted: Accepted,
    ) -> (Self, &'static str) {
        let choice = choose(&instructions, &limits, info, accepted);
        instructions.output.graphics = choice.graphics.filter(|graphics| *graphics != choice.format);
        if choice.is_lossless {
            instructions.webp_lossless = Some(Lossless::Yes);
        }
        let job = Self {
            instructions,
            format: choice.format,
            limits,
        };
        (job, choice.reason)
    }

    /// The same job for a picture that turns out to be a graphic, if that is written in another format.
    pub(crate) fn for_graphics(&self) -> Option<Self> {
        let format = self.instructions.output.graphics?;
        let mut instructions = self.instructions.clone();
        instructions.output.graphics = None;
        instructions.webp_lossless = Some(Lossless::Yes);
        Some(Self {
            instructions,
            format,
            limits: self.limits.clone(),
        })
    }
}

/// A row of the table.
struct Choice {
    format: Format,
    /// The format for a picture that turns out to be a graphic.
    graphics: Option<Format>,
    is_lossless: bool,
    reason: &'static str,
}

impl Choice {
    const fn of(format: Format, reason: &'static str) -> Self {
        Self {
            format,
            graphics: None,
            is_lossless: false,
            reason,
        }
    }
}

fn choose(instructions: &Instructions, limits: &Limits, info: &SourceInfo, accepted: Accepted) -> Choice {
    /// VP8 stores sides in 14 bits (RFC 6386, 9.1).
    const WEBP_MOST_SIDE: u32 = 16_383;
    let moves = info.frames > 1 && instructions.frame.is_none();
    let page = info.page(instructions);
    let planned = Plan::of(
        info,
        &Job {
            instructions: instructions.clone(),
            format: Format::Png,
            limits: limits.clone(),
        },
    );
    // A job that cannot be planned is refused later, whatever its format.
    let (size, alpha) = match planned {
        Ok(plan) => (plan.output, plan.output_channels(page.channels).has_alpha()),
        Err(_) => (info.stored_size(), page.has_alpha()),
    };
    let webp = accepted.webp && size.width.max(size.height) <= WEBP_MOST_SIDE;
    let jpeg_xl = accepted.jpeg_xl && size.pixels() <= jpeg_xl_most_pixels(instructions);
    let lossless = match instructions.effective_lossless() {
        Lossless::No => false,
        Lossless::Yes => true,
        Lossless::Keep => page.lossless,
    };
    match (moves, lossless) {
        (true, _) if webp => Choice::of(Format::WebP, "it is an animation"),
        (true, _) => Choice::of(Format::Gif, "it is an animation, and the client does not take WebP"),
        (false, true) if webp => Choice {
            is_lossless: true,
            ..Choice::of(Format::WebP, "it is to be lossless")
        },
        (false, true) => Choice::of(Format::Png, "it is to be lossless, and the client does not take WebP"),
        (false, false) => {
            // Transparency has to go into a PNG, unless it is only padding of a source that has no alpha.
            let needs_alpha = if page.lossless { alpha } else { page.has_alpha() };
            let photographs = match (jpeg_xl, webp, needs_alpha) {
                (true, _, _) => Choice::of(Format::JpegXl, "the client takes JPEG XL"),
                (false, true, _) => Choice::of(Format::WebP, "the client takes WebP, and no JPEG XL of this size"),
                (false, false, true) => Choice::of(Format::Png, "it is transparent, and the client takes neither"),
                (false, false, false) => Choice::of(Format::Jpeg, "the client takes neither WebP nor JPEG XL"),
            };
            Choice {
                // A graphic is lossless, and has no quality that could be lowered.
                graphics: (page.lossless && instructions.output.max_bytes.is_none()).then_some(if webp {
                    Format::WebP
                } else {
                    Format::Png
                }),
                ..photographs
            }
        }
    }
}
