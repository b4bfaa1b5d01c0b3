//! How much of a room's video is wanted by those who watch it.

use std::time::Duration;

use sfu_model::time::Instant;

/// How long an encoding counts as wanted after the last who could take it, and after a publisher came. Whoever comes later
/// waits for an event, an encoder and its keyframe: a viewer that reloads its page, or whose path falls for a while, must not.
/// It is also six times what a browser takes at first to find out what its path carries: it is asked to send less only when
/// it has sent all, and knows that it can again.
pub(crate) const DEMAND_HOLD: Duration = Duration::from_secs(30);

/// How far up the ranks of a video somebody may go. What is below is wanted, too: it is where a viewer goes at once when its
/// path falls. The lowest encoding is wanted by nobody in particular, for the viewer who comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Nobody watches.
    #[default]
    Nothing,
    /// Up to the encoding of this rank.
    UpTo(u8),
    /// Nothing is known of it: all may be wanted.
    Everything,
}

impl Demand {
    /// Whether an encoding of this rank is wanted.
    pub(crate) fn includes(self, rank: u8) -> bool {
        rank == 0 || Self::UpTo(rank) <= self
    }
}

/// The highest demand of late. All may be wanted in the first seconds: whoever comes with the publisher is on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldDemand {
    highest: Demand,
    heard_at: Option<Instant>,
}

impl Default for HeldDemand {
    fn default() -> Self {
        Self {
            highest: Demand::Everything,
            heard_at: None,
        }
    }
}

impl HeldDemand {
    /// Somebody wants this much.
    pub(crate) fn hear(&mut self, demand: Demand, now: Instant) {
        let heard_at = *self.heard_at.get_or_insert(now);
        if demand >= self.highest || now.saturating_since(heard_at) >= DEMAND_HOLD {
            self.highest = demand;
            self.heard_at = Some(now);
        }
    }

    /// What is wanted, as long as it is heard again and again what is.
    pub(crate) const fn highest(&self) -> Demand {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// So much less than the hold, after this.
    fn held_until(ms: u64, less: u64) -> Instant {
        at(ms - less) + DEMAND_HOLD
    }

    #[test]
    fn more_is_wanted_at_once_and_less_after_the_hold() {
        let mut held = HeldDemand::default();
        held.hear(Demand::UpTo(1), at(60_000));
        held.hear(Demand::UpTo(1), held_until(60_000, 1));
        assert_eq!(held.highest(), Demand::Everything, "at first");
        held.hear(Demand::UpTo(1), held_until(60_000, 0));
        assert_eq!(held.highest(), Demand::UpTo(1));
        held.hear(Demand::UpTo(2), at(100_000));
        assert_eq!(held.highest(), Demand::UpTo(2));
        for less in (1..=20_001).rev().step_by(1_000) {
            held.hear(Demand::Nothing, held_until(100_000, less));
            assert_eq!(held.highest(), Demand::UpTo(2), "{less}");
        }
        held.hear(Demand::Nothing, held_until(100_000, 0));
        assert_eq!(held.highest(), Demand::Nothing);
        held.hear(Demand::Everything, at(140_000));
        assert_eq!(held.highest(), Demand::Everything);
    }

    #[test]
    fn the_best_off_of_many_decides() {
        let mut held = HeldDemand::default();
        for second in 0..100 {
            held.hear(Demand::UpTo(0), at(second * 1_000));
            held.hear(Demand::UpTo(2), at(second * 1_000 + 500));
            let expected = match second {
                0..30 => Demand::Everything,
                _ => Demand::UpTo(2),
            };
            assert_eq!(held.highest(), expected, "{second}");
        }
    }

    #[test]
    fn the_lowest_is_always_wanted() {
        for (demand, n_wanted) in [
            (Demand::Nothing, 1),
            (Demand::UpTo(0), 1),
            (Demand::UpTo(1), 2),
            (Demand::Everything, 4),
        ] {
            let wanted = (0..4).filter(|rank| demand.includes(*rank));
            assert_eq!(wanted.count(), n_wanted, "{demand:?}");
        }
    }
}
