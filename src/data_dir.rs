//! The folder of everything that this server keeps, and how files in it are written.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sfu_net::entropy;

/// Only its owner enters: it holds keys.
const FOLDER_MODE: u32 = 0o700;

/// Only its owner reads it.
const FILE_MODE: u32 = 0o600;

/// A data folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

/// What went wrong with a file of the data folder. The operator must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "{0}: another `freshet serve` uses this data folder; stop it, or name another with --data"
    )]
    InUse(PathBuf),
    #[error("{path}: {what}; restore it from a backup or remove it")]
    Damaged { path: PathBuf, what: String },
    #[error(transparent)]
    Entropy(#[from] entropy::EntropyUnavailable),
}

/// Attaches the path that every I/O error needs to be understood.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> DataError + '_ {
    |error| DataError::Io {
        path: path.to_owned(),
        error,
    }
}

/// Held by the one server of a data folder; the kernel lets go when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct ServerLock {
    _file: File,
}

impl DataDir {
    /// Opens the folder, and makes it where it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(path)
                .map_err(at(path))?;
        }
        let path = path.canonicalize().map_err(at(path))?;
        Ok(Self(path))
    }

    /// Where a file of that name is.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Claims the folder for one server.
    pub(crate) fn lock_for_server(&self) -> Result<ServerLock, DataError> {
        let path = self.file("server.lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(ServerLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        }
    }

    /// Waits until nobody else changes the file that this lock stands for, and keeps others out while it lives.
    pub(crate) fn lock(&self, name: &str) -> Result<File, DataError> {
        let path = self.file(name);
        let file = open_lock(&path)?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    }

    /// The secret in a file of the folder; the first call makes it.
    pub(crate) fn secret<const N: usize>(&self, name: &str) -> Result<[u8; N], DataError> {
        let path = self.file(name);
        // Two processes that start at once must not each make one.
        let _lock = self.lock("secrets.lock")?;
        match fs::read(&path) {
            Ok(bytes) => bytes.try_into().map_err(|_| DataError::Damaged {
                path,
                what: format!("is not a secret of {N} bytes"),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = entropy::random_bytes::<N>()?;
                write_atomically(&path, &secret)?;
                Ok(secret)
            }
            Err(error) => Err(at(&path)(error)),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, DataError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(at(path))
}

/// Replaces a file as a whole: a reader, or a power cut, sees the old text or the new one. Only its owner may read it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let scratch = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(FILE_MODE)
        .open(&scratch)
        .map_err(at(&scratch))?;
    // A scratch file that a crash left behind keeps the mode that it had.
    file.set_permissions(fs::Permissions::from_mode(FILE_MODE))
        .map_err(at(&scratch))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(at(&scratch))?;
    fs::rename(&scratch, path).map_err(at(path))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}
