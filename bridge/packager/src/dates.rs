//! The wall times of cuts (`EXT-X-PROGRAM-DATE-TIME`): as far from each other as the timeline says, and never in the future.

use std::time::Duration;

use sfu_model::time::Instant;

/// The timeline may be so far ahead of the wall: a keyframe is known of before it comes, times are on a grid, and clocks are measured.
/// Nobody is told of a segment before a part of it is there, which takes longer.
const AHEAD_SLACK: Duration = Duration::from_millis(100);
/// Where dates have to be less than the timeline says, they are less by this much more: what was ahead by a tenth of a second is by a
/// little more with the next keyframe, and each such change would tear two segments apart for players that place them by their dates.
const AHEAD_MARGIN: Duration = Duration::from_millis(50);
/// By so much more than is needed dates are less even behind a discontinuity: a picture of another size is one, and no reason to move
/// what follows.
const BEHIND_SLACK: Duration = Duration::from_millis(100);

/// The timeline's zero on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zero {
    /// On our monotonic clock.
    pub at: Instant,
    /// As wall time since 1970.
    pub unix: Duration,
}

impl Zero {
    /// The wall time of a moment on our clock.
    pub(crate) fn unix_at(self, now: Instant) -> Duration {
        self.unix.saturating_add(now.saturating_since(self.at))
    }
}

/// Of one stream.
#[derive(Debug)]
pub(crate) struct Dates {
    zero: Zero,
    /// What they are less by than the timeline says.
    behind: Duration,
}

impl Dates {
    pub(crate) const fn new(zero: Zero) -> Self {
        Self {
            zero,
            behind: Duration::ZERO,
        }
    }

    /// The wall time of the next cut, since 1970.
    pub(crate) fn of_cut(&mut self, at: Duration, is_break: bool, now: Instant) -> Duration {
        self.behind = self.behind_at(at, is_break, now);
        let unix = self.zero.unix.saturating_add(at);
        unix.saturating_sub(self.behind)
    }

    /// How long ago a time of the timeline was.
    pub(crate) fn late(&self, at: Duration, now: Instant) -> Duration {
        now.saturating_since(self.zero.at).saturating_sub(at)
    }

    /// What dates are less by from a cut on: as much as before wherever that will do, for a date that follows the wall for a segment and
    /// the timeline for the next moves both.
    fn behind_at(&self, at: Duration, is_break: bool, now: Instant) -> Duration {
        let ahead = at.saturating_sub(now.saturating_since(self.zero.at));
        let least = ahead.saturating_sub(AHEAD_SLACK);
        let enough = (ahead + AHEAD_MARGIN).saturating_sub(AHEAD_SLACK);
        let most = match is_break {
            false => Duration::MAX,
            true => enough + BEHIND_SLACK,
        };
        match (least..=most).contains(&self.behind) {
            true => self.behind,
            false => enough,
        }
    }
}
