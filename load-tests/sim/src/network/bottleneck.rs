//! The narrowest place of a path: a rate, and a queue before it that drops what finds it full.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::network::cross_traffic::{CrossTraffic, Flow};

/// What a bottleneck is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// What leaves it, headers included.
    pub rate_bps: u64,
    /// What waits before it; a datagram that does not fit goes nowhere (drop-tail).
    pub queue_bytes: u64,
    /// Who else goes through it.
    pub cross_traffic: CrossTraffic,
}

/// How long a full queue takes to empty where nothing else is said: a home router that does not manage its buffer well.
pub const QUEUE_DELAY: Duration = Duration::from_millis(200);

impl Bottleneck {
    /// A bottleneck of this rate with a queue of [`QUEUE_DELAY`] and nobody else.
    pub fn of(rate_bps: u64) -> Self {
        Self {
            rate_bps,
            queue_bytes: bytes_in(rate_bps, QUEUE_DELAY),
            cross_traffic: CrossTraffic::None,
        }
    }

    /// The same with a queue of this many bytes.
    #[must_use]
    pub fn queueing(self, queue_bytes: u64) -> Self {
        Self {
            queue_bytes,
            ..self
        }
    }

    /// The same with somebody else.
    #[must_use]
    pub fn shared_with(self, cross_traffic: CrossTraffic) -> Self {
        Self {
            cross_traffic,
            ..self
        }
    }
}

/// Bytes that leave at a rate in a time.
fn bytes_in(rate_bps: u64, duration: Duration) -> u64 {
    let bits = u128::from(rate_bps) * duration.as_nanos() / 1_000_000_000;
    u64::try_from(bits / 8).unwrap_or(u64::MAX)
}

/// How long bytes take at a rate.
fn time_of(bytes: u64, rate_bps: u64) -> Duration {
    let nanos = u128::from(bytes) * 8 * 1_000_000_000 / u128::from(rate_bps.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// A bottleneck at work. What waits keeps its order, so that when a datagram leaves is known as it arrives; what the other
/// traffic put before it is caught up with first.
#[derive(Debug)]
pub(super) struct Link {
    bottleneck: Bottleneck,
    /// When what waits has left.
    free_at: Instant,
    flow: Flow,
}

impl Link {
    pub(super) fn new(bottleneck: Bottleneck, now: Instant) -> Self {
        Self {
            bottleneck,
            free_at: now,
            flow: Flow::new(bottleneck.cross_traffic, now),
        }
    }

    /// Goes on as another bottleneck: what waits now takes as long as it does there, whoever else was there goes on.
    pub(super) fn become_like(&mut self, bottleneck: Bottleneck, now: Instant) {
        if self.bottleneck == bottleneck {
            return;
        }
        self.catch_up(now);
        let waiting = self.waiting_bytes(now);
        self.free_at = now + time_of(waiting, bottleneck.rate_bps);
        if self.bottleneck.cross_traffic != bottleneck.cross_traffic {
            self.flow = Flow::new(bottleneck.cross_traffic, now);
        }
        self.bottleneck = bottleneck;
    }

    /// When a datagram has left the bottleneck; `None` when the queue has no room for it.
    pub(super) fn send(&mut self, n_bytes: u64, now: Instant) -> Option<Instant> {
        self.catch_up(now);
        self.enqueue(n_bytes, now)
    }

    /// How long a datagram would wait.
    pub(super) fn queue_delay(&mut self, now: Instant) -> Duration {
        self.catch_up(now);
        self.free_at - now
    }

    /// Bytes that others got through so far.
    pub(super) fn cross_bytes(&mut self, now: Instant) -> u64 {
        self.catch_up(now);
        self.flow.delivered_bytes()
    }

    fn catch_up(&mut self, now: Instant) {
        while let Some(at) = self.flow.poll_timeout().filter(|at| *at <= now) {
            if let Some(n_bytes) = self.flow.handle_timeout(at) {
                let left_at = self.enqueue(n_bytes, at);
                self.flow.on_sent(left_at, self.free_at.max(at));
            }
        }
    }

    fn enqueue(&mut self, n_bytes: u64, now: Instant) -> Option<Instant> {
        if self.waiting_bytes(now) + n_bytes > self.bottleneck.queue_bytes {
            return None;
        }
        self.free_at = self.free_at.max(now) + time_of(n_bytes, self.bottleneck.rate_bps);
        Some(self.free_at)
    }

    fn waiting_bytes(&self, now: Instant) -> u64 {
        bytes_in(self.bottleneck.rate_bps, self.free_at - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn it_queues_and_then_drops_the_tail() {
        // 1,000 bytes take 10 ms; three of them wait.
        let bottleneck = Bottleneck::of(800_000).queueing(3_000);
        let mut link = Link::new(bottleneck, at(0));
        let left: Vec<_> = (0..5).map(|_| link.send(1_000, at(0))).collect();
        assert_eq!(left[..3], [Some(at(10)), Some(at(20)), Some(at(30))]);
        assert_eq!(left[3..], [None, None]);
        assert_eq!(link.queue_delay(at(15)), Duration::from_millis(15));
        assert_eq!(link.send(1_000, at(100)), Some(at(110)));
    }

    #[test]
    fn what_waits_takes_longer_at_a_lower_rate() {
        let mut link = Link::new(Bottleneck::of(800_000).queueing(3_000), at(0));
        for _ in 0..2 {
            let _ = link.send(1_000, at(0));
        }
        link.become_like(Bottleneck::of(400_000).queueing(3_000), at(0));
        assert_eq!(link.queue_delay(at(0)), Duration::from_millis(40));
    }

    #[test]
    fn steady_traffic_of_others_takes_its_share() {
        let others = CrossTraffic::Constant { rate_bps: 400_000 };
        let bottleneck = Bottleneck::of(800_000).shared_with(others);
        let mut link = Link::new(bottleneck, at(0));
        // 600 kbit/s beside 400 in 800: the queue fills and a fifth goes nowhere.
        let n_sent = (0..4_000_u64)
            .filter(|n| link.send(750, at(n * 10)).is_some())
            .count();
        let passed_bps = n_sent as u64 * 750 * 8 / 40;
        let cross_bps = link.cross_bytes(at(40_000)) * 8 / 40;
        assert!((390_000..=600_000).contains(&passed_bps), "{passed_bps}");
        let all = passed_bps + cross_bps;
        assert!((780_000..=805_000).contains(&all), "{all}");
    }

    #[test]
    fn a_greedy_flow_fills_what_is_left_and_backs_off() {
        let round_trip = Duration::from_millis(50);
        let bottleneck = Bottleneck::of(3_000_000).shared_with(CrossTraffic::Greedy { round_trip });
        let mut link = Link::new(bottleneck, at(0));
        let alone = link.cross_bytes(at(30_000)) * 8 / 30;
        assert!(alone > 2_400_000, "{alone} bit/s of 3 Mbit/s");
        let queue = link.queue_delay(at(30_000));
        assert!(queue > Duration::from_millis(20), "{queue:?}");
        let before = link.cross_bytes(at(30_000));
        for n in 0..15_000_u64 {
            let _ = link.send(250, at(30_000 + n * 2));
        }
        // Beside 1 Mbit/s that does not yield, it does.
        let beside = (link.cross_bytes(at(60_000)) - before) * 8 / 30;
        assert!((1_300_000..2_300_000).contains(&beside), "{beside}");
    }
}
