//! The delay-based rate: grows while the path is not full, falls when a queue grows
//! (draft-ietf-rmcat-gcc-02 section 5.5, with libwebrtc's estimate of the link's capacity).

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::capacity::Capacity;
use crate::budget::limits::in_range;
use crate::budget::overuse::Usage;

/// What is left of the rate of arrival after overuse (draft-ietf-rmcat-gcc-02 section 5.5: beta).
const BETA: f64 = 0.85;

/// A standing queue is drained within this: the deeper it is, the less is sent meanwhile. Without it a queue of a
/// second behind a link that lost five sixths of its rate outlives the viewer's patience.
const DRAIN: Duration = Duration::from_secs(2);

/// But never less than this share, however deep the queue seems: the least delay that it is measured against may be
/// of another path.
const BETA_MIN: f64 = 0.5;

/// Growth per second while the capacity is unknown (draft-ietf-rmcat-gcc-02 section 5.5: eta).
const GROWTH_PER_SECOND: f64 = 1.08;

/// The step that one growth stands for at most: after a silence the rate does not leap.
const STEP_MAX: Duration = Duration::from_secs(1);

/// The rate may exceed what arrives by a fifth and a little: what was never sent proves nothing. The draft has half
/// (draft-ietf-rmcat-gcc-02 section 5.5), for an encoder that will fill it; layers are steps, and a layer that is within
/// half of what arrives would be switched to on no evidence, where a probe gives some. The little lets a rate near zero
/// grow at all (libwebrtc).
const ABOVE_ARRIVALS: f64 = 1.2;
const ABOVE_ARRIVALS_OFFSET: Bitrate = Bitrate::from_kbps(10);

/// Once the queue has drained below this, which is one picture's, the rate goes back to this share of what arrived while it
/// stood: the share that was given up was for the queue.
const CARRIED: f64 = 0.92;
const QUEUE_DRAINED: Duration = Duration::from_millis(30);

/// Near the capacity this many packets more are sent per response time: the round trip, and the time that the detector
/// takes. The draft has one (draft-ietf-rmcat-gcc-02 section 5.5), which leaves a TCP flow too much of a short buffer.
/// Never slower than 4 kbit/s in a second (libwebrtc).
const PACKETS_PER_RESPONSE: f64 = 2.0;
const DETECTION: Duration = Duration::from_millis(100);
const PACKET_BITS: f64 = 1_200.0 * 8.0;
const FRAMES_PER_SECOND: f64 = 30.0;
const GROWTH_KBPS_MIN: f64 = 4.0;

/// Time between two falls: a round trip, within this range (libwebrtc): what is seen sooner is the same queue.
const FALL_INTERVAL_MIN: Duration = Duration::from_millis(10);
const FALL_INTERVAL_MAX: Duration = Duration::from_millis(200);

/// What one batch of feedback says about the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signal {
    pub(crate) usage: Usage,
    /// What arrives, once it is known; while a queue grows, of late.
    pub(crate) acknowledged: Option<Bitrate>,
    pub(crate) is_app_limited: bool,
    pub(crate) rtt: Duration,
    pub(crate) queue: Duration,
}

/// Additive increase, multiplicative decrease.
#[derive(Debug)]
pub(crate) struct Aimd {
    rate: Bitrate,
    capacity: Capacity,
    growing_since: Option<Instant>,
    last_fall: Option<Instant>,
    /// What arrived at that time, until the rate is given back.
    carried: Option<Bitrate>,
}

impl Aimd {
    pub(crate) fn new(start: Bitrate) -> Self {
        Self {
            rate: in_range(start),
            capacity: Capacity::default(),
            growing_since: None,
            last_fall: None,
            carried: None,
        }
    }

    pub(crate) const fn rate(&self) -> Bitrate {
        self.rate
    }

    /// When the rate last fell.
    pub(crate) const fn last_fall(&self) -> Option<Instant> {
        self.last_fall
    }

    pub(crate) fn update(&mut self, signal: Signal, now: Instant) {
        match signal.usage {
            Usage::Over => {
                self.growing_since = None;
                if self.may_fall(signal, now) {
                    self.fall(signal, now);
                }
            }
            // The queue drains: let it.
            Usage::Under => {
                self.growing_since = None;
                self.return_from_fall(signal);
            }
            Usage::Normal => {
                self.return_from_fall(signal);
                let since = self.growing_since.replace(now).unwrap_or(now);
                self.grow(signal, now - since);
            }
        }
    }

    /// A probe, or the end of a silence, showed that the path carries this.
    pub(crate) fn set(&mut self, found: Bitrate, now: Instant) {
        self.rate = in_range(found);
        self.growing_since = Some(now);
    }

    /// A probe arrived at this rate.
    pub(crate) fn on_probe(&mut self, found: Bitrate, now: Instant) {
        self.capacity.on_probe(found);
        self.set(found, now);
    }

    /// Losses show that the path's queue is full at the present rate.
    pub(crate) fn yield_to(&mut self, left: Bitrate, now: Instant) {
        self.rate = in_range(self.rate.min(left));
        self.growing_since = None;
        self.last_fall = Some(now);
    }

    fn may_fall(&self, signal: Signal, now: Instant) -> bool {
        let interval = signal.rtt.clamp(FALL_INTERVAL_MIN, FALL_INTERVAL_MAX);
        let is_due = self.last_fall.is_none_or(|last| now - last >= interval);
        // Far too high: whatever the last fall was meant to mend, it was not enough.
        is_due
            || signal
                .acknowledged
                .is_some_and(|rate| rate < self.rate.scaled(0.5))
    }

    fn fall(&mut self, signal: Signal, now: Instant) {
        let drained = 1.0 - signal.queue.as_secs_f64() / DRAIN.as_secs_f64();
        let beta = drained.clamp(BETA_MIN, BETA);
        let fallen = match signal.acknowledged {
            None => self.rate.scaled(BETA_MIN),
            Some(acknowledged) => {
                if self
                    .capacity
                    .lower()
                    .is_some_and(|lower| acknowledged < lower)
                {
                    self.capacity.forget();
                }
                self.capacity.on_overuse(acknowledged);
                // More arrives than the rate allows when a queue of before drains: then the rate stays.
                acknowledged.scaled(beta)
            }
        };
        self.rate = in_range(self.rate.min(fallen));
        self.carried = signal.acknowledged;
        self.last_fall = Some(now);
    }

    /// The queue that the rate fell for has drained: what the path carried while it stood is carried still.
    fn return_from_fall(&mut self, signal: Signal) {
        if signal.queue < QUEUE_DRAINED
            && let Some(carried) = self.carried.take()
        {
            self.rate = in_range(self.rate.max(carried.scaled(CARRIED)));
        }
    }

    fn grow(&mut self, signal: Signal, step: Duration) {
        let Some(acknowledged) = signal.acknowledged else {
            return;
        };
        if self
            .capacity
            .upper()
            .is_some_and(|upper| acknowledged > upper)
        {
            self.capacity.forget();
        }
        if signal.is_app_limited {
            return;
        }
        let ceiling = acknowledged
            .scaled(ABOVE_ARRIVALS)
            .saturating_add(ABOVE_ARRIVALS_OFFSET);
        if self.rate >= ceiling {
            return;
        }
        let seconds = step.min(STEP_MAX).as_secs_f64();
        let free = self.rate.scaled(GROWTH_PER_SECOND.powf(seconds));
        let grown = if self.capacity.rate().is_some() {
            let more = self.growth_near_capacity_kbps(signal.rtt) * seconds;
            let careful = self.rate.saturating_add(Bitrate::from_kbps_estimate(more));
            // A small rate's packets are a large share of it: care is never the quicker one.
            careful.min(free)
        } else {
            free
        };
        self.rate = in_range(grown.min(ceiling));
    }

    /// Per second, with packets of the size that the rate makes of a frame.
    fn growth_near_capacity_kbps(&self, rtt: Duration) -> f64 {
        let frame_bits = self.rate.as_bps() as f64 / FRAMES_PER_SECOND;
        let packet_bits = frame_bits / (frame_bits / PACKET_BITS).ceil().max(1.0);
        let response = (rtt + DETECTION).as_secs_f64();
        (PACKETS_PER_RESPONSE * packet_bits / response / 1e3).max(GROWTH_KBPS_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;

    fn signal(usage: Usage, acknowledged: u64) -> Signal {
        Signal {
            usage,
            acknowledged: Some(KBPS(acknowledged)),
            is_app_limited: false,
            rtt: Duration::from_millis(100),
            queue: Duration::ZERO,
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// Signals every 100 ms from `from_ms` on.
    fn run(aimd: &mut Aimd, from_ms: u64, signals: u64, signal: Signal) {
        for step in 0..signals {
            aimd.update(signal, at(from_ms + step * 100));
        }
    }

    #[test]
    fn a_free_path_grows_by_eight_percent_a_second() {
        let mut aimd = Aimd::new(KBPS(1_000));
        run(&mut aimd, 0, 11, signal(Usage::Normal, 1_000));
        let kbps = aimd.rate().as_kbps();
        assert!((kbps - 1_080.0).abs() < 2.0, "{kbps}");
    }

    #[test]
    fn overuse_leaves_a_share_of_what_arrives_and_growth_is_careful_then() {
        let mut aimd = Aimd::new(KBPS(1_000));
        aimd.update(signal(Usage::Over, 500), at(0));
        assert_eq!(aimd.rate(), KBPS(425));
        let queue = Duration::from_millis(50);
        let standing = Signal {
            queue,
            ..signal(Usage::Normal, 425)
        };
        run(&mut aimd, 100, 11, standing);
        let kbps = aimd.rate().as_kbps();
        assert!(kbps > 455.0 && kbps < 460.0, "{kbps}");
    }

    #[test]
    fn a_queue_that_has_drained_gives_the_rate_back_once() {
        let mut aimd = Aimd::new(KBPS(1_000));
        aimd.update(signal(Usage::Over, 1_000), at(0));
        aimd.update(signal(Usage::Under, 1_000), at(100));
        assert_eq!(aimd.rate(), KBPS(920));
        let limited = Signal {
            is_app_limited: true,
            ..signal(Usage::Normal, 300)
        };
        aimd.yield_to(KBPS(500), at(200));
        run(&mut aimd, 300, 10, limited);
        assert_eq!(aimd.rate(), KBPS(500));
    }

    #[test]
    fn a_deep_queue_takes_a_deeper_cut() {
        let mut aimd = Aimd::new(KBPS(1_000));
        let deep = Signal {
            queue: Duration::from_secs(1),
            ..signal(Usage::Over, 500)
        };
        aimd.update(deep, at(0));
        assert_eq!(aimd.rate(), KBPS(250));
    }

    #[test]
    fn one_queue_is_one_fall() {
        let mut aimd = Aimd::new(KBPS(1_000));
        aimd.update(signal(Usage::Over, 900), at(0));
        aimd.update(signal(Usage::Over, 700), at(50));
        assert_eq!(aimd.rate(), KBPS(765));
        aimd.update(signal(Usage::Over, 700), at(100));
        assert_eq!(aimd.rate(), KBPS(595));
    }

    #[test]
    fn a_queue_that_drains_holds_the_rate() {
        let mut aimd = Aimd::new(KBPS(1_000));
        run(&mut aimd, 0, 50, signal(Usage::Under, 1_000));
        assert_eq!(aimd.rate(), KBPS(1_000));
    }

    #[test]
    fn what_is_not_sent_proves_nothing() {
        let mut aimd = Aimd::new(KBPS(1_000));
        run(&mut aimd, 0, 100, signal(Usage::Normal, 300));
        assert_eq!(aimd.rate(), KBPS(1_000));
        let limited = Signal {
            is_app_limited: true,
            ..signal(Usage::Normal, 1_000)
        };
        run(&mut aimd, 10_000, 100, limited);
        assert_eq!(aimd.rate(), KBPS(1_000));
    }

    #[test]
    fn growth_ends_a_fifth_above_what_arrives() {
        let mut aimd = Aimd::new(KBPS(400));
        run(&mut aimd, 0, 1_000, signal(Usage::Normal, 400));
        assert_eq!(aimd.rate(), KBPS(490));
    }

    #[test]
    fn arrivals_far_above_the_capacity_are_another_link() {
        let mut aimd = Aimd::new(KBPS(1_000));
        aimd.update(signal(Usage::Over, 500), at(0));
        run(&mut aimd, 100, 100, signal(Usage::Normal, 2_000));
        // 8 % a second for ten seconds, and not some packets.
        assert!(aimd.rate() > KBPS(850), "{}", aimd.rate());
    }
}
