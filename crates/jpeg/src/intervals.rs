//! Restart intervals of a scan (T.81, E.1.4, E.2.4): counts MCUs, finds the restart markers between them, and decides
//! how far damage reaches.

use crate::bits::Bits;
use crate::{Damage, Error};

/// The intervals of a scan. Each scan counts them from its own beginning.
#[derive(Debug)]
pub(crate) struct Intervals {
    /// MCUs in an interval. 0 means that there are no restart markers.
    length: u32,
    /// MCUs until the next restart marker, and the marker's number.
    left: u32,
    next: u8,
    damage: Damage,
    /// Whether the rest of this interval cannot be decoded, and whether that was so for any interval.
    lost: bool,
    damaged: bool,
    /// Whether anything was decoded up to the end of a row.
    sound: bool,
}

/// The state before an MCU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The MCU follows the one before.
    Mcu,
    /// A new interval begins, which depends on nothing before it.
    Interval,
    /// The MCU is lost.
    Lost,
}

impl Intervals {
    pub(crate) const fn new(length: u32, damage: Damage) -> Self {
        Self {
            length,
            left: length,
            next: 0,
            damage,
            lost: false,
            damaged: false,
            sound: false,
        }
    }

    /// Whether data was lost so far.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Whether at least one row was decoded up to its end.
    pub(crate) const fn has_pixels(&self) -> bool {
        self.sound
    }

    /// Moves on to the next MCU.
    #[inline(always)]
    pub(crate) fn advance(&mut self, bits: &mut Bits<'_>) -> Result<Next, Error> {
        if self.length > 0 {
            if self.left == 0 {
                *bits = self.restart(*bits)?;
                self.left = self.length - 1;
                return Ok(if self.lost { Next::Lost } else { Next::Interval });
            }
            self.left -= 1;
        }
        Ok(if self.lost { Next::Lost } else { Next::Mcu })
    }

    #[cold]
    #[inline(never)]
    fn restart<'s>(&mut self, mut bits: Bits<'s>) -> Result<Bits<'s>, Error> {
        let number = self.next;
        self.next = (number + 1) % 8;
        self.lost = false;
        if let Err(error) = bits.restart(number, self.damage) {
            self.fail(error)?;
        }
        Ok(bits)
    }

    /// The rest of the interval cannot be decoded. Passes the error on unless damage is shown.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, error: Error) -> Result<(), Error> {
        if self.damage == Damage::Refuse {
            return Err(error);
        }
        (self.lost, self.damaged) = (true, true);
        Ok(())
    }

    /// Fails if more bits were taken than there are. Bits behind the end are read as ones, so this has to be asked
    /// after each row.
    pub(crate) fn check(&mut self, bits: &Bits<'_>) -> Result<(), Error> {
        if bits.overran() && !self.lost {
            return self.fail(Error::Truncated);
        }
        self.sound |= !self.lost;
        Ok(())
    }
}
