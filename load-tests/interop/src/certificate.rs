//! The ECDSA certificate that webrtcbin is given.
//!
//! It would make itself an RSA one. The server's DTLS takes ECDSA alone, which is what every browser has and what WebRTC
//! demands of all (RFC 8827 section 6.5).

use std::error::Error;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

/// A certificate for DTLS and its key.
pub(crate) struct Certificate {
    /// Both, as GStreamer takes them.
    pub(crate) pem: String,
    fingerprint: String,
}

impl Certificate {
    /// Makes a fresh pair.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let key = rcgen::KeyPair::generate()?;
        let certificate = rcgen::CertificateParams::default().self_signed(&key)?;
        let mut fingerprint = String::new();
        for byte in digest(&SHA256, certificate.der()).as_ref() {
            write!(fingerprint, ":{byte:02X}")?;
        }
        let fingerprint = fingerprint.trim_start_matches(':').to_owned();
        Ok(Self {
            pem: format!("{}{}", certificate.pem(), key.serialize_pem()),
            fingerprint,
        })
    }

    /// An offer with this certificate's fingerprint in it: webrtcbin writes that of the one it made for itself.
    pub(crate) fn signed(&self, offer: &str) -> String {
        let lines = offer.lines().map(|line| {
            if line.starts_with("a=fingerprint:") {
                format!("a=fingerprint:sha-256 {}\r\n", self.fingerprint)
            } else {
                format!("{line}\r\n")
            }
        });
        lines.collect()
    }
}
