//! What a worker's core is told once, at its start.

use std::net::SocketAddr;

use sfu_model::datagram::Transport;
use sfu_model::id::WorkerId;
use sfu_model::time::NtpTime;

use crate::limits::{EVENTS_MAX, ROOMS_MAX, SESSIONS_MAX};

/// The configuration of one worker.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its number in the node. Every ufrag it hands out begins with it.
    pub worker: WorkerId,
    /// The addresses put into candidates, in order of preference, exactly as given.
    pub local_addresses: Vec<LocalAddress>,
    /// The DTLS certificate of the node, shared by its workers.
    pub certificate: Certificate,
    /// The operating system's clock at [`Instant::START`](sfu_model::time::Instant::START): the RTC engine counts in the
    /// standard library's type, which only a clock can make.
    pub clock_anchor: std::time::Instant,
    /// The wall clock at the same moment. Sender reports count on from it, whatever the wall clock does meanwhile.
    pub ntp_anchor: NtpTime,
    /// How much it may hold.
    pub limits: Limits,
    /// Where its DTLS handshakes take their chance from.
    pub handshakes: HandshakeChance,
}

/// Where DTLS handshakes draw what is no key: when a flight is repeated, and the random bytes of a hello
/// (RFC 5246 section 7.4.1.2). Keys and signatures are the operating system's in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HandshakeChance {
    /// The operating system.
    #[default]
    OperatingSystem,
    /// 64 bits of the worker's [`Seed`] for each, so that a run can be repeated. Too few for hellos on a real network.
    Seed,
}

/// How much a worker may hold. A command past a limit is refused and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`SESSIONS_MAX`].
    pub sessions_max: usize,
    /// See [`ROOMS_MAX`].
    pub rooms_max: usize,
    /// See [`EVENTS_MAX`].
    pub events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_max: SESSIONS_MAX,
            rooms_max: ROOMS_MAX,
            events_max: EVENTS_MAX,
        }
    }
}

/// One of our transport addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddress {
    /// UDP, or TCP with us passive.
    pub transport: Transport,
    /// Where clients reach it.
    pub address: SocketAddr,
}

/// A DTLS certificate with its private key, both DER.
#[derive(Clone)]
pub struct Certificate {
    /// The X.509 certificate.
    pub certificate_der: Vec<u8>,
    /// Its private key, PKCS #8. A secret.
    pub private_key_der: Vec<u8>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate(***)")
    }
}

/// All the chance a core gets. In production 256 bits from the operating system, in a simulation the run's seed.
#[derive(Clone, Copy)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(***)")
    }
}
