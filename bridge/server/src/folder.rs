//! Where segments are that have left the memory.

use std::io;
use std::path::{Path, PathBuf};

use bridge_origin::event::SegmentKey;
use tokio::fs::{self, File};
use tracing::warn;

/// The folder of one life of a stream. It is there with its first file, and goes with the last who knows of it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where a segment is. Both parts of its name are ours: letters, digits and a number.
    pub(crate) fn file(&self, key: &SegmentKey) -> PathBuf {
        self.0
            .join(format!("{}-{}.m4s", key.rendition, key.segment.0))
    }

    /// An empty file for a segment. A folder that could not be made for one segment can be for a later one.
    pub(crate) async fn create(&self, key: &SegmentKey) -> io::Result<File> {
        let path = self.file(key);
        match File::create(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.0).await?;
                File::create(&path).await
            }
            result => result,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        // A removal of thousands of files must not hold up whoever lets go last.
        let remove = move || {
            if let Err(error) = clear(&path) {
                warn!(path = %path.display(), %error, "the files of a stream cannot be removed");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// Removes a folder, if there is one. What is left of streams of another life of this server is of no use: nobody can ask for it, the
/// names of its epochs are gone.
pub(crate) fn clear(root: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
