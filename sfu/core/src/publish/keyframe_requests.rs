//! Keyframe requests for one encoding, coalesced: however many ask, few leave, and an unanswered one is repeated.

use std::time::Duration;

use sfu_model::keyframe::KeyframeReason;
use sfu_model::time::Instant;

use crate::limits::{KEYFRAME_RAISE_INTERVAL, KEYFRAME_REQUEST_TRIES_MAX};

/// The wish for a keyframe of one encoding, and when it was last passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyframeRequests {
    /// Least time between two requests that leave.
    interval: Duration,
    wanted: bool,
    /// Only to raise a quality: it can wait for others.
    is_patient: bool,
    sent_at: Option<Instant>,
    tries: u32,
}

impl KeyframeRequests {
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            wanted: false,
            is_patient: false,
            sent_at: None,
            tries: 0,
        }
    }

    /// Somebody needs a keyframe.
    pub(crate) fn request(&mut self, reason: KeyframeReason) {
        self.is_patient = reason == KeyframeReason::Raise && (self.is_patient || !self.wanted);
        self.wanted = true;
        self.tries = 0;
    }

    /// A keyframe should come by itself, as an encoder's first picture does: asked for only when it stays away.
    pub(crate) fn expect(&mut self, now: Instant) {
        self.request(KeyframeReason::Join);
        self.sent_at = Some(now);
    }

    /// Nobody needs one any more.
    pub(crate) fn forget(&mut self) {
        self.wanted = false;
    }

    /// A keyframe begins: every wish so far is answered.
    pub(crate) fn keyframe_arrived(&mut self) {
        self.wanted = false;
        self.tries = 0;
    }

    /// True when a request must leave now.
    #[must_use]
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return false;
        }
        self.sent_at = Some(now);
        self.tries += 1;
        if self.tries >= KEYFRAME_REQUEST_TRIES_MAX {
            self.wanted = false;
        }
        true
    }

    /// When [`Self::poll`] will say yes, if no keyframe arrives before.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if !self.wanted {
            return None;
        }
        let interval = if self.is_patient {
            self.interval.max(KEYFRAME_RAISE_INTERVAL)
        } else {
            self.interval
        };
        Some(self.sent_at.map_or(Instant::START, |sent| sent + interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(250);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_crowd_costs_one_request_per_interval() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        let mut sent = 0;
        for ms in 1_000..2_000 {
            requests.request(KeyframeReason::Recovery);
            sent += u32::from(requests.poll(at(ms)));
        }
        assert_eq!(sent, 4);
    }

    #[test]
    fn a_keyframe_answers_everybody_who_asked_before_it() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        requests.request(KeyframeReason::Recovery);
        assert!(requests.poll(at(0)));
        requests.keyframe_arrived();
        assert_eq!(requests.poll_timeout(), None);
        requests.request(KeyframeReason::Recovery);
        assert!(!requests.poll(at(249)));
        assert!(requests.poll(at(250)));
    }

    #[test]
    fn a_keyframe_that_comes_by_itself_is_not_asked_for() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        requests.expect(at(0));
        assert!(!requests.poll(at(249)));
        assert!(requests.poll(at(250)));
        requests.expect(at(1_000));
        requests.keyframe_arrived();
        assert!(!requests.poll(at(2_000)));
    }

    #[test]
    fn what_nobody_needs_any_more_is_not_asked_for() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        requests.request(KeyframeReason::Recovery);
        assert!(requests.poll(at(0)));
        requests.forget();
        assert_eq!(requests.poll_timeout(), None);
        assert!(!requests.poll(at(1_000)));
    }

    #[test]
    fn who_may_get_better_waits_and_who_must_begin_does_not() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        requests.request(KeyframeReason::Join);
        assert!(requests.poll(at(0)));
        requests.keyframe_arrived();
        requests.request(KeyframeReason::Raise);
        assert!(!requests.poll(at(1_999)));
        requests.request(KeyframeReason::Join);
        requests.request(KeyframeReason::Raise);
        assert!(requests.poll(at(1_999)), "somebody cannot wait");
        requests.keyframe_arrived();
        requests.request(KeyframeReason::Raise);
        assert!(requests.poll(at(3_999)));
    }

    #[test]
    fn an_unanswered_request_is_repeated_and_given_up() {
        let mut requests = KeyframeRequests::new(INTERVAL);
        requests.request(KeyframeReason::Recovery);
        let sent = (0..100_000).filter(|ms| requests.poll(at(*ms))).count();
        assert_eq!(sent, KEYFRAME_REQUEST_TRIES_MAX as usize);
    }
}
