//! The certificates of a simulation, and the provider that makes them.

use std::sync::{Arc, OnceLock};

use sfu_core::Certificate;
use str0m::config::{CryptoProvider, DtlsCert};

use crate::key_copy;

pub(super) fn crypto() -> Arc<CryptoProvider> {
    static CRYPTO: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(CRYPTO.get_or_init(|| Arc::new(key_copy::provider())))
}

/// The node's certificate and the one that all browsers share: made once per process, because a key takes longer to make
/// than a second of media to simulate.
pub(super) fn both() -> &'static (DtlsCert, DtlsCert) {
    static CERTIFICATES: OnceLock<(DtlsCert, DtlsCert)> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let make = || crypto().dtls_provider.generate_certificate();
        match (make(), make()) {
            (Some(node), Some(browser)) => (node, browser),
            #[expect(
                clippy::panic,
                reason = "without a certificate nothing can be simulated"
            )]
            _ => panic!("the crypto provider makes no certificates"),
        }
    })
}

/// The node's DTLS certificate.
pub fn of_the_node() -> Certificate {
    let (node, _) = both();
    Certificate {
        certificate_der: node.certificate.clone(),
        private_key_der: node.private_key.clone(),
    }
}
