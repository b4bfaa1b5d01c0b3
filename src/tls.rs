//! HTTPS: which certificate is shown, and where it is from.
//!
//! Three sources, in this order: the files that the operator names, reloaded when they change; ACME, see
//! [`crate::acme`]; else a self-signed certificate for a LAN, whose fingerprint is printed. All of them end in one
//! [`CertificateSlot`], which every TLS listener shows.

pub(crate) mod files;
pub(crate) mod self_signed;
pub(crate) mod validity;

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificate in force. Replaced as a whole; handshakes that have begun keep theirs.
#[derive(Debug)]
pub(crate) struct CertificateSlot(RwLock<Shown>);

#[derive(Debug)]
struct Shown {
    certificate: Arc<CertifiedKey>,
    /// Noted once, since every response asks.
    is_self_signed: bool,
}

impl From<Arc<CertifiedKey>> for Shown {
    fn from(certificate: Arc<CertifiedKey>) -> Self {
        let leaf = certificate.cert.first();
        Self {
            is_self_signed: leaf.is_none_or(|leaf| validity::is_self_issued(leaf)),
            certificate,
        }
    }
}

impl CertificateSlot {
    /// A slot that shows this certificate.
    pub(crate) fn new(certificate: Arc<CertifiedKey>) -> Arc<Self> {
        Arc::new(Self(RwLock::new(certificate.into())))
    }

    /// Shows another certificate from the next handshake on.
    pub(crate) fn replace(&self, certificate: Arc<CertifiedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificate.into();
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shown.certificate)
    }

    /// Whether only its fingerprint vouches for it.
    pub(crate) fn is_self_signed(&self) -> bool {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.is_self_signed
    }

    /// SHA-256 of the certificate, as browsers show it.
    pub(crate) fn fingerprint(&self) -> String {
        let certificate = self.current();
        let Some(leaf) = certificate.cert.first() else {
            return String::new();
        };
        let mut text = String::new();
        for (index, byte) in digest::digest(&digest::SHA256, leaf)
            .as_ref()
            .iter()
            .enumerate()
        {
            let separator = if index == 0 { "" } else { ":" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{byte:02X}");
        }
        text
    }
}

impl ResolvesServerCert for CertificateSlot {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1, with whatever certificate the slot shows.
pub(crate) fn server_config(slot: &Arc<CertificateSlot>) -> Arc<ServerConfig> {
    let resolver: Arc<CertificateSlot> = Arc::clone(slot);
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}
