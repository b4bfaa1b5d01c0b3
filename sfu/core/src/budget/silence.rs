//! A path that answers nothing: the viewer's train is in a tunnel, or feedback is lost.
//!
//! Sending on at the old rate fills whatever queue stands before the gap with pictures that will be old; so the rate is
//! halved again and again. When an answer comes the path is most likely the one it was, and half of what it carried is
//! a safer guess than the few packets that kept it alive: the congestion control takes the rest back if that is wrong.

use std::time::Duration;

use sfu_model::time::Instant;

/// Packets unanswered for this long are a silence: feedback comes every 50 to 250 ms, and some of it is lost.
const BEGINS_AFTER: Duration = Duration::from_secs(1);

/// And then the rate is halved this often: from 3 Mbit/s to below 40 kbit/s within 3 s of the last feedback, which is
/// where libwebrtc's tests want it.
const HALVED_EVERY: Duration = Duration::from_millis(250);

/// Halvings after which any rate is at its floor: a clock that leaps an hour is no more than that.
const HALVINGS_MAX: u32 = 32;

/// Watches whether packets are answered.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    next_halving: Option<Instant>,
    is_silent: bool,
}

impl Silence {
    /// The first packet since the last answer starts the wait.
    pub(crate) fn on_sent(&mut self, now: Instant) {
        self.next_halving.get_or_insert(now + BEGINS_AFTER);
    }

    /// Feedback about a packet that was sent; says whether it ends a silence.
    pub(crate) fn on_answer(&mut self) -> bool {
        let ended = std::mem::take(self);
        ended.is_silent
    }

    /// How often to halve the rate by now.
    pub(crate) fn halvings(&mut self, now: Instant) -> u32 {
        let mut halvings = 0;
        while halvings < HALVINGS_MAX
            && let Some(due) = self.next_halving.filter(|due| now >= *due)
        {
            halvings += 1;
            self.is_silent = true;
            self.next_halving = Some(due + HALVED_EVERY);
        }
        if halvings == HALVINGS_MAX {
            self.next_halving = Some(now + HALVED_EVERY);
        }
        halvings
    }

    /// Whether the rate has been halved since the last answer.
    pub(crate) const fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// When `halvings` has something to say.
    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.next_halving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn unanswered_packets_halve_the_rate_again_and_again() {
        let mut silence = Silence::default();
        assert_eq!(silence.poll_timeout(), None, "nothing was sent");
        silence.on_sent(at(0));
        silence.on_sent(at(900));
        assert_eq!(silence.poll_timeout(), Some(at(1_000)));
        assert_eq!((silence.halvings(at(999)), silence.is_silent()), (0, false));
        assert_eq!(
            (silence.halvings(at(1_500)), silence.is_silent()),
            (3, true)
        );
        assert_eq!(silence.poll_timeout(), Some(at(1_750)));
    }

    #[test]
    fn an_answer_ends_it() {
        let mut silence = Silence::default();
        silence.on_sent(at(0));
        assert!(!silence.on_answer(), "there was none");
        silence.on_sent(at(2_000));
        assert_eq!(silence.halvings(at(2_500)), 0);
        assert_eq!(silence.halvings(at(3_000)), 1);
        assert!(silence.on_answer());
        assert_eq!(silence.poll_timeout(), None);
    }

    #[test]
    fn a_leap_of_the_clock_is_bounded() {
        let mut silence = Silence::default();
        silence.on_sent(at(0));
        assert_eq!(
            silence.halvings(Instant::from_nanos(u64::MAX / 2)),
            HALVINGS_MAX
        );
    }
}
