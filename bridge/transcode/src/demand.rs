//! Which rungs are encoded: those that somebody asked for lately, and always the best and the lowest.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::job::{RUNGS_MAX, RungIndex, RungSet};

/// A rung that nobody asked for in this long is not encoded. A player asks for each segment of two seconds; a shield in
/// front of us may ask once for thousands, and stop for a moment when it restarts.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What the audience of a stream wants of its ladder.
#[derive(Clone, Debug)]
pub struct Demand {
    n_rungs: usize,
    asked_at: [Option<Instant>; RUNGS_MAX],
}

impl Demand {
    /// Of a ladder with so many rungs, which nobody has asked for.
    pub const fn new(n_rungs: usize) -> Self {
        Self {
            n_rungs,
            asked_at: [None; RUNGS_MAX],
        }
    }

    /// Somebody asked for a rung's playlist or media.
    pub fn handle_request(&mut self, rung: RungIndex, now: Instant) {
        let place = self.asked_at.get_mut(usize::from(rung.0));
        if let Some(asked_at) = place.filter(|_| usize::from(rung.0) < self.n_rungs) {
            *asked_at = Some(now);
        }
    }

    /// What to encode now. The best one is what a player that joins may want at once, and the lowest what one with a bad
    /// network needs at once: both are there before anybody asks.
    pub fn wanted(&self, now: Instant) -> RungSet {
        let lowest = self.n_rungs.saturating_sub(1);
        let asked = (0_u8..).zip(&self.asked_at).take(self.n_rungs);
        let is_kept = |at: Option<Instant>| at.is_some_and(|at| now - at < KEPT_FOR);
        asked.fold(RungSet::NONE, |wanted, (index, at)| {
            let is_end = index == 0 || usize::from(index) == lowest;
            match is_end || is_kept(*at) {
                true => wanted.with(RungIndex(index)),
                false => wanted,
            }
        })
    }

    /// When [`Self::wanted`] may next become less.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let ends = self.asked_at.iter().flatten().map(|at| *at + KEPT_FOR);
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
    fn a_ladder_of_one_rung_has_it_and_of_none_nothing() {
        assert_eq!(Demand::new(1).wanted(at(0)), RungSet::first(1));
        assert_eq!(Demand::new(0).wanted(at(0)), RungSet::NONE);
    }
}
