//! Writes a GIF, frame by frame, each with its own colours. Of a frame only the area that changed is stored, and in it
//! pixels that stay as they are are left out.

use gif::{DisposalMethod, Encoder as Library, EncodingError, Frame, Repeat};

use super::palette::reduce;
use crate::codecs::canvas::Area;
use crate::codecs::changes::area_of;
use crate::codecs::{Delay, Encoder, internal};
use crate::cost::gif_bytes;
use crate::picture::Picture;
use crate::{Cancel, Channels, ImageError, Size};

/// A pixel as GIF knows it: a colour, or nothing.
type Pixel = Option<[u8; 3]>;

pub(in crate::codecs) struct GifEncoder {
    library: Library<Vec<u8>>,
    size: Size,
    /// What has been written, in pieces, so that no buffer grows with the number of frames.
    pieces: Vec<Vec<u8>>,
    /// What is on the canvas before the waiting frame is drawn.
    canvas: Vec<Pixel>,
    /// A frame whose successor is not known yet: that decides what becomes of it.
    waiting: Option<(Vec<Pixel>, Delay)>,
    /// Time in milliseconds that was asked for, and in hundredths of a second that was written.
    asked: u64,
    written: u64,
}

impl GifEncoder {
    /// `plays` is how often an animation is to play, 0 for ever; a picture that does not move has none.
    pub(in crate::codecs) fn new(size: Size, plays: Option<u32>) -> Result<Self, ImageError> {
        let (Ok(width), Ok(height)) = (u16::try_from(size.width), u16::try_from(size.height)) else {
            return Err(internal(format!("a GIF encoder was given {size} pixels")));
        };
        let mut library = Library::new(Vec::new(), width, height, &[]).map_err(|error| failure(&error))?;
        let repeat = match plays {
            Some(0) => Repeat::Infinite,
            Some(plays) => Repeat::Finite(u16::try_from(plays - 1).unwrap_or(u16::MAX)),
            None => Repeat::Finite(0),
        };
        library.set_repeat(repeat).map_err(|error| failure(&error))?;
        Ok(Self {
            library,
            size,
            pieces: Vec::new(),
            canvas: Vec::new(),
            waiting: None,
            asked: 0,
            written: 0,
        })
    }

    /// Writes the waiting frame, so that `next` can be drawn upon it.
    fn write_waiting(&mut self, next: Option<&[Pixel]>, cancel: &Cancel) -> Result<(), ImageError> {
        let Some((pixels, delay)) = self.waiting.take() else {
            return Ok(());
        };
        cancel.check()?;
        // Only disposal makes a pixel transparent again, and it clears the frame's whole area.
        let clears = |index: usize| next.is_some_and(|next| pixels[index].is_some() && next[index].is_none());
        let cleared = area_of(self.size, clears).is_some();
        let shown = |index: usize| self.canvas.get(index).copied().flatten();
        let changed = area_of(self.size, |index| pixels[index] != shown(index) || clears(index));
        let area = changed.unwrap_or(Area::whole(Size::new(1, 1)));

        let indices = indices_of(area, self.size);
        let stored: Vec<Pixel> = indices
            .clone()
            .map(|index| pixels[index].filter(|_| pixels[index] != shown(index)))
            .collect();
        let reduced = reduce(area.size, &stored);
        drop(stored);
        self.asked += u64::from(delay);
        let hundredths = ((self.asked + 5) / 10).saturating_sub(self.written);
        self.written += hundredths;
        let frame = Frame {
            delay: u16::try_from(hundredths).unwrap_or(u16::MAX),
            dispose: if cleared {
                DisposalMethod::Background
            } else {
                DisposalMethod::Keep
            },
            transparent: reduced.transparent,
            left: area.left as u16,
            top: area.top as u16,
            width: area.size.width as u16,
            height: area.size.height as u16,
            palette: Some(reduced.colours),
            buffer: reduced.indices.into(),
            ..Frame::default()
        };
        let room = usize::try_from(gif_bytes(area.size)).unwrap_or(0);
        self.library.get_mut().reserve_exact(room);
        self.library.write_frame(&frame).map_err(|error| failure(&error))?;
        let mut piece = std::mem::take(self.library.get_mut());
        piece.shrink_to_fit();
        self.pieces.push(piece);

        self.canvas = pixels;
        if cleared {
            indices.for_each(|index| self.canvas[index] = None);
        }
        Ok(())
    }
}

impl Encoder for GifEncoder {
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        let pixels = pixels_of(&picture);
        drop(picture);
        self.write_waiting(Some(&pixels), cancel)?;
        self.waiting = Some((pixels, delay));
        Ok(())
    }

    fn finish(mut self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.write_waiting(None, cancel)?;
        let trailer = self.library.into_inner().map_err(|error| failure(&error))?;
        self.pieces.push(trailer);
        Ok(self.pieces.concat())
    }
}

/// Half transparent pixels become what they are more of.
fn pixels_of(picture: &Picture) -> Vec<Pixel> {
    let channels: Channels = picture.channels;
    let pixel = |bytes: &[u8]| {
        let [red, green, blue, alpha] = channels.read(bytes);
        (alpha >= 128).then_some([red, green, blue])
    };
    picture.pixels.chunks_exact(channels.count()).map(pixel).collect()
}

/// Where an area's pixels stand in a picture of this size, row by row.
fn indices_of(area: Area, size: Size) -> impl Iterator<Item = usize> + Clone {
    let width = size.width as usize;
    (area.top as usize..(area.top + area.size.height) as usize).flat_map(move |row| {
        let start = row * width + area.left as usize;
        start..start + area.size.width as usize
    })
}

fn failure(error: &EncodingError) -> ImageError {
    internal(error.to_string())
}
