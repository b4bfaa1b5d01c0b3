//! The worker's end of a tap: it never waits for whoever reads the other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sfu_core::route::tracks::TrackOutline;
use sfu_model::packet::Packet;
use tokio::sync::{mpsc, watch};

/// Packets that wait for one who taps: two seconds of 40 Mbit/s. Memory: 10 MB. What comes while they are so many is lost to
/// the tap, as it would be on a network, and counted as dropped for a full mailbox.
pub(crate) const TAP_PACKETS_MAX: usize = 8_192;

/// Turns' worth of packets that wait for one who taps. A turn gives one; with this many waiting it is late by a second at
/// least, and the number of packets bounds the memory.
pub(crate) const TAP_TURNS_MAX: usize = 4_096;

/// The worker's end of a tap.
pub(crate) struct TapEnd {
    turns: mpsc::Sender<Vec<Packet>>,
    n_waiting: Arc<AtomicUsize>,
    tracks: watch::Sender<Arc<[TrackOutline]>>,
    turn: Vec<Packet>,
}

impl TapEnd {
    pub(crate) fn new(
        turns: mpsc::Sender<Vec<Packet>>,
        n_waiting: Arc<AtomicUsize>,
        tracks: watch::Sender<Arc<[TrackOutline]>>,
    ) -> Self {
        Self {
            turns,
            n_waiting,
            tracks,
            turn: Vec::new(),
        }
    }

    /// Takes a packet for the end of the turn. False: too many wait.
    #[must_use]
    pub(crate) fn push(&mut self, packet: Packet) -> bool {
        let waits = self.n_waiting.load(Ordering::Relaxed) + self.turn.len();
        let fits = waits < TAP_PACKETS_MAX;
        if fits {
            self.turn.push(packet);
        }
        fits
    }

    pub(crate) fn tell(&self, tracks: Vec<TrackOutline>) {
        self.tracks.send_replace(tracks.into());
    }

    /// Sends what the turn brought. Gives how many packets were lost.
    pub(crate) fn flush(&mut self) -> usize {
        if self.turn.is_empty() {
            return 0;
        }
        let turn = std::mem::take(&mut self.turn);
        let n_packets = turn.len();
        // Counted first: whoever reads it takes away at once.
        self.n_waiting.fetch_add(n_packets, Ordering::Relaxed);
        if self.turns.try_send(turn).is_ok() {
            return 0;
        }
        self.n_waiting.fetch_sub(n_packets, Ordering::Relaxed);
        n_packets
    }

    /// Nobody reads it any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.turns.is_closed()
    }
}

impl fmt::Debug for TapEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TapEnd({} packets this turn)", self.turn.len())
    }
}
