//! What viewers count together.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::latency::Histogram;

/// Numbers of a window of time.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Answers, by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Connections that broke.
    pub broken: u64,
    /// Answers that were no playlist.
    pub unreadable: u64,
    /// Lateness of reloads that were held.
    pub reloads: Histogram,
    /// Lateness of parts.
    pub parts: Histogram,
    /// Age of parts.
    pub ages: Histogram,
    /// Reloads that came when what they asked for was there.
    pub not_held: u64,
    /// How often a viewer had nothing to show, and for how long.
    pub stalls: u64,
    /// All of them together.
    pub stalled: Duration,
    /// Tracks whose playlist ended.
    pub ended: u64,
}

impl Figures {
    /// Answers, whatever they say.
    pub fn n_requests(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers that are no 200, and connections that broke.
    pub fn n_errors(&self) -> u64 {
        let not_ok = self.statuses.iter().filter(|(status, _)| **status != 200);
        not_ok.map(|(_, n)| n).sum::<u64>() + self.broken + self.unreadable
    }
}
