//! A path that has become longer: a telephone that leaves its Wi-Fi, a route that goes another way. Its delay looks like a queue,
//! and no rate is low enough for it to drain.
//!
//! What tells them apart is that a queue of ours follows what is sent. Once that is much less than what arrived before the delay,
//! it drains by a quarter within seconds, or the path loses what it cannot hold. A delay that does neither is the path's own.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// A delay that never falls below this is one that stands, as for losses.
const STANDING: Duration = Duration::from_millis(30);

/// The share of what arrived without the delay, below which a queue has to drain: as where losses come with one.
const LESS: f64 = 0.7;

/// It drains to this share of itself.
const DRAINS: f64 = 0.75;

/// Within this time. The estimate falls so low that a queue of a second is gone by then.
const AFTER: Duration = Duration::from_millis(1_500);

/// More than this share of the packets is lost where a queue is full, and what is sent is still too much.
const LOSS_MAX: f64 = 0.3;

/// What the feedback of a moment says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The delay that no packet of late has escaped.
    pub(crate) standing: Duration,
    /// What arrives.
    pub(crate) acknowledged: Bitrate,
    /// The share of packets lost of late.
    pub(crate) loss: f64,
    /// The delay grows.
    pub(crate) is_over: bool,
}

/// Watches a delay that stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Longer {
    /// What arrived when nothing stood.
    carried: Bitrate,
    /// Since when less is sent, and what stood then.
    since: Option<(Instant, Duration)>,
}

impl Longer {
    /// True: what stands is the path's own delay.
    pub(crate) fn update(&mut self, seen: Seen, now: Instant) -> bool {
        if seen.standing < STANDING {
            self.carried = seen.acknowledged;
            self.since = None;
            return false;
        }
        let is_much = seen.acknowledged > self.carried.scaled(LESS);
        if is_much || seen.is_over || seen.loss > LOSS_MAX {
            self.since = None;
            return false;
        }
        let (since, stood) = *self.since.get_or_insert((now, seen.standing));
        if seen.standing < stood.mul_f64(DRAINS) {
            self.since = Some((now, seen.standing));
            return false;
        }
        let is_longer = now - since >= AFTER;
        if is_longer {
            self.since = None;
        }
        is_longer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn seen(standing_ms: u64, kbps: u64) -> Seen {
        Seen {
            standing: Duration::from_millis(standing_ms),
            acknowledged: Bitrate::from_kbps(kbps),
            loss: 0.2,
            is_over: false,
        }
    }

    /// When a delay that follows `of` is taken for the path's, after 2 Mbit/s have arrived without one.
    fn longer_after(of: impl Fn(u64) -> Seen) -> Option<u64> {
        let mut longer = Longer::default();
        assert!(!longer.update(seen(29, 2_000), at(0)));
        (1..=100)
            .map(|step| step * 100)
            .find(|ms| longer.update(of(*ms), at(*ms)))
    }

    #[test]
    fn a_delay_that_stays_though_little_is_sent_is_the_paths() {
        assert_eq!(longer_after(|_| seen(90, 1_400)), Some(1_600));
        assert_eq!(longer_after(|_| seen(90, 1_401)), None, "much is sent");
        assert_eq!(longer_after(|_| seen(29, 100)), None, "nothing stands");
    }

    #[test]
    fn a_queue_that_drains_or_overflows_is_a_queue() {
        // What drains by less than a quarter in that time cannot be told from a path.
        assert_eq!(
            longer_after(|ms| seen(1_200 - ms.min(11_000) / 10, 400)),
            Some(1_600)
        );
        assert_eq!(
            longer_after(|ms| seen(1_200_u64.saturating_sub(ms / 4), 400)),
            None
        );
        let full = |_| Seen {
            loss: 0.31,
            ..seen(200, 100)
        };
        assert_eq!(longer_after(full), None);
        let grows = |ms| Seen {
            is_over: ms % 1_500 == 0,
            ..seen(200, 100)
        };
        assert_eq!(longer_after(grows), None);
    }
}
