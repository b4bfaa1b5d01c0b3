//! DTLS that repeats itself as soon as somebody who waits for a picture needs it, and whose timers and hellos can be drawn
//! from a seed, so that a simulation that loses a flight loses it the same way twice.
//!
//! The library's own timers begin at a second (RFC 6347 section 4.2.4.1), of which the next is two: an answer that is lost
//! twice keeps a viewer waiting for three seconds, however often its browser asks.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use str0m::config::{DtlsCert, DtlsVersion};
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

/// When a flight that nobody answers is first sent again, by chance a quarter sooner or later; the times after it double. It is
/// the round trip of a slow phone: who is farther away gets a kilobyte twice. A client that repeats its own flight is answered
/// at once, and again no sooner than twice this after the last time, which doubles too: so many datagrams are all that its
/// repetitions can draw from us.
const FIRST_REPETITION: Duration = Duration::from_millis(100);

/// Most repetitions of a flight. They take 51 s, more than the 40 s after which the library gives a handshake up: time ends
/// it, and not a number.
const REPETITIONS_MAX: usize = 8;

thread_local! {
    /// What the next DTLS instance of this thread draws from: the engine makes one while it is built.
    static NEXT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Builds an engine that draws from this seed; from the operating system without one.
pub(super) fn seeded<T>(seed: Option<u64>, build: impl FnOnce() -> T) -> T {
    NEXT.set(seed);
    let built = build();
    NEXT.set(None);
    built
}

/// The engine's provider, with DTLS of our timers.
pub(super) fn provider() -> CryptoProvider {
    static HANDSHAKES: OnceLock<Handshakes> = OnceLock::new();
    let provider = from_feature_flags();
    let handshakes = HANDSHAKES.get_or_init(|| Handshakes(provider.dtls_provider));
    CryptoProvider {
        dtls_provider: handshakes,
        ..provider
    }
}

#[derive(Debug)]
struct Handshakes(&'static dyn DtlsProvider);

impl DtlsProvider for Handshakes {
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
        // Every session is DTLS 1.2: the factory says so.
        Ok(Box::new(Handshake::new(NEXT.take(), cert, now, mtu)?))
    }
}

struct Handshake(dimpl::Dtls);

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handshake")
    }
}

impl Handshake {
    fn new(
        seed: Option<u64>,
        cert: &DtlsCert,
        now: Instant,
        mtu: Option<usize>,
    ) -> Result<Self, CryptoError> {
        let config = dimpl::Config::builder()
            // As the engine makes its own: ICE has shown who is there before a hello is answered.
            .use_server_cookie(false)
            .flight_start_rto(FIRST_REPETITION)
            .flight_retries(REPETITIONS_MAX);
        let config = match mtu {
            Some(mtu) => config.mtu(mtu),
            None => config,
        };
        let config = match seed {
            Some(seed) => config.dangerously_set_rng_seed(seed),
            None => config,
        };
        let config = config.build();
        let config = config.map_err(|error| CryptoError::Other(error.to_string()))?;
        let dtls = dimpl::Dtls::new_12(Arc::new(config), cert.clone(), now);
        Ok(Self(dtls))
    }
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
