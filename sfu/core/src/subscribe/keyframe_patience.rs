//! How often one subscriber is heard when it asks for keyframes, or for a layer that begins with one: each costs the publisher ten frames,
//! and every other viewer of the encoding the wait for it.

use std::time::Duration;

use sfu_model::time::Instant;

/// The requests that are heard in any [`WINDOW`]. A decoder that has lost its references is answered at once, and again
/// when the answer is lost on its way; whoever asks more often floods. What is not heard needs no memory: a decoder without
/// a picture asks again by itself, libwebrtc's every 200 ms.
const HEARD_MAX: usize = 2;

/// Two keyframes a second, each worth about ten of 30 frames, are less than twice the bits: a publisher bears that.
const WINDOW: Duration = Duration::from_secs(1);

/// Least time between two that are heard. Until then they are one request, which is on its way or just answered: some
/// decoders ask twice in a row, as PLI and as FIR.
const APART: Duration = Duration::from_millis(200);

/// When a subscriber was last heard, the oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyframePatience {
    heard_at: [Option<Instant>; HEARD_MAX],
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
        self.heard_at = [newest, Some(now)];
        true
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
    fn a_flood_is_heard_twice_in_any_second() {
        let mut patience = KeyframePatience::default();
        let heard: Vec<u64> = (0..10_000).filter(|ms| patience.hear(at(*ms))).collect();
        assert_eq!(heard.len(), 20);
        for three in heard.windows(3) {
            assert!(three[2] - three[0] >= 1_000, "{three:?}");
        }
    }

    #[test]
    fn who_asks_seldom_is_always_heard() {
        let mut patience = KeyframePatience::default();
        assert!((0..100).all(|n| patience.hear(at(n * 500))));
    }
}
