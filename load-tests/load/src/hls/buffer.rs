//! The buffer of a player that begins at its hold-back, never speeds up and never slows down.

use std::time::Duration;

use sfu_model::time::Instant;

/// What a player has to show, and when it had nothing.
#[derive(Clone, Debug)]
pub struct Buffer {
    hold_back: Duration,
    state: State,
    stalls: u64,
    stalled: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// It has so much, and does not play yet.
    Filling(Duration),
    /// It plays, and has something to show until then.
    Playing(Instant),
}

impl Buffer {
    /// An empty one, of a player that begins to play when it has so much.
    pub fn new(hold_back: Duration) -> Self {
        Self {
            hold_back,
            state: State::Filling(Duration::ZERO),
            stalls: 0,
            stalled: Duration::ZERO,
        }
    }

    /// The next part is there.
    pub fn add(&mut self, duration: Duration, now: Instant) {
        self.look(now);
        self.state = match self.state {
            State::Filling(has) if has + duration >= self.hold_back => {
                State::Playing(now + (has + duration))
            }
            State::Filling(has) => State::Filling(has + duration),
            // A player that has stalled goes on at once, that much later than before.
            State::Playing(until) => State::Playing(until.max(now) + duration),
        };
    }

    /// It is `now`: a player that has nothing to show has stalled since it had the last.
    pub fn look(&mut self, now: Instant) {
        if let State::Playing(until) = self.state
            && until < now
        {
            self.stalls += 1;
            self.stalled += now - until;
            // Counted up to now; while nothing comes it is the same stall.
            self.state = State::Playing(now);
        }
    }

    /// Whether it plays, or did.
    pub fn has_begun(&self) -> bool {
        matches!(self.state, State::Playing(_))
    }

    /// How often it had nothing to show, and for how long in all.
    pub fn stalls(&self) -> (u64, Duration) {
        (self.stalls, self.stalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Duration = Duration::from_millis(500);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// A player with three parts at zero: it plays until 1.5 s.
    fn playing() -> Buffer {
        let mut buffer = Buffer::new(PART * 3);
        for _ in 0..3 {
            assert!(!buffer.has_begun());
            buffer.add(PART, at(0));
        }
        assert!(buffer.has_begun());
        buffer
    }

    #[test]
    fn parts_in_time_are_no_stall_however_unevenly_they_come() {
        let mut buffer = playing();
        for (n, late) in [(1, 900), (2, 0), (3, 990), (4, 0), (5, 999)] {
            buffer.add(PART, at(n * 500 + late));
        }
        assert_eq!(buffer.stalls(), (0, Duration::ZERO));
    }

    #[test]
    fn a_part_that_comes_after_the_last_was_shown_is_one_stall_of_that_long() {
        let mut buffer = playing();
        buffer.add(PART, at(1_800));
        assert_eq!(buffer.stalls(), (1, Duration::from_millis(300)));
        buffer.add(PART, at(2_300));
        assert_eq!(buffer.stalls().0, 1, "it goes on later than it was");
    }

    #[test]
    fn a_player_that_gets_nothing_more_has_stalled_when_it_is_looked_at() {
        let mut buffer = playing();
        buffer.look(at(1_500));
        assert_eq!(buffer.stalls().0, 0);
        buffer.look(at(4_000));
        assert_eq!(buffer.stalls(), (1, Duration::from_millis(2_500)));
    }

    #[test]
    fn a_player_that_never_began_has_not_stalled() {
        let mut buffer = Buffer::new(PART * 3);
        buffer.add(PART, at(0));
        buffer.look(at(60_000));
        assert_eq!(buffer.stalls(), (0, Duration::ZERO));
    }
}
