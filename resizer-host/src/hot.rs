//! Bodies that are sent again and again, as files in memory: the kernel sends those without copying them, by which a
//! server that does nothing else sends a twelfth more. `http.rs` asks for them, and `wire.rs` sends them.
//!
//! A body is known by where its bytes lie. While it has a file its bytes are held here, so that no others can come to lie
//! there; the file is a copy that nobody can write to. At most 32 bodies of at most 64 KiB have one: twice 2 MiB in all,
//! of what the server takes for itself. Where there are no such files (they are Linux'), bodies are sent from where they
//! are.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// A body in a file that does not change.
pub(crate) type BodyFile = Arc<OwnedFd>;

/// How many bodies have files; each has one place that it may take.
const PLACES: usize = 32;
/// Bytes of a body with a file. Of fewer there is little to copy, and it takes a second system call; more would fill the
/// memory that there is for all.
const SIZES: std::ops::RangeInclusive<usize> = 8 << 10..=64 << 10;
/// A body is hot that was sent so many times more often than others that want its place.
const HOT: u32 = 64;

static PLACES_OF_ALL: [Mutex<Place>; PLACES] = [const { Mutex::new(Place::EMPTY) }; PLACES];

/// Where one of several bodies has its file: the one that is sent most, as Boyer and Moore find it among votes.
struct Place {
    /// Where the body lies and how many bytes it has.
    body: (usize, usize),
    /// How many times more often than others it was sent, up to [`HOT`].
    lead: u32,
    /// Once it is hot: its bytes, and its file if one could be had.
    filed: Option<(Bytes, Option<BodyFile>)>,
}

/// The file with this body, if it has one.
pub(crate) fn file_of(body: &Bytes) -> Option<BodyFile> {
    if !SIZES.contains(&body.len()) {
        return None;
    }
    let name = (body.as_ptr() as usize, body.len());
    // Another thread that is here just now counts for this one, too.
    let mut place = PLACES_OF_ALL[name.0 / SIZES.start() % PLACES].try_lock()?;
    place.count(name);
    if place.lead == HOT && place.filed.is_none() {
        place.filed = Some((body.clone(), write(body).ok().map(Arc::new)));
    }
    let (_, file) = place.filed.as_ref().filter(|_| place.body == name)?;
    file.clone()
}

impl Place {
    const EMPTY: Self = Self {
        body: (0, 0),
        lead: 0,
        filed: None,
    };

    fn count(&mut self, name: (usize, usize)) {
        if self.body == name {
            self.lead = HOT.min(self.lead + 1);
        } else if self.lead > 1 {
            self.lead -= 1;
        } else {
            *self = Self {
                body: name,
                lead: 1,
                filed: None,
            };
        }
    }
}

#[cfg(target_os = "linux")]
fn write(body: &[u8]) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    let file = memfd_create("resizer-body", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(file);
    io::Write::write_all(&mut file, body)?;
    fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    Ok(file.into())
}

#[cfg(not(target_os = "linux"))]
fn write(_: &[u8]) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sends what follows `offset` in a file into a socket, as much as it takes.
#[cfg(target_os = "linux")]
pub(crate) fn send_file(socket: impl AsFd, file: &OwnedFd, offset: usize, length: usize) -> io::Result<usize> {
    let mut offset = offset as u64;
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), length)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn send_file(_: impl AsFd, _: &OwnedFd, _: usize, _: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(bodies: &[usize]) -> Place {
        let mut place = Place::EMPTY;
        bodies.iter().for_each(|body| place.count((*body, 1)));
        place
    }

    #[test]
    fn the_body_that_is_sent_most_takes_the_place() {
        assert_eq!((place_of(&[1, 1, 2]).body.0, place_of(&[1, 1, 2]).lead), (1, 1));
        assert_eq!(place_of(&[1, 1, 2, 2]).body.0, 2);
        // However often it was sent before, it gives way in the end.
        let long = [vec![1; 100_000], vec![2; HOT as usize]].concat();
        assert_eq!(place_of(&long).body.0, 2);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_hot_body_has_a_file_with_its_bytes() {
        use std::io::Read as _;

        let body = Bytes::from((0..20_000_u32).map(|at| (at % 251) as u8).collect::<Vec<_>>());
        let files: Vec<_> = (0..=HOT).filter_map(|_| file_of(&body)).collect();
        assert!(!files.is_empty(), "it was sent often enough");
        let mut read = Vec::new();
        let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let sent = send_file(&theirs, &files[0], 1_000, 19_000).unwrap();
        drop(theirs);
        ours.read_to_end(&mut read).unwrap();
        assert!(sent > 0 && read == body[1_000..1_000 + sent]);
        let mut file = std::fs::File::from(files[0].try_clone().unwrap());
        assert!(
            io::Write::write_all(&mut file, b"other").is_err(),
            "nobody writes to it"
        );
        // Others are sent from where they lie.
        assert!(file_of(&Bytes::from(vec![0; 20_000])).is_none());
        assert!(file_of(&Bytes::from_static(b"small")).is_none());
    }
}
