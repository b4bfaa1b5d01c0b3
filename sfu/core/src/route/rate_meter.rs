//! How much an encoding sends: what a subscriber's path must carry to get it.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// Length of one step. Eight of them hold two keyframe intervals of a fast sender and half of a slow one's: shorter, and a
/// keyframe looks like a higher rate.
const STEP: Duration = Duration::from_millis(250);
const STEPS: usize = 8;
/// The rate is not known before this much was heard.
const STEPS_MIN: u32 = 2;

/// After this much of nothing it begins anew: what it knew has left it.
const SILENCE: Duration = STEP.saturating_mul(STEPS as u32 + 1);

/// What a packet weighs beyond its payload as it leaves: header, extensions and tag. On 80 bytes of sound it is a third of
/// all, and a path carries it like the rest.
pub(crate) const OVERHEAD_BYTES: usize = 40;

/// Measures over the last two seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateMeter {
    /// Bytes of the last whole steps, the oldest first.
    steps: [u64; STEPS],
    n_steps: u32,
    running: u64,
    began_at: Instant,
    /// What it was before the last long silence.
    before: Option<Bitrate>,
}

impl RateMeter {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            steps: [0; STEPS],
            n_steps: 0,
            running: 0,
            began_at: now,
            before: None,
        }
    }

    /// A meter of a part: as much time is known of it, and nothing that arrived.
    pub(crate) fn begun_with(&self) -> Self {
        Self {
            steps: [0; STEPS],
            running: 0,
            before: None,
            ..*self
        }
    }

    /// This much arrived.
    pub(crate) fn add(&mut self, bytes: usize, now: Instant) {
        let passed = now - self.began_at;
        if passed >= SILENCE {
            // Its seconds would count as seconds of a low rate.
            let before = self.last();
            *self = Self {
                before,
                ..Self::new(now)
            };
        } else if passed >= STEP {
            self.advance(now);
        }
        self.running += bytes as u64;
    }

    /// What it was over the last two seconds, or as long as it is known. `None`: not yet.
    pub(crate) fn rate(&self, now: Instant) -> Option<Bitrate> {
        let mut latest = *self;
        latest.advance(now);
        if latest.n_steps < STEPS_MIN {
            return None;
        }
        Bitrate::of(latest.steps.iter().sum(), STEP * latest.n_steps)
    }

    /// What it was when something arrived last, however long ago. `None`: not known.
    pub(crate) fn last(&self) -> Option<Bitrate> {
        if self.n_steps < STEPS_MIN {
            return self.before;
        }
        Bitrate::of(self.steps.iter().sum(), STEP * self.n_steps)
    }

    fn advance(&mut self, now: Instant) {
        let passed = (now - self.began_at).as_nanos() / STEP.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        // One more than there are: what ran before a long silence must leave, too.
        for _ in 0..passed.min(STEPS as u32 + 1) {
            self.steps.rotate_left(1);
            if let Some(last) = self.steps.last_mut() {
                *last = std::mem::take(&mut self.running);
            }
        }
        self.n_steps = self.n_steps.saturating_add(passed).min(STEPS as u32);
        self.began_at += STEP * passed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_steady_rate_is_known_after_half_a_second_and_forgotten_after_two() {
        let mut meter = RateMeter::new(at(0));
        for ms in (0..3_000).step_by(10) {
            meter.add(1_250, at(ms));
            let rate = meter.rate(at(ms));
            assert_eq!(
                rate,
                (ms >= 500).then_some(Bitrate::from_kbps(1_000)),
                "{ms}"
            );
        }
        assert_eq!(meter.rate(at(4_000)), Some(Bitrate::from_kbps(500)));
        assert_eq!(meter.rate(at(60_000)), Some(Bitrate::ZERO));
    }

    #[test]
    fn what_it_was_before_a_silence_is_known_until_it_is_measured_anew() {
        let mut meter = RateMeter::new(at(0));
        assert_eq!(meter.last(), None);
        for ms in (0..3_000).step_by(10) {
            meter.add(1_250, at(ms));
        }
        assert_eq!(meter.last(), Some(Bitrate::from_kbps(1_000)));
        for ms in (60_000..60_500).step_by(10) {
            meter.add(2_500, at(ms));
            assert_eq!(meter.rate(at(ms)), None, "{ms}");
            assert_eq!(meter.last(), Some(Bitrate::from_kbps(1_000)), "{ms}");
        }
        meter.add(2_500, at(60_500));
        assert_eq!(meter.rate(at(60_500)), Some(Bitrate::from_kbps(2_000)));
        assert_eq!(meter.last(), Some(Bitrate::from_kbps(2_000)));
    }
}
