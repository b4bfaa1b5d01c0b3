//! The DTLS certificate of a node: made at its start, shared by its workers, gone with it.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use sfu_core::config::Certificate;

/// Makes a self-signed ECDSA P-256 certificate. Clients trust it by the fingerprint in the SDP (RFC 8122), never by its
/// name or dates; P-256 is the curve that every WebRTC client must have (RFC 8827 section 6.5).
pub(crate) fn make() -> Result<Certificate, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "freshet");
    params.distinguished_name = name;
    let certificate = params.self_signed(&key)?;
    Ok(Certificate {
        certificate_der: certificate.der().to_vec(),
        private_key_der: key.serialize_der(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_nodes_have_two_certificates() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_ne!(one.certificate_der, other.certificate_der);
        assert_ne!(one.private_key_der, other.private_key_der);
    }
}
