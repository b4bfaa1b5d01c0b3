//! What came of the floods, before it is judged.

use std::time::Duration;

use serde::Serialize;

use super::attacker::Attacked;
use crate::latency::Histogram;
use crate::proc::Scheduled;

/// A figure of the work alone, and of the work with the flood.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Pair<T> {
    /// Without the flood.
    pub calm: T,
    /// With it.
    pub flooded: T,
}

/// Sessions that were set up.
#[derive(Debug, Default)]
pub struct SetUps {
    /// Those that were asked for.
    pub n_wanted: usize,
    /// Those whose player received both tracks.
    pub n_connected: usize,
    /// From the POST to the first picture.
    pub took: Vec<Duration>,
}

/// What players saw, and what the server used for it.
#[derive(Debug, Default)]
pub struct Watched {
    /// From the publisher's write to the player's read.
    pub latency: Histogram,
    /// Packets that players got.
    pub n_packets: u64,
    /// What the server got of the CPUs.
    pub server: Scheduled,
    /// What the server's memory grew by, those blocks added up in which it did.
    pub grown_bytes: u64,
    /// How long it was.
    pub lasted: Duration,
}

/// A flood, from both ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flood {
    /// Datagrams in a second, as asked for.
    pub wanted_per_second: u32,
    /// The sender's.
    pub attacked: Attacked,
    /// Datagrams that the server says it rejected for what this flood is.
    pub n_rejected: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Sessions set up.
    pub set_ups: Pair<SetUps>,
    /// The flood that met them.
    pub hellos: Flood,
    /// Players that watched.
    pub watched: Pair<Watched>,
    /// The flood that met them.
    pub requests: Flood,
    /// Its sessions before and after the flood of binding requests.
    pub n_sessions: (u64, u64),
}
