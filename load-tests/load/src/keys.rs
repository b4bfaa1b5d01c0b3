//! The SRTP keys of a session, taken where DTLS gives them to the RTC engine.
//!
//! The engine of a player connects and keeps the connection; its media is counted and opened by us. So the keys are ours,
//! and the engine gets others of the same length: whatever it seals of its own is refused by the server, and uses no
//! nonce of ours.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use sfu_net::entropy;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};

/// What the handshake of a session gave.
pub struct Keys {
    /// How packets are sealed.
    pub profile: SrtpProfile,
    /// We were the DTLS client.
    pub is_client: bool,
    /// RFC 5764 section 4.2: client key, server key, client salt, server salt.
    pub material: Vec<u8>,
}

/// The material is secret.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({:?})", self.profile)
    }
}

/// Where the keys of one session are found once its handshake is done.
pub type KeySlot = Arc<OnceLock<Keys>>;

thread_local! {
    /// The slot of the engine that is being built on this thread: the engine makes its DTLS instance within its
    /// constructor, and gives the provider nothing to tell one from another.
    static BUILDING: RefCell<Option<KeySlot>> = const { RefCell::new(None) };
}

/// Builds an engine with this provider; the keys of its session come into the slot.
pub fn with_own_keys<T>(build: impl FnOnce(Arc<CryptoProvider>) -> T) -> (T, KeySlot) {
    let slot = KeySlot::default();
    let provider = CryptoProvider {
        dtls_provider: &TAKING,
        ..str0m::crypto::from_feature_flags()
    };
    BUILDING.set(Some(Arc::clone(&slot)));
    let built = build(Arc::new(provider));
    BUILDING.set(None);
    (built, slot)
}

/// Most bytes of keys that a profile has: two keys and two salts of AES-256-GCM (RFC 7714 section 12).
const MATERIAL_BYTES_MAX: usize = 88;

static TAKING: Taking = Taking;

/// A provider of DTLS that keeps the keys.
#[derive(Debug)]
struct Taking;

impl DtlsProvider for Taking {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        let inner = str0m::crypto::from_feature_flags().dtls_provider;
        inner.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = str0m::crypto::from_feature_flags().dtls_provider;
        let inner = inner.new_dtls(certificate, now, version, mtu)?;
        let slot = BUILDING.with_borrow(|slot| slot.clone().unwrap_or_default());
        Ok(Box::new(Instance { inner, slot }))
    }
}

#[derive(Debug)]
struct Instance {
    inner: Box<dyn DtlsInstance>,
    slot: KeySlot,
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let is_client = self.inner.is_active();
        let output = self.inner.poll_output(buf);
        let DtlsOutput::KeyingMaterial(material, profile) = output else {
            return output;
        };
        // Without chance the engine gets zeros: keys that are ours in nothing either.
        let others = entropy::random_bytes().unwrap_or([0; MATERIAL_BYTES_MAX]);
        let others = others.get(..material.len()).unwrap_or_default();
        let taken = Keys {
            profile,
            is_client,
            material: material.to_vec(),
        };
        // A session has one handshake; a second one's keys would not be those that its media is sealed with.
        let _ = self.slot.set(taken);
        DtlsOutput::KeyingMaterial(KeyingMaterial::new(others), profile)
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

    fn protocol_version(&self) -> Option<ProtocolVersion> {
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
