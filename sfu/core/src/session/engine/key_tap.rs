//! Takes a subscriber's SRTP keys out of the engine, and leaves it others.
//!
//! Subscribers' media is sealed by our own egress. An AES-GCM nonce that is used twice under one key gives the key away
//! (RFC 7714 section 9.1), and the engine sends reports unasked: so it never learns the real keys. What it seals with its
//! random ones is not sent.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use str0m::config::{DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::CryptoProvider;
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, SrtpProfile};

use crate::session::engine::handshake;
use crate::srtp::{self, Profile, Side};

thread_local! {
    /// Where the next DTLS instance of this thread puts its keys: the engine makes one while it is built, and gives no
    /// other way to tell which engine an instance belongs to.
    static NEXT: RefCell<Option<Arc<KeySlot>>> = const { RefCell::new(None) };
}

/// What a handshake agreed on.
pub(crate) struct Agreed {
    pub(crate) material: srtp::KeyingMaterial,
    pub(crate) profile: Profile,
    /// Our side of the handshake.
    pub(crate) side: Side,
}

/// Where the keys of one engine arrive.
#[derive(Default)]
pub(super) struct KeySlot(Mutex<Option<Agreed>>);

impl std::fmt::Debug for KeySlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySlot(***)")
    }
}

impl KeySlot {
    pub(super) fn take(&self) -> Option<Agreed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, agreed: Agreed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(agreed);
    }
}

/// The provider whose DTLS is tapped.
pub(super) fn provider() -> CryptoProvider {
    static TAP: OnceLock<Tap> = OnceLock::new();
    let provider = handshake::provider();
    let tap = TAP.get_or_init(|| Tap {
        inner: provider.dtls_provider,
    });
    CryptoProvider {
        dtls_provider: tap,
        ..provider
    }
}

/// Builds an engine whose keys arrive in the slot that is returned.
pub(super) fn tapped<T>(build: impl FnOnce() -> T) -> (T, Arc<KeySlot>) {
    let slot = Arc::new(KeySlot::default());
    NEXT.set(Some(Arc::clone(&slot)));
    let built = build();
    NEXT.set(None);
    (built, slot)
}

#[derive(Debug)]
struct Tap {
    inner: &'static dyn DtlsProvider,
}

impl DtlsProvider for Tap {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.inner.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, str0m::crypto::CryptoError> {
        let inner = self.inner.new_dtls(cert, now, dtls_version, mtu)?;
        let slot = NEXT.take().unwrap_or_default();
        Ok(Box::new(TappedInstance { inner, slot }))
    }
}

#[derive(Debug)]
struct TappedInstance {
    inner: Box<dyn DtlsInstance>,
    slot: Arc<KeySlot>,
}

impl TappedInstance {
    /// Keeps the real keys, and gives the engine as many random bytes.
    fn keep(&self, material: &[u8], profile: SrtpProfile) -> KeyingMaterial {
        let mut decoy = vec![0; material.len()];
        let is_random = aws_lc_rs::rand::fill(&mut decoy).is_ok();
        let side = if self.inner.is_active() {
            Side::Client
        } else {
            Side::Server
        };
        if let (Some(profile), true) = (our_profile(profile), is_random) {
            self.slot.put(Agreed {
                material: srtp::KeyingMaterial::from_exporter(material),
                profile,
                side,
            });
        }
        KeyingMaterial::new(&decoy)
    }
}

/// `None`: a profile that we cannot seal gets no media.
fn our_profile(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmSha1_80),
        _ => None,
    }
}

impl DtlsInstance for TappedInstance {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = output {
            DtlsOutput::KeyingMaterial(self.keep(&material, profile), profile)
        } else {
            output
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<str0m::crypto::dtls::ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests;
