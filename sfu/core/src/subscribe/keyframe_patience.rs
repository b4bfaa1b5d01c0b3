//! How often one subscriber is heard when it asks for keyframes, or for a layer that begins with one: each costs the publisher ten frames,
//! and every other viewer of the encoding the wait for it.

use std::time::Duration;

use sfu_model::time::Instant;

/// The requests that are heard in any [`WINDOW`] while some are saved. A decoder that has lost its references is answered at once, and again
/// when the answer is lost on its way; whoever asks more often floods. What is not heard needs no memory: a decoder without
/// a picture asks again by itself, libwebrtc's every 200 ms.
const HEARD_MAX: usize = 2;

/// Two keyframes a second, each worth about ten of 30 frames, are less than twice the bits: a publisher bears that.
const WINDOW: Duration = Duration::from_secs(1);

/// Least time between two that are heard. Until then they are one request, which is on its way or just answered: some
/// decoders ask twice in a row, as PLI and as FIR.
const APART: Duration = Duration::from_millis(200);

/// The requests that may be saved up: what a path that has gone bad asks for until less is sent over it.
const SAVED_MAX: u32 = 8;

/// And one more is saved in this time. A path that loses more than repairs can mend asks for a keyframe after each that it gets,
/// for ever, and each costs all other viewers of the encoding as well: it gets two dozen in a minute.
const EARNED_IN: Duration = Duration::from_millis(2_500);

/// When a subscriber was last heard, the oldest first, and what it has saved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyframePatience {
    heard_at: [Option<Instant>; HEARD_MAX],
    n_saved: u32,
    /// Since when the next is being earned; none while as many as may be are saved.
    earning_since: Option<Instant>,
}

impl Default for KeyframePatience {
    fn default() -> Self {
        Self {
            heard_at: [None; HEARD_MAX],
            n_saved: SAVED_MAX,
            earning_since: None,
        }
    }
}

impl KeyframePatience {
    /// True when a request that comes now is heard.
    #[must_use]
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        let [oldest, newest] = self.heard_at;
        let is_within = |since: Option<Instant>, span| since.is_some_and(|at| now - at < span);
        if is_within(newest, APART) || is_within(oldest, WINDOW) {
            return false;
        }
        self.earn(now);
        let Some(left) = self.n_saved.checked_sub(1) else {
            return false;
        };
        self.n_saved = left;
        self.earning_since.get_or_insert(now);
        self.heard_at = [newest, Some(now)];
        true
    }

    fn earn(&mut self, now: Instant) {
        while let Some(since) = self.earning_since
            && now - since >= EARNED_IN
        {
            self.n_saved += 1;
            self.earning_since = (self.n_saved < SAVED_MAX).then_some(since + EARNED_IN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_decoder_is_heard_at_once_and_again_when_the_answer_is_lost() {
        let mut patience = KeyframePatience::default();
        assert!(patience.hear(at(0)));
        assert!(!patience.hear(at(1)), "the same request");
        assert!(!patience.hear(at(199)));
        assert!(patience.hear(at(200)));
        assert!(!patience.hear(at(400)));
        assert!(!patience.hear(at(999)));
        assert!(patience.hear(at(1_000)));
        assert!(!patience.hear(at(1_199)));
        assert!(patience.hear(at(1_200)));
    }

    #[test]
    fn a_flood_is_heard_twice_in_any_second_until_nothing_is_saved() {
        let mut patience = KeyframePatience::default();
        let heard: Vec<u64> = (0..60_000).filter(|ms| patience.hear(at(*ms))).collect();
        for three in heard.windows(3) {
            assert!(three[2] - three[0] >= 1_000, "{three:?}");
        }
        assert_eq!(
            heard.get(..9).unwrap(),
            [0, 200, 1_000, 1_200, 2_000, 2_200, 3_000, 3_200, 4_000]
        );
        assert_eq!(heard.len(), 8 + 60_000 / 2_500 - 1);
    }

    #[test]
    fn a_flood_that_ends_is_forgiven() {
        let mut patience = KeyframePatience::default();
        let flood = (0..60_000).filter(|ms| patience.hear(at(*ms))).count();
        let later = (80_000..84_000).filter(|ms| patience.hear(at(*ms))).count();
        assert_eq!((flood, later), (31, 8));
    }

    #[test]
    fn who_asks_seldom_is_always_heard() {
        let mut patience = KeyframePatience::default();
        assert!((0..100).all(|n| patience.hear(at(n * 2_500))));
    }
}
