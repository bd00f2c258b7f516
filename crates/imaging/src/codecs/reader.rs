//! Stoppable reader, for libraries that decode a whole picture in one call: returns an error once the job is cancelled.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::Cancel;

/// A source that can be stopped. Each read returns a few kilobytes at most, so that the flag is checked often.
pub(super) struct StoppableReader<B> {
    bytes: Cursor<B>,
    cancel: Cancel,
}

/// The bytes between two checks of the flag.
const PIECE_BYTES: usize = 4096;

impl<B: AsRef<[u8]>> StoppableReader<B> {
    pub(super) fn new(bytes: B, cancel: &Cancel) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            cancel: cancel.clone(),
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        Ok(())
    }
}

impl<B: AsRef<[u8]>> Read for StoppableReader<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.bytes.read(buffer)
    }
}

impl<B: AsRef<[u8]>> BufRead for StoppableReader<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(PIECE_BYTES)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

impl<B: AsRef<[u8]>> Seek for StoppableReader<B> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(position)
    }
}
