//! Makes the engines of a worker.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use sfu_model::time::Instant;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, Rtc};

use crate::command::IceCredentials;
use crate::config::{Config, HandshakeChance, Seed};
use crate::event::Role;
use crate::session::engine::{Engine, dependency, handshake, key_tap, values};

/// What the engines of a worker share.
pub(crate) struct EngineFactory {
    crypto: Arc<CryptoProvider>,
    /// The same, for subscribers, whose keys we take.
    tapped_crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
    candidates: Vec<Candidate>,
    anchor: std::time::Instant,
    /// What handshakes draw from, if not from the operating system.
    handshakes: Option<StdRng>,
}

impl std::fmt::Debug for EngineFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineFactory")
    }
}

impl EngineFactory {
    pub(crate) fn new(config: &Config, seed: Seed) -> Self {
        let handshakes = match config.handshakes {
            HandshakeChance::OperatingSystem => None,
            // Another generator than the worker's: what else a seed decides does not depend on how many times this is asked.
            HandshakeChance::Seed => Some(StdRng::from_seed(seed.0.map(|byte| !byte))),
        };
        Self {
            crypto: Arc::new(handshake::provider()),
            tapped_crypto: Arc::new(key_tap::provider()),
            certificate: DtlsCert {
                certificate: config.certificate.certificate_der.clone(),
                private_key: config.certificate.private_key_der.clone(),
            },
            candidates: config
                .local_addresses
                .iter()
                .filter_map(values::candidate)
                .collect(),
            anchor: config.clock_anchor,
            handshakes,
        }
    }

    /// An engine with these local credentials.
    pub(crate) fn build(
        &mut self,
        credentials: &IceCredentials,
        role: Role,
        now: Instant,
    ) -> Engine {
        let config = Rtc::builder()
            .set_extension_map(extensions(role))
            .set_crypto_provider(Arc::clone(&self.crypto))
            .set_dtls_cert(self.certificate.clone())
            // DTLS 1.2 lets the server choose the SRTP profile: AES-GCM costs a fifth of what browsers list first.
            .set_dtls_version(DtlsVersion::Dtls12)
            .set_ice_lite(true)
            .set_local_ice_credentials(values::engine_credentials(credentials))
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .clear_codecs()
            .enable_opus(true, true)
            .enable_h264(true)
            .enable_vp8(true)
            .enable_vp9(true)
            .enable_av1(true);
        let start = self.to_std(now);
        let seed = self.handshakes.as_mut().map(RngCore::next_u64);
        let (mut rtc, keys) = handshake::seeded(seed, || match role {
            Role::Publisher => (config.build(start), None),
            Role::Subscriber => {
                let config = config.set_crypto_provider(Arc::clone(&self.tapped_crypto));
                let (rtc, slot) = key_tap::tapped(|| config.build(start));
                (rtc, Some(slot))
            }
        });
        for candidate in &self.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        Engine {
            rtc,
            crypto: Arc::clone(&self.crypto),
            local: credentials.clone(),
            anchor: self.anchor,
            offer: String::new(),
            sections: Vec::new(),
            keys,
            dtls_from: None,
        }
    }

    fn to_std(&self, now: Instant) -> std::time::Instant {
        self.anchor + Duration::from_nanos(now.as_nanos())
    }
}

/// The header extensions that a session may negotiate. A publisher's bandwidth estimation lives on transport-wide feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01), which the engine gives; towards subscribers the estimate is ours.
fn extensions(role: Role) -> ExtensionMap {
    let mut extensions = match role {
        Role::Publisher => ExtensionMap::standard(),
        Role::Subscriber => {
            let mut extensions = ExtensionMap::empty();
            extensions.set(1, Extension::AudioLevel);
            extensions.set(2, Extension::AbsoluteSendTime);
            extensions.set(3, Extension::TransportSequenceNumber);
            extensions.set(4, Extension::RtpMid);
            extensions.set(13, Extension::VideoOrientation);
            extensions
        }
    };
    // The offer's ids replace these: any that are free will do.
    extensions.set(5, Extension::PlayoutDelay);
    extensions.set(6, dependency::extension());
    extensions.set(12, Extension::AbsoluteCaptureTime);
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_extension_takes_anothers_place() {
        let ours = extensions(Role::Publisher);
        let standard = ExtensionMap::standard();
        let missing: Vec<&Extension> = standard
            .iter_audio()
            .chain(standard.iter_video())
            .map(|(_, extension)| extension)
            .filter(|extension| ours.id_of((*extension).clone()).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        let n_video = ours.iter_video().count();
        assert_eq!(n_video, standard.iter_video().count() + 3, "ours are there");
    }
}
