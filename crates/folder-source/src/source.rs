//! Source of files: each answer is one trip to the IO pool, and one more for each further piece of a large file.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use resizer_disk_store::IoPoolError;
use resizer_plugin_api::{ByteStream, Download, Error, ErrorKind, Fetch, Source, SourceKey, SourcePath, Stat, Want};
use rustix::io::Errno;

use crate::FolderSource;
use crate::folder::FileError;
use crate::reading::{Reading, stat};

#[async_trait]
impl Source for FolderSource {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        SourceKey::new([&self.name, path.as_str()].concat())
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        let path = path.clone();
        let folder = Arc::clone(&self.folder);
        self.run(move || Ok(stat(&folder.open(&path)?)?)).await
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let path = path.clone();
        let folder = Arc::clone(&self.folder);
        let begun = self.run(move || {
            let file = folder.open(&path)?;
            let stat = stat(&file)?;
            if want.unless.is_some() && want.unless == stat.validator {
                return Ok(None);
            }
            let mut reading = Reading::new(file, stat, want.range)?;
            let first = reading.next()?;
            Ok(Some((first, reading)))
        });
        let Some((first, reading)) = begun.await? else {
            return Ok(Fetch::Unchanged);
        };
        let stat = reading.stat().clone();
        let bytes: ByteStream = Box::pin(stream::iter(first.map(Ok)).chain(self.rest(reading)));
        Ok(Fetch::Download(Download::new(stat, bytes).read_on_demand()))
    }
}

impl FolderSource {
    /// The pieces after the first. Nothing is read ahead: each piece is read when the stream is polled for it.
    fn rest(&self, reading: Reading) -> ByteStream {
        let reader = self.clone();
        Box::pin(stream::try_unfold(reading, move |mut reading| {
            let reader = reader.clone();
            async move {
                reader
                    .run(move || Ok(reading.next()?.map(|piece| (piece, reading))))
                    .await
            }
        }))
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, Error> {
        self.io.run(operation).await.map_err(broken)?.map_err(Error::from)
    }
}

fn broken(error: IoPoolError) -> Error {
    Error::new(ErrorKind::Internal, "The image could not be read.").because(error)
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let answer = match &error {
            FileError::Absent(_) => Self::not_found(),
            FileError::Folder(..) => Self::new(ErrorKind::Upstream, "The folder with the images cannot be read."),
            FileError::Changed => Self::new(ErrorKind::Upstream, "The image changed while it was read."),
            FileError::RangeBehindEnd => Self::new(ErrorKind::BadRequest, "The range begins behind the end."),
            FileError::File(error) => match Errno::from_io_error(error) {
                // `NXIO` and `NODEV`: a socket, or a device without a driver.
                Some(
                    Errno::NOENT
                    | Errno::NOTDIR
                    | Errno::NAMETOOLONG
                    | Errno::LOOP
                    | Errno::ILSEQ
                    | Errno::NXIO
                    | Errno::NODEV,
                ) => Self::not_found(),
                Some(Errno::ACCESS | Errno::PERM) => Self::new(ErrorKind::Forbidden, "This image may not be read."),
                _ => Self::new(ErrorKind::Upstream, "The image could not be read."),
            },
        };
        answer.because(error)
    }
}
