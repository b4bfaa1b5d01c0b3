//! The clock that all encodings of a medium share, on the stream's timeline.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::id::EncodingId;
use sfu_model::time::{Instant, MediaTime};

use crate::timeline::ticks_in;

/// The offset moves by at most one in so many of the time that passes: 2 ms a second, twice as fast as the capture times that it
/// follows, and too slow to be heard or seen.
const SLEWS_ONE_IN: i64 = 500;

/// It begins to move when it is this wrong, and moves until it is [`SLEW_UNTIL`]: durations stay even for minutes, and sound
/// and pictures, each this wrong the other way, are within a third of the 45 ms that lips may be off.
const SLEW_FROM: Duration = Duration::from_millis(6);

/// See [`SLEW_FROM`].
const SLEW_UNTIL: Duration = Duration::from_millis(1);

/// What is wrong by more for [`STEP_AFTER`] is set right at once: lips would be off for half a minute.
pub(crate) const STEP_FROM: Duration = Duration::from_millis(40);

/// A sender report can be wrong; the next one comes in a second or so.
pub(crate) const STEP_AFTER: Duration = Duration::from_millis(1_500);

/// Errors are smoothed over as many frames: a report's clock is read in whole milliseconds.
const SMOOTHED_OVER: i64 = 16;

/// Most pictures whose places are remembered: those of 4 s at 60 pictures a second, ten times what encodings are apart by
/// waiting for lost packets. An encoding that is further behind is laid between what is known.
const PICTURES_MAX: usize = 256;

/// Two pictures of two encodings that are this close were captured at once: RTP clocks that are made of one clock are off by
/// their rounding.
const SAME_PICTURE: Duration = Duration::from_millis(1);

/// Pictures that were laid too late are brought in by shortening those after, to this at least.
const SQUEEZED: Duration = Duration::from_millis(8);

/// The interval between pictures until it is known: of 20 pictures a second.
const INTERVAL_UNTIL_KNOWN: Duration = Duration::from_millis(50);

/// An encoding that has not been heard for so long leads no longer.
const LEAD_FOR: Duration = Duration::from_secs(2);

/// One picture's place.
#[derive(Clone, Copy, Debug)]
struct Picture {
    /// On the shared clock.
    common: i64,
    /// On the timeline.
    time: i64,
    /// Who had it first.
    encoding: EncodingId,
}

/// The error of the encoding that leads: all of them have it.
#[derive(Clone, Copy, Debug)]
struct Leader {
    encoding: EncodingId,
    heard_at: Instant,
    error: i64,
    wrong_since: Option<Instant>,
}

/// A shared clock.
#[derive(Debug)]
pub(crate) struct MediaClock {
    pub(crate) rate: ClockRate,
    /// From the shared clock to the timeline.
    offset: i64,
    is_slewing: bool,
    slewed_at: Instant,
    leader: Option<Leader>,
    /// In the order of their places.
    pictures: VecDeque<Picture>,
    /// Between pictures of late.
    interval: i64,
    /// The latest time that was given to anything.
    latest: Option<i64>,
}

impl MediaClock {
    pub(crate) fn new(rate: ClockRate) -> Self {
        Self {
            rate,
            offset: 0,
            is_slewing: false,
            slewed_at: Instant::START,
            leader: None,
            pictures: VecDeque::new(),
            interval: ticks_in(INTERVAL_UNTIL_KNOWN, rate),
            latest: None,
        }
    }

    /// A new publisher: other clocks, later on the same timeline.
    pub(crate) fn restart(&mut self) {
        let latest = self.latest;
        *self = Self::new(self.rate);
        self.latest = latest;
    }

    /// Where a place on the shared clock is on the timeline.
    pub(crate) const fn map(&self, common: i64) -> i64 {
        common.saturating_add(self.offset)
    }

    /// Where a time of the timeline is on the shared clock.
    pub(crate) const fn unmap(&self, time: i64) -> i64 {
        time.saturating_sub(self.offset)
    }

    /// Half of what is between two pictures.
    pub(crate) const fn half_interval(&self) -> i64 {
        self.interval / 2
    }

    /// The place of the picture of another encoding that was captured with the one that seems to be at `common`.
    pub(crate) fn nearest(&self, common: i64, encoding: EncodingId) -> Option<i64> {
        let others = self.pictures.iter().filter(|p| p.encoding != encoding);
        let nearest = others.min_by_key(|p| p.common.abs_diff(common))?;
        let is_near = nearest.common.abs_diff(common) <= self.half_interval().unsigned_abs();
        is_near.then_some(nearest.common)
    }

    /// An encoding's clock seems to be so many ticks behind the timeline. Returns the error that all have, which is nobody's own,
    /// and by how many ticks the clock was set right now, if it was.
    pub(crate) fn follow(&mut self, encoding: EncodingId, error: i64, at: Instant) -> Followed {
        let silent = |leader: &Leader| at - leader.heard_at > LEAD_FOR;
        let is_leader = |leader: &Leader| leader.encoding == encoding;
        let mut leader = match self.leader {
            Some(leader) if is_leader(&leader) => leader,
            Some(leader) if !silent(&leader) => {
                return Followed {
                    shared_error: leader.error,
                    step: None,
                };
            }
            Some(_) | None => Leader {
                encoding,
                heard_at: at,
                error,
                wrong_since: None,
            },
        };
        leader.error += (error - leader.error) / SMOOTHED_OVER;
        leader.heard_at = leader.heard_at.max(at);
        let is_wrong = error.abs() > ticks_in(STEP_FROM, self.rate);
        leader.wrong_since = is_wrong.then(|| leader.wrong_since.unwrap_or(at));
        let is_due = leader
            .wrong_since
            .is_some_and(|since| at - since >= STEP_AFTER);
        let mut step = None;
        if is_due {
            self.offset = self.offset.saturating_add(error);
            (leader.error, leader.wrong_since) = (0, None);
            step = Some(error);
        } else if !is_wrong {
            leader.error -= self.slew(leader.error, at);
        }
        self.leader = Some(leader);
        Followed {
            shared_error: leader.error,
            step,
        }
    }

    /// Moves the offset a little towards what it should be; by how much.
    fn slew(&mut self, error: i64, at: Instant) -> i64 {
        self.is_slewing = if self.is_slewing {
            error.abs() > ticks_in(SLEW_UNTIL, self.rate)
        } else {
            error.abs() > ticks_in(SLEW_FROM, self.rate)
        };
        let elapsed = (at - self.slewed_at).min(Duration::from_secs(1));
        let most = ticks_in(elapsed, self.rate) / SLEWS_ONE_IN;
        if most > 0 || !self.is_slewing {
            self.slewed_at = self.slewed_at.max(at);
        }
        if !self.is_slewing {
            return 0;
        }
        let moved = error.clamp(-most, most);
        self.offset = self.offset.saturating_add(moved);
        moved
    }

    /// The time of the picture at this place. One that another encoding had already gets the same.
    pub(crate) fn place(&mut self, common: i64, encoding: EncodingId) -> i64 {
        let same = ticks_in(SAME_PICTURE, self.rate).unsigned_abs();
        let is_same = |p: &&Picture| p.encoding != encoding && p.common.abs_diff(common) <= same;
        if let Some(picture) = self.pictures.iter().rev().find(is_same) {
            return picture.time;
        }
        let at = self.pictures.partition_point(|p| p.common < common);
        let before = at
            .checked_sub(1)
            .and_then(|at| self.pictures.get(at))
            .copied();
        let after = self.pictures.get(at).copied();
        let time = match (before, after) {
            (_, None) => self.next_time(before, common),
            (before, Some(after)) => {
                let by_before = before.map(|b| b.time.saturating_add(common - b.common));
                let by_after = after.time.saturating_sub(after.common - common);
                by_before
                    .unwrap_or(by_after)
                    .clamp(before.map_or(0, |b| b.time).min(after.time), after.time)
            }
        };
        let picture = Picture {
            common,
            time,
            encoding,
        };
        self.pictures.insert(at, picture);
        if self.pictures.len() > PICTURES_MAX {
            self.pictures.pop_front();
        }
        time
    }

    /// The time of a picture that comes after all others.
    fn next_time(&mut self, before: Option<Picture>, common: i64) -> i64 {
        let mut least = self.latest.map_or(0, |latest| latest.saturating_add(1));
        if let Some(before) = before {
            let span = common.saturating_sub(before.common);
            let whole = ticks_in(Duration::from_secs(1), self.rate);
            self.interval += (span.min(whole) - self.interval) / SMOOTHED_OVER;
            let squeezed = span.min(ticks_in(SQUEEZED, self.rate));
            least = least.max(before.time.saturating_add(squeezed));
        }
        let time = self.map(common).max(least);
        self.latest = Some(time);
        time
    }
}

/// What following an encoding's error came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed {
    pub(crate) shared_error: i64,
    pub(crate) step: Option<i64>,
}

/// A number of ticks as a time; what would be before zero is zero.
pub(crate) fn media_time(ticks: i64) -> MediaTime {
    MediaTime(u64::try_from(ticks).unwrap_or(0))
}
