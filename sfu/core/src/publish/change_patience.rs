//! How often a publisher is heard when what it sends is another thing than before: a new size, another layer, an encoding that
//! begins. Each time all subscribers of the room are planned anew, and every worker that has some is told.

use std::time::Duration;

use sfu_model::time::Instant;

/// What a change costs in time, so that a second has fifty: a browser changes sizes every few seconds, and as often as a picture
/// comes at most.
const CHANGE: Duration = Duration::from_millis(20);

/// Most changes that may be saved up: three encodings begin one after another, each in its codec, its size and its layers.
/// Past them a change waits for its time; nothing is lost, for what is told is what is so then.
const CHANGES_SAVED_MAX: u32 = 16;

/// When a publisher may change again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangePatience {
    /// The changes so far would have taken until then, each [`CHANGE`] long.
    spent_until: Instant,
}

impl Default for ChangePatience {
    fn default() -> Self {
        Self {
            spent_until: Instant::START,
        }
    }
}

impl ChangePatience {
    /// True when a change that is seen now is told now.
    #[must_use]
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        let until = self.spent_until.max(now) + CHANGE;
        if until > now + CHANGE * CHANGES_SAVED_MAX {
            return false;
        }
        self.spent_until = until;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_told_at_once_and_a_flood_fifty_times_a_second() {
        let mut patience = ChangePatience::default();
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let at_once = (0..100).filter(|_| patience.hear(at(0))).count();
        assert_eq!(at_once, CHANGES_SAVED_MAX as usize);
        let later = (0..10_000).filter(|ms| patience.hear(at(*ms))).count();
        assert_eq!(later, 499);
        // Who rests has all of it again.
        let at_once = (0..100).filter(|_| patience.hear(at(60_000))).count();
        assert_eq!(at_once, CHANGES_SAVED_MAX as usize);
    }
}
