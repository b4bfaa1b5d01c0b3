//! How far a clock is from another, by the quickest packets of late.

use std::time::Duration;

use sfu_model::time::Instant;

/// For so long, and at most twice that, the quickest packet counts: as long as the capture times are worked out over, so that
/// both see the same network.
const WINDOW: Duration = Duration::from_secs(60);

/// The difference rises by at most a thousandth of the time that passes: ten times what clocks drift, and what capture times
/// do. A queue that stands for minutes is no clock.
const RISES_ONE_IN: u32 = 1_000;

/// The least of many differences, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LeastDifference(Option<Differences>);

#[derive(Clone, Copy, Debug)]
struct Differences {
    least: i64,
    moved_at: Instant,
    present: i64,
    began_at: Instant,
    past: Option<i64>,
}

impl LeastDifference {
    /// Takes one more, and says the least. One that is more than `step` above it begins again: no network is as slow.
    pub(crate) fn take(&mut self, difference: i64, at: Instant, step: i64, per_second: u32) -> i64 {
        let next = match self.0 {
            Some(d) if difference.saturating_sub(d.least) <= step => {
                d.then(difference, at, per_second)
            }
            Some(_) | None => Differences {
                least: difference,
                moved_at: at,
                present: difference,
                began_at: at,
                past: None,
            },
        };
        self.0 = Some(next);
        next.least
    }
}

impl Differences {
    fn then(mut self, difference: i64, at: Instant, per_second: u32) -> Self {
        if at - self.began_at < WINDOW {
            self.present = self.present.min(difference);
        } else {
            self.past = Some(self.present);
            (self.present, self.began_at) = (difference, at);
        }
        let lowest = self
            .past
            .map_or(self.present, |past| past.min(self.present));
        let elapsed = (at - self.moved_at).as_nanos() / u128::from(RISES_ONE_IN);
        let rise = i64::try_from(elapsed * u128::from(per_second) / 1_000_000_000);
        let rise = rise.unwrap_or(i64::MAX);
        if lowest < self.least || rise > 0 {
            self.least = lowest.min(self.least.saturating_add(rise));
            self.moved_at = self.moved_at.max(at);
        }
        self
    }
}
