//! The keys of tokens: which sign, and which are believed.

use std::io;
use std::path::{Path, PathBuf};

use signaling_auth::token::issue::SigningKey;
use signaling_auth::token::verify::{InvalidKey, Verifier, VerifyingKey};

use crate::data_dir::{DataDir, DataError};

/// The file of the HS256 secret in the data folder, where none is configured.
const SECRET_FILE: &str = "token.secret";

/// Length of the secret that is made, in bytes: as long as the hash that it keys (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

/// The configured files; an empty path is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyFiles<'a> {
    pub(crate) secret: &'a Path,
    pub(crate) public_keys: &'a [PathBuf],
    pub(crate) private_key: &'a Path,
}

/// Why a configured key cannot be used. The operator must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error("{path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{path}: {error}")]
    Invalid { path: PathBuf, error: InvalidKey },
}

impl KeyFileError {
    /// What to do.
    pub(crate) const fn action(&self) -> &'static str {
        match self {
            Self::Read { .. } => "name a file that this user may read",
            Self::Invalid {
                error: InvalidKey::ShortSecret,
                ..
            } => "make one with `head -c 32 /dev/urandom > FILE`",
            Self::Invalid {
                error: InvalidKey::NotEd25519Public,
                ..
            } => "make one with `openssl pkey -in PRIVATE.pem -pubout -out FILE`",
            Self::Invalid {
                error: InvalidKey::NotEd25519Private,
                ..
            } => "make one with `openssl genpkey -algorithm ed25519 -out FILE`",
            Self::Invalid { .. } => "name another file",
        }
    }
}

fn read<T>(
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<T, InvalidKey>,
) -> Result<T, KeyFileError> {
    let bytes = std::fs::read(path).map_err(|error| KeyFileError::Read {
        path: path.to_owned(),
        error,
    })?;
    parse(&bytes).map_err(|error| KeyFileError::Invalid {
        path: path.to_owned(),
        error,
    })
}

fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// What is wrong with the configured files, by key of the configuration.
pub(crate) fn problems(files: KeyFiles<'_>) -> Vec<(&'static str, KeyFileError)> {
    let mut problems = Vec::new();
    if is_set(files.secret)
        && let Err(error) = read(files.secret, VerifyingKey::hs256)
    {
        problems.push(("auth.token_secret", error));
    }
    for path in files.public_keys {
        if let Err(error) = read(path, VerifyingKey::eddsa_pem) {
            problems.push(("auth.token_public_keys", error));
        }
    }
    if is_set(files.private_key)
        && let Err(error) = read(files.private_key, SigningKey::eddsa_pem)
    {
        problems.push(("auth.token_private_key", error));
    }
    problems
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("auth: {0}")]
    Keys(#[from] InvalidKey),
}

fn hs256<T>(
    files: KeyFiles<'_>,
    data: &DataDir,
    parse: impl FnOnce(&[u8]) -> Result<T, InvalidKey>,
) -> Result<T, KeysError> {
    if is_set(files.secret) {
        return Ok(read(files.secret, parse)?);
    }
    Ok(parse(&data.secret::<SECRET_BYTES>(SECRET_FILE)?)?)
}

/// The keys that tokens are checked against: the HS256 secret and every configured public key.
pub(crate) fn verifier(files: KeyFiles<'_>, data: &DataDir) -> Result<Verifier, KeysError> {
    let mut keys = vec![hs256(files, data, VerifyingKey::hs256)?];
    for path in files.public_keys {
        keys.push(read(path, VerifyingKey::eddsa_pem)?);
    }
    Ok(Verifier::new(keys)?)
}

/// The key that `freshet token issue` signs with.
pub(crate) fn signing_key(files: KeyFiles<'_>, data: &DataDir) -> Result<SigningKey, KeysError> {
    if is_set(files.private_key) {
        return Ok(read(files.private_key, SigningKey::eddsa_pem)?);
    }
    hs256(files, data, SigningKey::hs256)
}
