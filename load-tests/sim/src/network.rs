//! The network between browsers and the node: latency, jitter, loss, reordering, a rate with a queue, and cuts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::demux::{self, PacketKind};
use sfu_model::time::Instant;

use crate::chance::{below, draw};

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From a browser to the node.
    Up,
    /// From the node to a browser.
    Down,
}

/// A share in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerMille(pub u16);

/// How one direction of a browser's path behaves.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// What every datagram takes.
    pub latency: Duration,
    /// At most this much more, drawn for each; order is kept.
    pub jitter: Duration,
    /// How many go nowhere.
    pub loss: PerMille,
    /// How many are overtaken by those up to [`OVERTAKEN_BY`] later.
    pub reordered: PerMille,
    /// What fits through; what has to wait longer than [`QUEUE_MAX`] goes nowhere.
    pub rate_bps: Option<u64>,
    /// Nothing passes.
    pub is_cut: bool,
}

/// How late a reordered datagram is: a few packets of a video frame, well under a retransmission.
pub const OVERTAKEN_BY: Duration = Duration::from_millis(8);

/// The longest queue before a bottleneck, as in a home router that does not manage its buffer well.
pub const QUEUE_MAX: Duration = Duration::from_millis(200);

impl Default for Conditions {
    /// A good line to a node nearby.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: PerMille(0),
            reordered: PerMille(0),
            rate_bps: None,
            is_cut: false,
        }
    }
}

impl Conditions {
    /// This line with a share of its datagrams lost.
    #[must_use]
    pub fn losing(self, loss: PerMille) -> Self {
        Self { loss, ..self }
    }

    /// This line, cut.
    #[must_use]
    pub fn cut(self) -> Self {
        Self {
            is_cut: true,
            ..self
        }
    }
}

/// Every path between a browser's address and the node.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    legs: BTreeMap<(SocketAddr, Direction), Leg>,
}

#[derive(Debug, Default)]
struct Leg {
    conditions: Conditions,
    /// When the bottleneck has sent what waits before it.
    free_at: Instant0,
    /// When the last datagram that kept its order arrives.
    in_order_at: Instant0,
    carried: Carried,
}

/// An instant that begins at the world's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Instant0(Instant);

impl Default for Instant0 {
    fn default() -> Self {
        Self(Instant::START)
    }
}

/// What one direction of a path carried so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Datagrams put into it.
    pub datagrams: u64,
    /// Bytes put into it.
    pub bytes: u64,
    /// Datagrams that went nowhere.
    pub lost: u64,
}

impl Network {
    /// A network in which every path is good.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            legs: BTreeMap::new(),
        }
    }

    /// Changes one direction of a path from here on.
    pub fn set(&mut self, address: SocketAddr, direction: Direction, conditions: Conditions) {
        self.leg(address, direction).conditions = conditions;
    }

    /// What one direction of a path carried so far.
    pub fn carried(&self, address: SocketAddr, direction: Direction) -> Carried {
        self.legs
            .get(&(address, direction))
            .map(|leg| leg.carried)
            .unwrap_or_default()
    }

    /// When a datagram arrives; `None` when it does not.
    pub fn arrival(
        &mut self,
        address: SocketAddr,
        direction: Direction,
        bytes: &[u8],
        now: Instant,
    ) -> Option<Instant> {
        let seed = self.seed;
        let leg = self.leg(address, direction);
        leg.carried.datagrams += 1;
        leg.carried.bytes += bytes.len() as u64;
        let [kind, number] = name_of(bytes, now);
        let leg_name = [address_word(address), direction as u64, kind, number];
        let moment = [address_word(address), direction as u64, now.as_nanos()];
        let fate = Fate {
            of_datagram: |question| draw(seed ^ question, &leg_name),
            of_moment: draw(seed, &moment),
        };
        let arrival = leg.arrival(bytes.len(), now, fate);
        if arrival.is_none() {
            leg.carried.lost += 1;
        }
        arrival
    }

    fn leg(&mut self, address: SocketAddr, direction: Direction) -> &mut Leg {
        self.legs.entry((address, direction)).or_default()
    }
}

/// What is drawn for a datagram. Jitter belongs to the moment: datagrams that leave together are delayed alike, so that the
/// order in which an engine lists them changes nothing.
struct Fate<F> {
    of_datagram: F,
    of_moment: u64,
}

impl Leg {
    fn arrival(
        &mut self,
        n_bytes: usize,
        now: Instant,
        fate: Fate<impl Fn(u64) -> u64>,
    ) -> Option<Instant> {
        let conditions = self.conditions;
        let is_hit =
            |question, PerMille(share)| below((fate.of_datagram)(question), 1_000) < share.into();
        if conditions.is_cut || is_hit(1, conditions.loss) {
            return None;
        }
        let sent = self.through_bottleneck(n_bytes, now)?;
        let jitter = u64::try_from(conditions.jitter.as_nanos()).ok()?;
        let arrives =
            sent + conditions.latency + Duration::from_nanos(below(fate.of_moment, jitter));
        if is_hit(2, conditions.reordered) {
            return Some(arrives + OVERTAKEN_BY);
        }
        let Instant0(before) = self.in_order_at;
        let arrives = arrives.max(before);
        self.in_order_at = Instant0(arrives);
        Some(arrives)
    }

    fn through_bottleneck(&mut self, n_bytes: usize, now: Instant) -> Option<Instant> {
        let Some(rate) = self.conditions.rate_bps else {
            return Some(now);
        };
        let Instant0(free_at) = self.free_at;
        let begins = free_at.max(now);
        if begins - now > QUEUE_MAX {
            return None;
        }
        let nanos = (n_bytes as u64 * 8 * 1_000_000_000).checked_div(rate)?;
        let ends = begins + Duration::from_nanos(nanos);
        self.free_at = Instant0(ends);
        Some(ends)
    }
}

/// What a datagram is called when its fate is drawn: RTP by SSRC and sequence number; of the rest, all that leave at one
/// moment share one, because an engine lists them in no fixed order.
fn name_of(bytes: &[u8], now: Instant) -> [u64; 2] {
    let kind = demux::kind_of(bytes);
    if kind == Some(PacketKind::Rtp)
        && let Some([_, _, s1, s0, _, _, _, _, ssrc @ ..]) = bytes.first_chunk::<12>()
    {
        let number = u64::from(u16::from_be_bytes([*s1, *s0]));
        return [u64::from(u32::from_be_bytes(*ssrc)) | 1 << 32, number];
    }
    let kind = match kind {
        Some(PacketKind::Stun) => 0,
        Some(PacketKind::Dtls) => 1,
        Some(PacketKind::Rtp | PacketKind::Rtcp) => 2,
        None => 3,
    };
    [kind, now.as_nanos()]
}

fn address_word(address: SocketAddr) -> u64 {
    let ip = match address.ip() {
        std::net::IpAddr::V4(ip) => u64::from(ip.to_bits()),
        #[expect(clippy::cast_possible_truncation, reason = "a word to draw from")]
        std::net::IpAddr::V6(ip) => ip.to_bits() as u64,
    };
    ip << 16 | u64::from(address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn browser() -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], 5_000))
    }

    fn rtp(sequence: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        vec![0x80, 96, high, low, 0, 0, 0, 0, 1, 2, 3, 4, 0]
    }

    fn arrivals(conditions: Conditions, n: u16) -> Vec<Option<Instant>> {
        let mut network = Network::new(7);
        network.set(browser(), Direction::Up, conditions);
        (0..n)
            .map(|s| network.arrival(browser(), Direction::Up, &rtp(s), at(u64::from(s))))
            .collect()
    }

    #[test]
    fn a_good_line_only_delays() {
        let all = arrivals(Conditions::default(), 3);
        assert_eq!(all, [Some(at(10)), Some(at(11)), Some(at(12))]);
    }

    #[test]
    fn loss_takes_its_share_and_the_same_datagrams_in_whatever_order() {
        let conditions = Conditions::default().losing(PerMille(50));
        let lost: Vec<bool> = arrivals(conditions, 10_000)
            .iter()
            .map(Option::is_none)
            .collect();
        let n_lost = lost.iter().filter(|lost| **lost).count();
        assert!((400..600).contains(&n_lost), "{n_lost}");
        let mut network = Network::new(7);
        network.set(browser(), Direction::Up, conditions);
        for s in (0_u16..10_000).rev() {
            let arrival = network.arrival(browser(), Direction::Up, &rtp(s), at(0));
            assert_eq!(arrival.is_none(), lost[usize::from(s)]);
        }
    }

    #[test]
    fn reordering_lets_later_ones_overtake() {
        let conditions = Conditions {
            reordered: PerMille(200),
            ..Conditions::default()
        };
        let all = arrivals(conditions, 100);
        assert!(all.windows(2).any(|pair| pair[0] > pair[1]));
    }

    #[test]
    fn a_bottleneck_queues_and_then_drops() {
        let conditions = Conditions {
            // One datagram of 13 bytes every 104 ms.
            rate_bps: Some(1_000),
            ..Conditions::default()
        };
        let all = arrivals(conditions, 5);
        assert_eq!(all[0], Some(at(114)));
        assert_eq!(all[1], Some(at(218)));
        assert!(all[3].is_none() && all[4].is_none());
    }

    #[test]
    fn nothing_passes_a_cut() {
        assert!(
            arrivals(Conditions::default().cut(), 9)
                .iter()
                .all(Option::is_none)
        );
    }
}
