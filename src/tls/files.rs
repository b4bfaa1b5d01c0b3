//! Certificates in files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::CertificateSlot;
use crate::watch::FileWatch;

/// Why a pair of files is no certificate. The operator must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("{path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{0}: holds no certificate in PEM")]
    NoCertificate(PathBuf),
    #[error("{0}: holds no private key in PEM")]
    NoKey(PathBuf),
    #[error("{path}: {error}")]
    Unusable { path: PathBuf, error: rustls::Error },
}

impl CertificateError {
    /// What to do.
    pub(crate) const fn action(&self) -> &'static str {
        match self {
            Self::Read { .. } => "name a file that this user may read",
            Self::NoCertificate(_) => "name the chain, the server's own certificate first",
            Self::NoKey(_) => "name the key's PEM file: PKCS#8, PKCS#1 or SEC1, not encrypted",
            Self::Unusable { .. } => "name the key that belongs to the first certificate",
        }
    }
}

/// A chain and its key from PEM files.
pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, CertificateError> {
    let bytes = |path: &Path| {
        std::fs::read(path).map_err(|error| CertificateError::Read {
            path: path.to_owned(),
            error,
        })
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate(certificate.to_owned()));
    }
    let key_der = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|_| CertificateError::NoKey(key.to_owned()))?;
    // This also refuses a key that is not the certificate's.
    CertifiedKey::from_der(chain, key_der, &default_provider())
        .map(Arc::new)
        .map_err(|error| CertificateError::Unusable {
            path: key.to_owned(),
            error,
        })
}

/// Shows what the files hold whenever they change. Files that do not fit together, as in the moment between the
/// writing of one and of the other, leave the certificate in force where it is.
pub(crate) async fn reload_when_changed(
    slot: Arc<CertificateSlot>,
    certificate: PathBuf,
    key: PathBuf,
    stop: CancellationToken,
) {
    let mut watch = FileWatch::new(vec![certificate.clone(), key.clone()]);
    while stop.run_until_cancelled(watch.changed()).await.is_some() {
        match read(&certificate, &key) {
            Ok(fresh) => {
                slot.replace(fresh);
                info!(
                    fingerprint = slot.fingerprint(),
                    "certificate files reloaded"
                );
            }
            Err(error) => {
                warn!(%error, "certificate files changed and cannot be used; keeping the last")
            }
        }
    }
}
