//! A participant's DTLS: it draws its timers from the run's seed, so that a flight that is lost is repeated at the same moment
//! in every run, and copies what its handshake agrees on, for scripts that misbehave with real keys.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sfu_core::srtp::{KeyingMaterial, Profile, Side};
use str0m::config::{DtlsCert, DtlsVersion};
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

use crate::forger::Forger;

/// When a browser first repeats a flight that is not answered: libwebrtc after two round trips and no sooner than this, which
/// is two round trips here; NSS after this.
const FIRST_REPETITION: Duration = Duration::from_millis(50);

/// Repetitions of a flight: as many as a handshake of 40 s has time for.
const REPETITIONS_MAX: usize = 9;

thread_local! {
    /// What the next DTLS instance of this thread draws from, and where it puts its copy: an engine makes its own while it is
    /// built.
    static NEXT: RefCell<Option<(u64, Arc<Copied>)>> = const { RefCell::new(None) };
}

/// Where the copy of one engine's keys arrives.
#[derive(Debug, Default)]
pub(crate) struct Copied(Mutex<Vec<Forger>>);

impl Copied {
    /// Takes one of the two, once there are any: who plays seals feedback with one, and a script what it wants with the other.
    /// They must not send from one SSRC.
    pub(crate) fn take(&self) -> Option<Forger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, forgers: Vec<Forger>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = forgers;
    }
}

/// Builds an engine that draws from this seed, and whose keys arrive in the copy that is returned.
pub(crate) fn copied<T>(seed: u64, build: impl FnOnce() -> T) -> (T, Arc<Copied>) {
    let copy = Arc::new(Copied::default());
    NEXT.set(Some((seed, Arc::clone(&copy))));
    let built = build();
    NEXT.set(None);
    (built, copy)
}

/// The provider whose handshakes are copied.
pub(crate) fn provider() -> CryptoProvider {
    static COPYING: OnceLock<Copying> = OnceLock::new();
    let provider = from_feature_flags();
    let copying = COPYING.get_or_init(|| Copying(provider.dtls_provider));
    CryptoProvider {
        dtls_provider: copying,
        ..provider
    }
}

#[derive(Debug)]
struct Copying(&'static dyn DtlsProvider);

impl DtlsProvider for Copying {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let (seed, copy) = NEXT.take().unwrap_or_default();
        let config = dimpl::Config::builder()
            .use_server_cookie(false)
            .flight_start_rto(FIRST_REPETITION)
            .flight_retries(REPETITIONS_MAX)
            .dangerously_set_rng_seed(seed);
        let config = match mtu {
            Some(mtu) => config.mtu(mtu),
            None => config,
        };
        let config = config.build();
        let config = config.map_err(|error| CryptoError::Other(error.to_string()))?;
        // The node takes nothing newer.
        let inner = dimpl::Dtls::new_12(Arc::new(config), cert.clone(), now);
        Ok(Box::new(CopyingInstance { inner, copy }))
    }
}

struct CopyingInstance {
    inner: dimpl::Dtls,
    copy: Arc<Copied>,
}

impl std::fmt::Debug for CopyingInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CopyingInstance")
    }
}

/// `None`: a profile that the node cannot seal with either.
fn our_profile(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmSha1_80),
        _ => None,
    }
}

impl DtlsInstance for CopyingInstance {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output
            && let Some(profile) = our_profile(*profile)
        {
            let side = if self.inner.is_active() {
                Side::Client
            } else {
                Side::Server
            };
            let forgers = (0..2).filter_map(|_| {
                let material = KeyingMaterial::from_exporter(material);
                Forger::new(material, profile, side)
            });
            self.copy.put(forgers.collect());
        }
        output
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
