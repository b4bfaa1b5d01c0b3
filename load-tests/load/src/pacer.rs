//! When the packets of a picture leave a publisher.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::session::Outgoing;

/// How fast a queue is emptied, in bitrates of the source: libwebrtc's kDefaultPaceMultiplier.
const PACE_MULTIPLIER: f64 = 2.5;

/// Between two small bursts: libwebrtc's kDefaultMinPacketLimit.
const BURST_INTERVAL: Duration = Duration::from_millis(5);

/// How a publisher spreads a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pacing {
    /// Whole pictures at once, as an encoder behind a fast link sends them: what lets a server send a picture in one call.
    #[default]
    Bursty,
    /// A few packets every five milliseconds, as Chromium sends them.
    Paced,
}

/// The packets that wait.
#[derive(Debug)]
pub(crate) struct Pacer {
    pacing: Pacing,
    bytes_per_burst: f64,
    queue: VecDeque<Outgoing>,
    /// Bytes that the last burst was short of or took too many of.
    credit: f64,
    next_burst_at: Instant,
}

impl Pacer {
    pub(crate) fn new(pacing: Pacing, bitrate_bps: u32) -> Self {
        let bytes_per_second = f64::from(bitrate_bps) / 8.0 * PACE_MULTIPLIER;
        Self {
            pacing,
            bytes_per_burst: bytes_per_second * BURST_INTERVAL.as_secs_f64(),
            queue: VecDeque::new(),
            credit: 0.0,
            next_burst_at: Instant::START,
        }
    }

    /// Takes a packet.
    pub(crate) fn push(&mut self, packet: Outgoing) {
        self.queue.push_back(packet);
    }

    /// When [`Self::due`] gives something; `None` when nothing waits.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        (!self.queue.is_empty()).then_some(self.next_burst_at)
    }

    /// The packets whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        match self.pacing {
            Pacing::Bursty => self.queue.drain(..).collect(),
            Pacing::Paced if self.next_burst_at <= now && !self.queue.is_empty() => {
                // A burst that comes late is no larger for it: the network is not to see our scheduling.
                self.next_burst_at = now + BURST_INTERVAL;
                self.credit = self.credit.min(0.0) + self.bytes_per_burst;
                std::iter::from_fn(|| {
                    let packet = (self.credit > 0.0).then(|| self.queue.pop_front())??;
                    self.credit -= packet.payload.len() as f64;
                    Some(packet)
                })
                .collect()
            }
            Pacing::Paced => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(pacing: Pacing, n_packets: u32) -> Pacer {
        let mut pacer = Pacer::new(pacing, 2_400_000);
        for sequence in 0..n_packets {
            pacer.push(Outgoing {
                encoding: 0,
                sequence,
                timestamp: 0,
                marker: false,
                payload: vec![0; 1_200],
            });
        }
        pacer
    }

    #[test]
    fn a_bursty_publisher_keeps_nothing() {
        let mut pacer = full(Pacing::Bursty, 40);
        assert_eq!(pacer.due(Instant::START).len(), 40);
        assert_eq!(pacer.due_at(), None);
    }

    #[test]
    fn a_paced_publisher_sends_two_and_a_half_times_its_bitrate_in_order() {
        let mut pacer = full(Pacing::Paced, 1_000);
        let mut sent = Vec::new();
        let second = Instant::START + Duration::from_secs(1);
        while let Some(at) = pacer.due_at().filter(|at| *at < second) {
            let burst = pacer.due(at);
            assert!(burst.len() <= 4, "3.1 packets in five milliseconds");
            assert_eq!(pacer.due(at).len(), 0, "the next is not due yet");
            sent.extend(burst.iter().map(|packet| packet.sequence));
        }
        assert!((620..=628).contains(&sent.len()), "{}", sent.len());
        assert!(sent.is_sorted());
    }
}
