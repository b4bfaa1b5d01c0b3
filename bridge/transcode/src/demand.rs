//! Which rungs are encoded: those that somebody asked for lately, and always the best and the lowest.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::job::{RUNGS_MAX, RungIndex, RungSet};

/// A rung that nobody asked for in this long is not encoded. A player asks for each segment of two seconds; a shield in
/// front of us may ask once for thousands, and stop for a moment when it restarts.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// The same of one that rested before and was asked for again, and again: twice as long each time, up to this. To rest and to
/// go on are a discontinuity each, which everybody who watches meets.
const KEPT_FOR_MOST: Duration = Duration::from_secs(480);
/// A rest of so long halves that again, and each further one as long. Who comes after it is another audience than the one that
/// came and went: one evening's is not paid for on all that follow. What rests for longer than it may be kept is a discontinuity
/// so rarely that half the time costs nobody more of them.
const HALVED_BY: Duration = Duration::from_secs(600);

/// What the audience of a stream wants of its ladder.
#[derive(Clone, Debug)]
pub struct Demand {
    n_rungs: usize,
    asked: [Option<Asked>; RUNGS_MAX],
}

/// When a rung was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Instant,
    kept_for: Duration,
}

impl Asked {
    fn ends_at(self) -> Instant {
        self.at + self.kept_for
    }

    fn again(before: Option<Self>, now: Instant) -> Self {
        let kept_for = match before {
            None => KEPT_FOR,
            Some(before) if now < before.ends_at() => before.kept_for,
            Some(before) => before.kept_after(now - before.ends_at()),
        };
        Self { at: now, kept_for }
    }

    fn kept_after(self, rested: Duration) -> Duration {
        let n_halvings = rested.as_secs() / HALVED_BY.as_secs();
        match u32::try_from(n_halvings).unwrap_or(u32::MAX) {
            0 => self.kept_for.saturating_mul(2).min(KEPT_FOR_MOST),
            n => {
                let divisor = 1_u32.checked_shl(n).unwrap_or(u32::MAX);
                (self.kept_for / divisor).max(KEPT_FOR)
            }
        }
    }
}

impl Demand {
    /// Of a ladder with so many rungs, which nobody has asked for.
    pub const fn new(n_rungs: usize) -> Self {
        Self {
            n_rungs,
            asked: [None; RUNGS_MAX],
        }
    }

    /// Somebody asked for a rung's playlist or media.
    pub fn handle_request(&mut self, rung: RungIndex, now: Instant) {
        let place = self.asked.get_mut(usize::from(rung.0));
        if let Some(asked) = place.filter(|_| usize::from(rung.0) < self.n_rungs) {
            *asked = Some(Asked::again(*asked, now));
        }
    }

    /// What to encode now. The best one is what a player that joins may want at once, and the lowest what one with a bad
    /// network needs at once: both are there before anybody asks.
    pub fn wanted(&self, now: Instant) -> RungSet {
        let lowest = self.n_rungs.saturating_sub(1);
        let all = (0_u8..).zip(&self.asked).take(self.n_rungs);
        let is_kept = |asked: Option<Asked>| asked.is_some_and(|asked| now < asked.ends_at());
        all.fold(RungSet::NONE, |wanted, (index, asked)| {
            let is_end = index == 0 || usize::from(index) == lowest;
            match is_end || is_kept(*asked) {
                true => wanted.with(RungIndex(index)),
                false => wanted,
            }
        })
    }

    /// When [`Self::wanted`] may next become less.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let ends = self.asked.iter().flatten().map(|asked| asked.ends_at());
        ends.filter(|end| *end > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::START + Duration::from_secs(s)
    }

    #[test]
    fn a_rung_between_is_encoded_for_half_a_minute_after_the_last_who_asked() {
        let mut demand = Demand::new(4);
        let ends = RungSet::NONE.with(RungIndex(0)).with(RungIndex(3));
        assert_eq!(demand.wanted(at(0)), ends);
        demand.handle_request(RungIndex(1), at(10));
        demand.handle_request(RungIndex(1), at(20));
        demand.handle_request(RungIndex(7), at(20));
        assert_eq!(demand.wanted(at(49)), ends.with(RungIndex(1)));
        assert_eq!(demand.poll_timeout(at(49)), Some(at(50)));
        assert_eq!(demand.wanted(at(50)), ends);
        assert_eq!(demand.poll_timeout(at(50)), None);
    }

    #[test]
    fn a_rung_that_is_asked_for_now_and_then_rests_ever_later() {
        let mut demand = Demand::new(3);
        let mut asked_at = 10;
        for kept_for in [30, 60, 120, 240, 480, 480] {
            demand.handle_request(RungIndex(1), at(asked_at));
            // Who goes on asking changes nothing.
            demand.handle_request(RungIndex(1), at(asked_at));
            assert_eq!(
                demand.poll_timeout(at(asked_at)),
                Some(at(asked_at + kept_for))
            );
            asked_at += kept_for;
        }
    }

    #[test]
    fn a_rung_that_rested_for_long_rests_sooner_again() {
        // How long it is kept who was kept for eight minutes and then rested so long, in seconds.
        let rows = [
            (599, 480),
            (600, 240),
            (1_199, 240),
            (1_200, 120),
            (2_400, 30),
            (3_000, 30),
            (86_400, 30),
            (1 << 30, 30),
        ];
        for (rested, expected) in rows {
            let mut demand = Demand::new(3);
            let mut asked_at = 0;
            for kept_for in [30, 60, 120, 240, 480] {
                demand.handle_request(RungIndex(1), at(asked_at));
                asked_at += kept_for;
            }
            let again = asked_at + rested;
            demand.handle_request(RungIndex(1), at(again));
            let ends = demand.poll_timeout(at(again));
            assert_eq!(ends, Some(at(again + expected)), "{rested}");
        }
    }

    #[test]
    fn a_ladder_of_one_rung_has_it_and_of_none_nothing() {
        assert_eq!(Demand::new(1).wanted(at(0)), RungSet::first(1));
        assert_eq!(Demand::new(0).wanted(at(0)), RungSet::NONE);
    }
}
