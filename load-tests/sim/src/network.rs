//! The network between browsers and the node: latency, jitter, loss, reordering, a bottleneck that others use too, cuts, and
//! routers that forget.

mod bottleneck;
mod conditions;
mod cross_traffic;
mod in_flight;
mod loss;
mod nat;
mod per_mille;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::demux::{self, PacketKind};
use sfu_model::time::Instant;

use crate::chance::{below, draw};
use crate::network::bottleneck::Link;
use crate::network::loss::Chain;

pub use bottleneck::{Bottleneck, QUEUE_DELAY};
pub use conditions::{Conditions, OVERTAKEN_BY};
pub use cross_traffic::CrossTraffic;
pub use in_flight::InFlight;
pub use loss::Loss;
pub use nat::Nat;
pub use per_mille::PerMille;

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From a browser to the node.
    Up,
    /// From the node to a browser.
    Down,
}

/// Every path between a browser's address and the node.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    legs: BTreeMap<(SocketAddr, Direction), Leg>,
    nat: Nat,
}

#[derive(Debug, Default)]
struct Leg {
    conditions: Conditions,
    link: Option<Link>,
    chain: Chain,
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
    /// Datagrams that went nowhere, for whatever reason.
    pub lost: u64,
    /// Of the lost: sent while the path was cut.
    pub cut: u64,
    /// Of the lost: found the bottleneck's queue full.
    pub overflowed: u64,
}

/// Why a datagram went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The path was cut.
    Cut,
    /// The line lost it.
    Line,
    /// The bottleneck's queue had no room.
    Overflow,
}

impl Carried {
    fn count(&mut self, fault: Fault) {
        self.lost += 1;
        match fault {
            Fault::Cut => self.cut += 1,
            Fault::Line => {}
            Fault::Overflow => self.overflowed += 1,
        }
    }
}

impl Network {
    /// A network in which every path is good.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            legs: BTreeMap::new(),
            nat: Nat::default(),
        }
    }

    /// The addresses that the node sees.
    pub fn nat(&self) -> &Nat {
        &self.nat
    }

    /// The router before this browser forgets it: the node sees another address from here on.
    pub fn rebind(&mut self, own: SocketAddr) -> SocketAddr {
        self.nat.rebind(own)
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

    /// How long a datagram would wait before the bottleneck of a path.
    pub fn queue_delay(
        &mut self,
        address: SocketAddr,
        direction: Direction,
        now: Instant,
    ) -> Duration {
        let link = self.leg(address, direction).link(now);
        link.map_or(Duration::ZERO, |link| link.queue_delay(now))
    }

    /// Bytes that others got through the bottleneck of a path, since the first datagram that met it.
    pub fn cross_bytes(&mut self, address: SocketAddr, direction: Direction, now: Instant) -> u64 {
        let link = self.leg(address, direction).link(now);
        link.map_or(0, |link| link.cross_bytes(now))
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
        let line = [address_word(address), direction as u64];
        let [host, way] = line;
        let fate = Fate {
            of_datagram: |question| draw(seed ^ question, &[host, way, kind, number]),
            of_moment: draw(seed, &[host, way, now.as_nanos()]),
            of_line: draw(seed, &line),
        };
        let arrival = leg.arrival(room_of(bytes), now, fate);
        arrival.map_err(|fault| leg.carried.count(fault)).ok()
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
    of_line: u64,
}

/// What IPv4 and UDP put around a payload, which a bottleneck carries too (RFC 791, RFC 768).
pub const HEADER_BYTES: usize = 20 + 8;

/// What the engine's DTLS fragments its flights to.
const DTLS_BYTES_MAX: usize = 1_150;

/// What the room of reports is a multiple of, in bytes.
const RTCP_STEP: usize = 128;

impl Leg {
    fn arrival(
        &mut self,
        n_bytes: usize,
        now: Instant,
        fate: Fate<impl Fn(u64) -> u64>,
    ) -> Result<Instant, Fault> {
        let conditions = self.conditions;
        let is_hit =
            |question, PerMille(share)| below((fate.of_datagram)(question), 1_000) < share.into();
        let is_lost = match conditions.loss {
            Loss::Random(share) => is_hit(1, share),
            Loss::Bursts { share, length } => self.chain.step(share, length, fate.of_line),
        };
        if conditions.is_cut {
            return Err(Fault::Cut);
        }
        if is_lost {
            return Err(Fault::Line);
        }
        let sent = match self.link(now) {
            Some(link) => link
                .send((n_bytes + HEADER_BYTES) as u64, now)
                .ok_or(Fault::Overflow)?,
            None => now,
        };
        let jitter = u64::try_from(conditions.jitter.as_nanos()).unwrap_or(u64::MAX);
        let arrives =
            sent + conditions.latency + Duration::from_nanos(below(fate.of_moment, jitter));
        if is_hit(2, conditions.reordered) {
            return Ok(arrives + OVERTAKEN_BY);
        }
        let Instant0(before) = self.in_order_at;
        let arrives = arrives.max(before);
        self.in_order_at = Instant0(arrives);
        Ok(arrives)
    }

    /// The bottleneck as the present conditions want it.
    fn link(&mut self, now: Instant) -> Option<&mut Link> {
        let Some(bottleneck) = self.conditions.bottleneck else {
            self.link = None;
            return None;
        };
        let link = self.link.get_or_insert_with(|| Link::new(bottleneck, now));
        link.become_like(bottleneck, now);
        Some(link)
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

/// Bytes that a datagram takes in a bottleneck. One of DTLS counts as the largest: a signature is some bytes shorter by chance
/// (ECDSA's in DER, RFC 3279 section 2.2.3), and what comes after it would be as much earlier. One of RTCP is rounded up: an engine
/// numbers the packets of one moment in no order, and feedback about a lost one is some bytes shorter or longer by that.
fn room_of(bytes: &[u8]) -> usize {
    match demux::kind_of(bytes) {
        Some(PacketKind::Dtls) => DTLS_BYTES_MAX,
        Some(PacketKind::Rtcp) => bytes.len().next_multiple_of(RTCP_STEP),
        Some(PacketKind::Stun | PacketKind::Rtp) | None => bytes.len(),
    }
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
    fn a_bottleneck_carries_headers_too_and_delays_before_the_line_does() {
        let n_bytes = (rtp(0).len() + HEADER_BYTES) as u64;
        // One datagram every 100 ms, and room for two.
        let bottleneck = Bottleneck::of(n_bytes * 8 * 10).queueing(n_bytes * 2 + 10);
        let all = arrivals(Conditions::default().through(bottleneck), 5);
        assert_eq!(all[..2], [Some(at(110)), Some(at(210))]);
        assert_eq!(all[2..], [None, None, None]);
    }

    #[test]
    fn what_is_lost_is_counted_by_where() {
        let narrow = Bottleneck::of(8_000).queueing(100);
        let all = [
            (Conditions::default(), (0, 0, 0)),
            (Conditions::default().losing(PerMille(1_000)), (1, 0, 0)),
            (Conditions::default().through(narrow), (2, 0, 1)),
            (Conditions::default().through(narrow).cut(), (3, 1, 1)),
        ];
        let mut network = Network::new(7);
        for (s, (conditions, counts)) in (0..).zip(all) {
            network.set(browser(), Direction::Up, conditions);
            let large = [rtp(s), vec![0; 200]].concat();
            network.arrival(browser(), Direction::Up, &large, at(0));
            let carried = network.carried(browser(), Direction::Up);
            assert_eq!((carried.lost, carried.cut, carried.overflowed), counts);
        }
    }

    #[test]
    fn bursts_lose_datagrams_in_a_row() {
        let conditions = Conditions::default().losing_in_bursts(PerMille(100), 3);
        let all = arrivals(conditions, 2_000);
        let in_a_row = all
            .windows(2)
            .filter(|pair| pair[0].is_none() && pair[1].is_none());
        // Lost each for itself, twenty of two thousand would have one before them.
        assert!(in_a_row.count() > 80);
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
