//! A queue that is full: losses without a trend.
//!
//! A short buffer fills so slowly near the link's rate that the delay never shows a slope worth the name, and once it
//! is full the slope is zero: the delay-based rate sees nothing, and a few percent of loss could as well be radio. But
//! radio loses packets whether or not a queue stands. Loss that comes with the queue is the queue's, and the sender
//! yields until it drains.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::history::Sent;

/// Time of sending that is judged as one, and so the time between two yields: long enough for a queue of 300 ms to
/// show that it drains.
const INTERVAL: Duration = Duration::from_millis(500);

/// A delay that never falls below this for an interval is a standing queue: Wi-Fi's bursts are shorter, and do fall.
/// One packet may always stand: at 100 kbit/s it takes 96 ms.
const STANDING: Duration = Duration::from_millis(30);
const STANDING_BYTES: u64 = 1_200;

/// Loss with a queue that exceeds loss without one by more than this is overflow. It lies above what a TCP flow causes
/// that shares the link (RFC 5348 section 3.1: 0.5 % for 2 Mbit/s at a round trip of 100 ms): yielding to that gives up
/// the link to it.
const EXCESS: f64 = 0.01;

/// Weight of each interval relative to the one after it: half of what is known is 3.5 s old at most.
const AGEING: f64 = 0.9;

/// No path that is used loses more by itself.
const LOSS_MAX: f64 = 0.5;

/// Each interval of overflow leaves this share of what arrives.
const YIELD: f64 = 0.95;

/// When a queue stands still though so many yields have followed each other, which leave seven tenths of the rate, it is not ours: the
/// path has become longer, or a competitor keeps it filled. Yielding further would give up the link to him.
const YIELDS_MAX: u32 = 6;

/// What an interval says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Nothing,
    /// Send this much.
    Yield(Bitrate),
    /// The delay that looks like a queue does not follow what is sent.
    NotOurs,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    n_lost: f64,
    n_packets: f64,
}

impl Tally {
    fn age(&mut self) {
        self.n_lost *= AGEING;
        self.n_packets *= AGEING;
    }

    fn add(&mut self, other: Self) {
        self.n_lost += other.n_lost;
        self.n_packets += other.n_packets;
    }

    fn loss(self) -> f64 {
        if self.n_packets > 0.0 {
            self.n_lost / self.n_packets
        } else {
            0.0
        }
    }
}

/// Tells losses with a queue from losses without.
#[derive(Debug, Default)]
pub(crate) struct Overflow {
    open: Tally,
    began: Option<Instant>,
    last: Option<Instant>,
    /// The least and the most that stood in the open interval.
    queue: Option<(Duration, Duration)>,
    with_queue: Tally,
    without_queue: Tally,
    /// Yields that have followed each other without the queue draining.
    n_yields: u32,
}

impl Overflow {
    /// Feedback said this of a packet, and by then this much delay stood.
    pub(crate) fn push(&mut self, sent: Sent, is_lost: bool, queue: Duration) {
        self.began.get_or_insert(sent.at);
        self.last = Some(self.last.map_or(sent.at, |last| last.max(sent.at)));
        self.open.n_packets += 1.0;
        if is_lost {
            self.open.n_lost += 1.0;
        } else {
            let (least, most) = self.queue.unwrap_or((queue, queue));
            self.queue = Some((least.min(queue), most.max(queue)));
        }
    }

    /// After each feedback: the present rate, and what arrives.
    pub(crate) fn update(&mut self, rate: Bitrate, acknowledged: Option<Bitrate>) -> Verdict {
        let (Some(began), Some(last)) = (self.began, self.last) else {
            return Verdict::Nothing;
        };
        if last - began < INTERVAL {
            return Verdict::Nothing;
        }
        self.began = Some(last);
        let interval = std::mem::take(&mut self.open);
        let standing = STANDING.max(rate.time_for(STANDING_BYTES));
        let Some((least, most)) = self.queue.take() else {
            return Verdict::Nothing;
        };
        self.with_queue.age();
        self.without_queue.age();
        let is_standing = least > standing;
        if is_standing {
            self.with_queue.add(interval);
        } else {
            self.n_yields = 0;
            // A queue that filled or drained meanwhile tells nothing: whose the losses were is not known.
            if most <= standing {
                self.without_queue.add(interval);
            }
        }
        let excess = self.with_queue.loss() - self.without_queue.loss();
        if !is_standing || excess <= EXCESS {
            return Verdict::Nothing;
        }
        acknowledged.map_or(Verdict::Nothing, |acknowledged| {
            self.yield_to(rate, acknowledged, interval.loss())
        })
    }

    /// What arrives is what the link carries, if the loss is its queue's. If it goes on when less is sent it is the path's, which
    /// loses as much of whatever is sent: to leave a share of what arrives would then be to leave nothing, before long.
    fn yield_to(&mut self, rate: Bitrate, acknowledged: Bitrate, loss: f64) -> Verdict {
        if self.n_yields == YIELDS_MAX {
            self.n_yields = 0;
            self.with_queue = Tally::default();
            return Verdict::NotOurs;
        }
        let carried = match self.n_yields {
            0 => acknowledged,
            _ => acknowledged.scaled(1.0 / (1.0 - loss.min(LOSS_MAX))),
        };
        self.n_yields += 1;
        Verdict::Yield(rate.min(carried).scaled(YIELD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Bitrate = Bitrate::from_kbps(1_000);

    /// Three seconds with this queue; each `nth` packet is lost. What the intervals said.
    fn run(overflow: &mut Overflow, from_s: u64, queue_ms: u64, nth: u64) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for number in 0..300 {
            let sent = Sent {
                number,
                at: Instant::from_nanos(from_s * 1_000_000_000 + number * 10_000_000),
                bytes: 1_200,
            };
            overflow.push(sent, number % nth == 0, Duration::from_millis(queue_ms));
            verdicts.push(overflow.update(RATE, Some(RATE)));
        }
        verdicts
    }

    const LEFT: Verdict = Verdict::Yield(Bitrate(950_000));

    #[test]
    fn loss_with_a_queue_yields() {
        let verdicts = run(&mut Overflow::default(), 0, 90, 50);
        assert!(verdicts.contains(&LEFT));
    }

    #[test]
    fn a_queue_without_loss_and_loss_without_a_queue_do_not() {
        for (queue_ms, nth) in [(90, 1_000_000), (0, 50), (29, 3)] {
            let mut overflow = Overflow::default();
            // The packet with number 0 is lost in any case: let it age.
            run(&mut overflow, 0, 0, 50);
            let verdicts = run(&mut overflow, 10, queue_ms, nth);
            let yields = verdicts
                .iter()
                .filter(|verdict| **verdict != Verdict::Nothing);
            assert_eq!(yields.count(), 0, "{queue_ms} {nth}");
        }
    }

    #[test]
    fn loss_that_is_there_without_the_queue_is_the_radio_s() {
        let mut overflow = Overflow::default();
        run(&mut overflow, 0, 0, 50);
        let verdicts = run(&mut overflow, 10, 90, 50);
        let n_yields = verdicts.iter().filter(|verdict| **verdict == LEFT).count();
        assert!(n_yields <= 3, "{n_yields} of 12 intervals");
    }

    #[test]
    fn a_queue_that_does_not_follow_is_not_ours() {
        assert!(yielded(50) >= RATE.scaled(0.7), "{}", yielded(50));
        // A fifth is lost whatever is sent: what arrives is less than what is sent each time.
        assert!(yielded(5) >= RATE.scaled(0.55), "{}", yielded(5));
    }

    /// What is left when a delay turns out not to be ours, over a path that loses each `nth` packet.
    fn yielded(nth: u64) -> Bitrate {
        let mut overflow = Overflow::default();
        let mut rate = RATE;
        let mut is_ours = true;
        let arrives = 1.0 - 1.0 / nth as f64;
        for number in 0..500 {
            let sent = Sent {
                number,
                at: Instant::from_nanos(number * 10_000_000),
                bytes: 1_200,
            };
            overflow.push(sent, number % nth == 0, Duration::from_millis(90));
            match overflow.update(rate, Some(rate.scaled(arrives))) {
                Verdict::Nothing => {}
                Verdict::Yield(left) => rate = left,
                Verdict::NotOurs => {
                    is_ours = false;
                    break;
                }
            }
        }
        assert!(!is_ours, "{rate}");
        rate
    }
}
