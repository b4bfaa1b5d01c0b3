//! Where segments are that have left the memory.

use std::io;
use std::path::{Path, PathBuf};

use bridge_origin::event::SegmentKey;
use tokio::fs;
use tracing::warn;

/// The folder of one life of a stream. It goes with the last who knows of it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it.
    pub(crate) async fn make(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path).await?;
        Ok(Self(path))
    }

    /// Where a segment is. Both parts of its name are ours: letters, digits and a number.
    pub(crate) fn file(&self, key: &SegmentKey) -> PathBuf {
        self.0
            .join(format!("{}-{}.m4s", key.rendition, key.segment.0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        // A removal of thousands of files must not hold up whoever lets go last.
        let remove = move || {
            if let Err(error) = std::fs::remove_dir_all(&path) {
                warn!(path = %path.display(), %error, "the files of a stream cannot be removed");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// What is left of streams of another life of this server: nobody can ask for it, the names of its epochs are gone.
pub(crate) fn clear(root: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
