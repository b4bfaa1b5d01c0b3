//! How much of one subscriber's feedback is heard: a datagram can claim far more than a receiver has to say, and each claim is
//! looked up.
//!
//! A step is one statement, one packet that transport-wide feedback tells of, or one number that a NACK names.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::rtcp::LOST_BY_RUNS_MAX;

/// Most steps of one datagram; the rest of it is not heard. Browsers tell of 250 packets every 50 ms, and name 1,000 lost
/// ones at most (libwebrtc's list of NACKs); after an outage one feedback tells of as many lost packets as are taken by runs,
/// and of what came since.
const STEPS_PER_DATAGRAM_MAX: u32 = 2_048;
const _: () = assert!(STEPS_PER_DATAGRAM_MAX >= 2 * LOST_BY_RUNS_MAX as u32);

/// What a step costs in time, so that a second has 16,384 of them: five times the packets of the highest rate that is
/// estimated, 30 Mbit/s, each of which is told of once.
const STEP: Duration = Duration::from_nanos(1_000_000_000 / 16_384);

/// Most steps that may be saved up, half a second's: what a browser says at once after a stall, with repetitions. Past them a
/// datagram is not heard beyond what has been earned since the last one.
const STEPS_SAVED_MAX: u32 = 8_192;
const _: () = assert!(STEPS_SAVED_MAX >= 4 * STEPS_PER_DATAGRAM_MAX);

/// What one subscriber has said of late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedbackPatience {
    /// The steps so far would have taken until then, each [`STEP`] long.
    spent_until: Instant,
}

impl Default for FeedbackPatience {
    fn default() -> Self {
        Self {
            spent_until: Instant::START,
        }
    }
}

impl FeedbackPatience {
    /// A datagram has come.
    pub(crate) fn begin(&mut self, now: Instant) -> Steps<'_> {
        Steps {
            patience: self,
            now,
            left: STEPS_PER_DATAGRAM_MAX,
            ran_out: false,
        }
    }
}

/// What may be heard of one datagram.
#[derive(Debug)]
pub(crate) struct Steps<'a> {
    patience: &'a mut FeedbackPatience,
    now: Instant,
    left: u32,
    ran_out: bool,
}

impl Steps<'_> {
    /// True when so many steps more may be taken, and then they are.
    #[must_use]
    pub(crate) fn take(&mut self, n_steps: u32) -> bool {
        let spent_until = self.patience.spent_until.max(self.now) + STEP * n_steps;
        let left = self.left.checked_sub(n_steps);
        match left.filter(|_| spent_until - self.now <= STEP * STEPS_SAVED_MAX) {
            Some(left) => {
                self.left = left;
                self.patience.spent_until = spent_until;
            }
            None => self.ran_out = true,
        }
        !self.ran_out
    }

    /// More was asked for than there is; what is left of the datagram is not worth reading.
    pub(crate) fn ran_out(&self) -> bool {
        self.ran_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_datagram_has_an_edge_in_steps() {
        let mut patience = FeedbackPatience::default();
        let mut steps = patience.begin(at(0));
        assert!(steps.take(2_047));
        assert!(steps.take(1) && !steps.ran_out());
        assert!(!steps.take(1) && steps.ran_out());
        assert!(patience.begin(at(0)).take(2_048), "the next has its own");
    }

    #[test]
    fn a_flood_is_heard_as_far_as_a_second_goes() {
        let mut patience = FeedbackPatience::default();
        let mut heard = 0;
        for ms in 0..10_000 {
            let mut steps = patience.begin(at(ms));
            while steps.take(1) {
                heard += 1;
            }
        }
        let share = 16_384 * 10;
        assert!((share..=share + 8_192).contains(&heard), "{heard}");
    }

    #[test]
    fn a_browser_is_always_heard() {
        let mut patience = FeedbackPatience::default();
        // A fifth of 30 Mbit/s is lost, and each lost packet asked for ten times.
        for turn in 0..2_000 {
            let mut steps = patience.begin(at(turn * 50));
            assert!(steps.take(1 + 160 + 1 + 320), "turn {turn}");
        }
        // And after a stall it tells of it all at once.
        for part in 0..4 {
            assert!(patience.begin(at(100_500)).take(2_000), "part {part}");
        }
    }
}
