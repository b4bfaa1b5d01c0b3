//! The packets of one probe, and what their spacing says of the path.
//!
//! A queue spreads a train of packets to the rate of the bottleneck: when they arrive as quickly as they left the path
//! carries at least that, and when they arrive slower the rate of arrival is what it carries
//! (libwebrtc's probe bitrate estimator).

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;
use crate::budget::history::Sent;

/// The share of the packets, and of the bytes, that must have arrived (libwebrtc): a train with holes measures the
/// holes.
const RECEIVED_SHARE_MIN: f64 = 0.8;

/// Packets that make a measurement (libwebrtc): fewer measure the clock of the receiver's network card.
pub(crate) const PACKETS_MIN: u32 = 5;

/// A train that took longer to leave or to arrive was interrupted (libwebrtc).
const LENGTH_MS_MAX: f64 = 1_000.0;

/// Arriving this many times faster than it left, a train was held and released by the link: it says nothing (libwebrtc).
const FASTER_MAX: f64 = 2.0;

/// Arriving slower than this share of its rate it has filled the link, and then this share of the rate of arrival is
/// taken, to leave the queue behind it room to drain (libwebrtc).
const UNSATURATED_SHARE: f64 = 0.9;
const SATURATED_SHARE: f64 = 0.95;

/// What a train says of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) rate: Bitrate,
    /// The path carries this and no more; otherwise it carries at least this.
    pub(crate) is_full: bool,
}

/// The packets sent while a probe ran.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// What was asked for.
    rate: Bitrate,
    first: u64,
    n_sent: u32,
    sent_bytes: u64,
    received: Option<Received>,
}

#[derive(Debug)]
struct Received {
    n_packets: u32,
    bytes: u64,
    first_sent: Instant,
    last_sent: Sent,
    first_arrival: Arrival,
    first_arrival_bytes: u32,
    last_arrival: Arrival,
}

impl Cluster {
    /// Begins with packet `first`.
    pub(crate) const fn new(rate: Bitrate, first: u64) -> Self {
        Self {
            rate,
            first,
            n_sent: 0,
            sent_bytes: 0,
            received: None,
        }
    }

    pub(crate) const fn rate(&self) -> Bitrate {
        self.rate
    }

    pub(crate) const fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    pub(crate) const fn n_sent(&self) -> u32 {
        self.n_sent
    }

    pub(crate) fn on_sent(&mut self, bytes: usize) {
        self.n_sent += 1;
        self.sent_bytes += bytes as u64;
    }

    /// The number after its last.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.n_sent)
    }

    pub(crate) fn holds(&self, number: u64) -> bool {
        (self.first..self.end()).contains(&number)
    }

    /// One of its packets has arrived.
    pub(crate) fn on_received(&mut self, sent: Sent, arrival: Arrival) {
        let Some(received) = &mut self.received else {
            self.received = Some(Received {
                n_packets: 1,
                bytes: u64::from(sent.bytes),
                first_sent: sent.at,
                last_sent: sent,
                first_arrival: arrival,
                first_arrival_bytes: sent.bytes,
                last_arrival: arrival,
            });
            return;
        };
        received.n_packets += 1;
        received.bytes += u64::from(sent.bytes);
        received.first_sent = received.first_sent.min(sent.at);
        if sent.at >= received.last_sent.at {
            received.last_sent = sent;
        }
        if arrival < received.first_arrival {
            received.first_arrival = arrival;
            received.first_arrival_bytes = sent.bytes;
        }
        received.last_arrival = received.last_arrival.max(arrival);
    }

    /// None when too little arrived, or what arrived makes no sense. Never more than was asked for.
    pub(crate) fn measure(&self) -> Option<Measured> {
        let received = self.received.as_ref()?;
        let is_enough = received.n_packets >= PACKETS_MIN
            && f64::from(received.n_packets) >= f64::from(self.n_sent) * RECEIVED_SHARE_MIN
            && received.bytes as f64 >= self.sent_bytes as f64 * RECEIVED_SHARE_MIN;
        if !is_enough {
            return None;
        }
        let sent_ms = (received.last_sent.at - received.first_sent).as_nanos() as f64 / 1e6;
        let arrived_ms = received.last_arrival.millis_since(received.first_arrival);
        let is_one_train = |ms: f64| ms > 0.0 && ms <= LENGTH_MS_MAX;
        if !is_one_train(sent_ms) || !is_one_train(arrived_ms) {
            return None;
        }
        // The last packet ends the time of sending when it begins to leave, the first begins that of arrival when it
        // is whole.
        let sent_bits = (received.bytes - u64::from(received.last_sent.bytes)) as f64 * 8.0;
        let arrived_bits = (received.bytes - u64::from(received.first_arrival_bytes)) as f64 * 8.0;
        let (sent_kbps, arrived_kbps) = (sent_bits / sent_ms, arrived_bits / arrived_ms);
        if arrived_kbps > sent_kbps * FASTER_MAX {
            return None;
        }
        let is_full = arrived_kbps < sent_kbps * UNSATURATED_SHARE;
        let kbps = if is_full {
            arrived_kbps * SATURATED_SHARE
        } else {
            arrived_kbps.min(sent_kbps)
        };
        Some(Measured {
            rate: Bitrate::from_kbps_estimate(kbps).min(self.rate),
            is_full,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten packets of 1,000 bytes, this far apart in sending and arrival; those in `lost` never arrive.
    fn measure(sent_ms: u64, arrived_quarter_ms: i64, lost: &[u64]) -> Option<(u64, bool)> {
        let mut cluster = Cluster::new(Bitrate::from_kbps(2_000), 7);
        for packet in 0..10_u64 {
            cluster.on_sent(1_000);
            if lost.contains(&packet) {
                continue;
            }
            let sent = Sent {
                number: 7 + packet,
                at: Instant::from_nanos(packet * sent_ms * 1_000_000),
                bytes: 1_000,
            };
            assert!(cluster.holds(sent.number));
            let arrival = Arrival(i64::try_from(packet).unwrap() * arrived_quarter_ms);
            cluster.on_received(sent, arrival);
        }
        assert!(!cluster.holds(6) && !cluster.holds(17));
        let found = cluster.measure()?;
        Some((found.rate.as_bps() / 1_000, found.is_full))
    }

    #[test]
    fn a_train_that_keeps_its_pace_shows_its_rate() {
        assert_eq!(measure(4, 16, &[]), Some((2_000, false)));
        assert_eq!(measure(8, 32, &[]), Some((1_000, false)));
    }

    #[test]
    fn a_train_that_is_spread_shows_the_bottleneck() {
        assert_eq!(measure(4, 64, &[]), Some((475, true)));
    }

    #[test]
    fn a_train_released_at_once_says_nothing() {
        assert_eq!(measure(4, 4, &[]), None);
        assert_eq!(measure(4, 0, &[]), None);
        assert_eq!(measure(0, 16, &[]), None);
        assert_eq!(measure(4, i64::MAX / 20, &[]), None);
    }

    #[test]
    fn a_train_with_holes_says_nothing() {
        assert_eq!(measure(4, 16, &[2, 5, 6]), None);
        assert!(measure(4, 16, &[2, 5]).is_some());
    }

    #[test]
    fn it_never_shows_more_than_was_asked_for() {
        assert_eq!(measure(2, 8, &[]), Some((2_000, false)));
    }
}
