//! The keys of signed URLs: which signs, and which are believed.

use std::io;
use std::path::{Path, PathBuf};

use signaling_auth::signed_url::key::{ShortUrlKey, URL_KEY_BYTES_MIN, UrlKey, UrlKeys};

use crate::data_dir::{DataDir, DataError};

/// The file of the key in the data folder, where none is configured. Who renames it to [`OLD_FILE`] gets a new one at the next
/// start, and the URLs of the old one stay good until that file is removed.
const FILE: &str = "url.key";

/// The file of the key before it.
const OLD_FILE: &str = "url.key.old";

/// The configured files; an empty path is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UrlKeyFiles<'a> {
    pub(crate) current: &'a Path,
    pub(crate) previous: &'a Path,
}

/// Why a key of URLs cannot be used. The operator must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UrlKeyError {
    #[error("{path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{path}: {error}")]
    Short { path: PathBuf, error: ShortUrlKey },
    #[error(transparent)]
    Data(#[from] DataError),
}

impl UrlKeyError {
    /// What to do.
    pub(crate) const fn action(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::Data(_) => "name a file that this user may read",
            Self::Short { .. } => "make one with `head -c 32 /dev/urandom > FILE`",
        }
    }
}

fn read(path: &Path) -> Result<UrlKey, UrlKeyError> {
    let path_of = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|error| UrlKeyError::Read {
        path: path_of(),
        error,
    })?;
    UrlKey::new(&bytes).map_err(|error| UrlKeyError::Short {
        path: path_of(),
        error,
    })
}

/// A configured file; an empty path is none.
fn configured(path: &Path) -> Option<Result<UrlKey, UrlKeyError>> {
    (!path.as_os_str().is_empty()).then(|| read(path))
}

/// What is wrong with the configured files, by key of the configuration.
pub(crate) fn problems(files: UrlKeyFiles<'_>) -> Vec<(&'static str, UrlKeyError)> {
    let files = [
        ("hls.url_key", files.current),
        ("hls.url_key_old", files.previous),
    ];
    let found = files.map(|(key, path)| Some((key, configured(path)?.err()?)));
    found.into_iter().flatten().collect()
}

/// The key that `freshet token sign` signs with.
pub(crate) fn signing_key(files: UrlKeyFiles<'_>, data: &DataDir) -> Result<UrlKey, UrlKeyError> {
    if let Some(key) = configured(files.current) {
        return key;
    }
    let secret = data.secret::<URL_KEY_BYTES_MIN>(FILE)?;
    UrlKey::new(&secret).map_err(|error| UrlKeyError::Short {
        path: data.file(FILE),
        error,
    })
}

/// The keys that URLs are checked with.
pub(crate) fn keys(files: UrlKeyFiles<'_>, data: &DataDir) -> Result<UrlKeys, UrlKeyError> {
    let old = data.file(OLD_FILE);
    let previous = match configured(files.previous) {
        Some(key) => Some(key?),
        None if old.exists() => Some(read(&old)?),
        None => None,
    };
    Ok(UrlKeys::new(signing_key(files, data)?, previous))
}
