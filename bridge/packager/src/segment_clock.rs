//! When segments are cut: one clock for all renditions of a stream, so that players can change between them at any segment.
//!
//! It adopts keyframes that come of themselves, then asks for one, and cuts without one rather than break the target
//! duration. What it decides is a time; each rendition cuts at its first frame from there on.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::dates::{Dates, Zero};
use crate::run::{Run, Runs};
use crate::segment::MediaSequenceNumber;

/// A keyframe this long after the last cut is adopted: viewers who join the SFU cause free ones, and shorter segments would
/// cost requests without need.
const ADOPT_AFTER: Duration = Duration::from_millis(1_500);
/// When keyframes are asked for, after the last cut was decided: the answer takes a round trip and a frame, and a request may
/// be lost.
const ASK_AFTER: [Duration; 3] = [
    Duration::from_millis(1_600),
    Duration::from_millis(1_850),
    Duration::from_millis(2_100),
];
/// The first segment of a stream is a part long: players that know no parts, and those that will not begin with parts alone,
/// have something to play at once.
const FIRST_ADOPT_AFTER: Duration = Duration::from_millis(400);
/// When its end is asked for: the answer of most is there when the part is full.
const FIRST_ASK_AFTER: [Duration; 4] = [
    FIRST_ADOPT_AFTER,
    Duration::from_millis(900),
    Duration::from_millis(1_600),
    Duration::from_millis(2_100),
];
/// Keyframes that a rendition cannot begin without are asked for no more often: an encoder that is asked with every frame
/// sends nothing else.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// The cut is made without a keyframe here. Sound may be ahead by what is told of already, which is a frame at most, and the
/// whole has to round to the target duration: 2.49 s.
const CUT_AFTER: Duration = Duration::from_millis(2_400);
/// No segment is longer: it has to round down to the target duration of 2 s.
pub const SEGMENT_LIMIT: Duration = Duration::from_millis(2_490);
/// A discontinuity sooner after a cut has to wait: parameter sets that change with every picture would fill the playlist
/// with segments of one picture.
pub(crate) const BREAK_AFTER: Duration = Duration::from_millis(500);

/// How far from its time an expected discontinuity may be: pictures are on a grid of their own.
const BREAK_SLACK: Duration = Duration::from_millis(50);

/// The start of a segment in all renditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The segment that begins.
    pub(crate) number: MediaSequenceNumber,
    /// When, since the timeline's zero.
    pub(crate) at: Duration,
    /// The wall time of `at`, since 1970: never in the future by the time anybody is told of it, never before that of the cut before,
    /// and between two discontinuities as far from it as `at` is, for players place segments by it.
    pub(crate) unix: Duration,
    /// Discontinuities so far, this one included.
    pub(crate) discontinuity_sequence: u64,
    /// Decoders begin anew here.
    pub(crate) is_discontinuous: bool,
    /// The segments that it is one of.
    pub(crate) run: Run,
}

/// Why a segment is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Regular,
    Break,
}

#[derive(Debug)]
pub(crate) struct SegmentClock {
    dates: Dates,
    /// Oldest first; what every rendition has passed is forgotten, the last never.
    cuts: VecDeque<Cut>,
    /// When the last was decided.
    decided_at: Instant,
    /// How many of [`ASK_AFTER`] are spent.
    n_asked: usize,
    /// A rendition waits for a keyframe, whatever the segment does: it is asked for then.
    needed_at: Option<Instant>,
    asked_at: Option<Instant>,
    /// The next cut is a discontinuity if it is here.
    break_expected: Option<Duration>,
    /// What the next segment is one of.
    pub(crate) runs: Runs,
}

impl SegmentClock {
    pub(crate) fn new(zero: Zero, now: Instant) -> Self {
        Self {
            dates: Dates::new(zero),
            cuts: VecDeque::new(),
            decided_at: now,
            n_asked: 0,
            needed_at: None,
            asked_at: None,
            break_expected: None,
            runs: Runs::default(),
        }
    }

    /// The last cut that is decided. `None`: no frame came yet.
    pub(crate) fn last(&self) -> Option<Cut> {
        self.cuts.back().copied()
    }

    /// The cut after that of a segment.
    pub(crate) fn after(&self, number: MediaSequenceNumber) -> Option<Cut> {
        self.cuts.iter().find(|cut| cut.number > number).copied()
    }

    /// The segment that begins with the first discontinuity after another.
    pub(crate) fn next_break(&self, number: MediaSequenceNumber) -> Option<MediaSequenceNumber> {
        self.break_after(number).map(|cut| cut.number)
    }

    /// When it begins.
    pub(crate) fn next_break_at(&self, number: MediaSequenceNumber) -> Option<Duration> {
        self.break_after(number).map(|cut| cut.at)
    }

    fn break_after(&self, number: MediaSequenceNumber) -> Option<&Cut> {
        let mut later = self.cuts.iter().filter(|cut| cut.number > number);
        later.find(|cut| cut.is_discontinuous)
    }

    /// The first frame of all.
    pub(crate) fn begin(&mut self, at: Duration, now: Instant) {
        if self.cuts.is_empty() {
            self.push(at, Kind::Regular, now);
        }
    }

    /// A frame that a decoder can begin at. Is the segment cut there?
    pub(crate) fn adopt(&mut self, at: Duration, now: Instant) -> bool {
        let least = match self.is_first() {
            true => FIRST_ADOPT_AFTER,
            false => ADOPT_AFTER,
        };
        self.cut_if_in_time(least, at, now)
    }

    /// The cut at this time, or next to it, is to be a discontinuity.
    pub(crate) fn expect_break(&mut self, at: Duration) {
        self.break_expected = Some(at);
    }

    /// What the cut at this time is to be.
    fn kind_of(&mut self, at: Duration) -> Kind {
        let passed = |expected: &mut Duration| at.saturating_add(BREAK_SLACK) >= *expected;
        let expected = self.break_expected.take_if(passed);
        let is_near = expected.is_some_and(|expected| at.abs_diff(expected) <= BREAK_SLACK);
        if is_near { Kind::Break } else { Kind::Regular }
    }

    /// Sound alone cuts between parts once a segment is this long.
    pub(crate) fn adopt_after(&mut self, least: Duration, at: Duration, now: Instant) -> bool {
        self.cut_if_in_time(least.max(ADOPT_AFTER), at, now)
    }

    /// The last cut that is decided began the stream.
    fn is_first(&self) -> bool {
        self.last().is_some_and(|last| last.number.0 == 0)
    }

    fn cut_if_in_time(&mut self, least: Duration, at: Duration, now: Instant) -> bool {
        let last = self.last();
        let is_in_time =
            last.is_some_and(|last| (last.at + least..=last.at + CUT_AFTER).contains(&at));
        if is_in_time {
            let kind = self.kind_of(at);
            self.push(at, kind, now);
        }
        is_in_time
    }

    /// The timeline of a rendition reaches `at`. How many cuts had to be made without a keyframe?
    pub(crate) fn reach(&mut self, at: Duration, now: Instant) -> u64 {
        let mut n_late = 0;
        while let Some(last) = self.last()
            && at >= last.at + CUT_AFTER
        {
            self.push(last.at + CUT_AFTER, Kind::Regular, now);
            n_late += 1;
        }
        n_late
    }

    /// May a discontinuity be made at this time?
    pub(crate) fn can_break(&self, at: Duration) -> bool {
        self.last()
            .is_none_or(|last| at >= last.at.saturating_add(BREAK_AFTER))
    }

    /// Decoders have to begin anew, in all renditions, at a time that [`Self::reach`] was told of, or after a time that nobody
    /// tells of.
    pub(crate) fn break_at(&mut self, at: Duration, now: Instant) {
        let at = self.last().map_or(at, |last| at.max(last.at));
        self.push(at, Kind::Break, now);
    }

    /// All renditions have passed the cuts before that of this segment.
    pub(crate) fn forget_before(&mut self, number: MediaSequenceNumber) {
        while self.cuts.len() > 1 && self.cuts.front().is_some_and(|cut| cut.number < number) {
            self.cuts.pop_front();
        }
    }

    /// A rendition cannot go on without a keyframe, nor with one before a discontinuity can be made.
    pub(crate) fn need_keyframe(&mut self, now: Instant) {
        let again = self.asked_at.map_or(now, |asked| asked + ASK_AGAIN_AFTER);
        let breakable = match self.cuts.is_empty() {
            true => now,
            false => self.decided_at + BREAK_AFTER,
        };
        self.needed_at.get_or_insert(now.max(again).max(breakable));
    }

    /// When the next keyframe is asked for.
    pub(crate) fn next_ask(&self) -> Option<Instant> {
        let all = match self.is_first() {
            true => &FIRST_ASK_AFTER[..],
            false => &ASK_AFTER[..],
        };
        let after = all.get(self.n_asked);
        let regular = after.map(|after| self.decided_at + *after);
        let regular = regular.filter(|_| !self.cuts.is_empty());
        regular.into_iter().chain(self.needed_at).min()
    }

    /// Is a keyframe to be asked for now?
    pub(crate) fn ask(&mut self, now: Instant) -> bool {
        let mut is_due = false;
        while self.next_ask().is_some_and(|at| now >= at) {
            match self.needed_at.filter(|at| now >= *at) {
                Some(_) => self.needed_at = None,
                None => self.n_asked += 1,
            }
            is_due = true;
        }
        if is_due {
            self.asked_at = Some(now);
        }
        is_due
    }

    fn push(&mut self, at: Duration, kind: Kind, now: Instant) {
        let last = self.last();
        let unix = self.dates.of_cut(at, kind == Kind::Break, now);
        let unix = last.map_or(unix, |last| unix.max(last.unix));
        let number = last.map_or(0, |last| last.number.0.saturating_add(1));
        let sequence = last.map_or(0, |last| last.discontinuity_sequence);
        let (number, is_discontinuous) = (MediaSequenceNumber(number), kind == Kind::Break);
        let run = last.map(|last| last.run);
        let late = self.dates.late(at, now);
        self.cuts.push_back(Cut {
            number,
            at,
            unix,
            discontinuity_sequence: sequence + u64::from(is_discontinuous),
            is_discontinuous,
            run: self.runs.of(number, (at, late), run, is_discontinuous),
        });
        self.decided_at = now;
        self.n_asked = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(millis: u64) -> Instant {
        Instant::START + ms(millis)
    }

    fn clock() -> SegmentClock {
        let zero = Zero {
            at: Instant::START,
            unix: Duration::from_secs(1_000),
        };
        let mut clock = SegmentClock::new(zero, at(0));
        clock.begin(ms(0), at(0));
        // Not the first segment, which is shorter.
        clock.push(ms(0), Kind::Regular, at(0));
        clock
    }

    #[test]
    fn the_first_segment_is_a_part_long() {
        let zero = Zero {
            at: Instant::START,
            unix: Duration::from_secs(1_000),
        };
        let mut clock = SegmentClock::new(zero, at(0));
        clock.begin(ms(0), at(0));
        let asked: Vec<u64> = (0..1_000).filter(|now| clock.ask(at(*now))).collect();
        assert_eq!(asked, [400, 900]);
        assert!(!clock.adopt(ms(399), at(399)));
        assert!(clock.adopt(ms(400), at(400)));
        assert!(!clock.adopt(ms(900), at(900)), "the next is as all others");
    }

    #[test]
    fn a_free_keyframe_is_adopted_and_an_early_one_is_not() {
        let mut clock = clock();
        assert!(!clock.adopt(ms(1_499), at(1_499)));
        assert!(clock.adopt(ms(1_500), at(1_500)));
        let cut = clock.last().unwrap();
        assert_eq!((cut.number.0, cut.at), (2, ms(1_500)));
        assert!(!clock.adopt(ms(1_533), at(1_533)), "it is cut already");
    }

    #[test]
    fn keyframes_are_asked_for_three_times_and_then_the_cut_is_made_without() {
        let mut clock = clock();
        let asked: Vec<u64> = (0..2_400).filter(|now| clock.ask(at(*now))).collect();
        assert_eq!(asked, [1_600, 1_850, 2_100]);
        assert_eq!(clock.next_ask(), None);
        assert_eq!(clock.reach(ms(2_399), at(2_399)), 0);
        assert_eq!(clock.reach(ms(2_420), at(2_420)), 1);
        assert_eq!(clock.last().unwrap().at, ms(2_400));
        assert_eq!(clock.next_ask(), Some(at(4_020)), "it asks for the next");
    }

    #[test]
    fn a_rendition_that_waits_is_asked_for_at_once_but_not_with_every_frame() {
        let mut clock = clock();
        let mut asked = Vec::new();
        for now in 1_000..2_000 {
            clock.need_keyframe(at(now));
            if clock.ask(at(now)) {
                asked.push(now);
            }
        }
        assert_eq!(asked, [1_000, 1_500, 1_600, 1_850], "the cut's own too");
    }

    #[test]
    fn wall_time_is_never_in_the_future_and_never_goes_back() {
        let date = |clock: &SegmentClock| clock.last().unwrap().unix - Duration::from_secs(1_000);
        let mut clock = clock();
        assert!(clock.adopt(ms(2_000), at(1_000)));
        assert_eq!(date(&clock), ms(1_050), "and it is not told of yet");
        assert!(clock.adopt(ms(4_000), at(1_500)));
        assert_eq!(date(&clock), ms(1_550));
        clock.break_at(ms(6_000), at(1_000));
        assert_eq!(date(&clock), ms(1_550), "it would go back");
    }

    #[test]
    fn dates_are_as_far_apart_as_segments_whenever_they_were_decided() {
        let mut clock = clock();
        let mut last = clock.last().unwrap();
        // Known of before it comes, when it comes, and late; then with a timeline that is ahead, once and for all.
        for (time, now) in [(2_000, 1_900), (4_000, 4_030), (6_000, 9_000)] {
            assert!(clock.adopt(ms(time), at(now)));
            let cut = clock.last().unwrap();
            assert_eq!(cut.unix - last.unix, cut.at - last.at, "{time}");
            last = cut;
        }
        // A keyframe that is ahead by a little more than the one before it changes nothing.
        let ahead = [
            (8_000, 7_500, 7_550),
            (10_000, 9_990, 9_550),
            (12_000, 11_455, 11_550),
        ];
        for (time, now, date_ms) in ahead {
            assert!(clock.adopt(ms(time), at(now)));
            let date = clock.last().unwrap().unix - Duration::from_secs(1_000);
            assert_eq!(date, ms(date_ms), "{time}");
        }
        clock.break_at(ms(13_000), at(13_000));
        let date = clock.last().unwrap().unix - Duration::from_secs(1_000);
        assert_eq!(
            date,
            ms(13_000),
            "what follows is another timeline to players"
        );
    }

    #[test]
    fn behind_a_discontinuity_dates_bear_that_keyframes_come_sooner_or_later() {
        let mut clock = clock();
        // The publisher's first picture came late, so that all others are ahead, each by a little more or less.
        clock.break_at(ms(2_000), at(1_890));
        for (time, now) in [(4_000, 3_885), (6_000, 5_841), (8_000, 7_900)] {
            let last = clock.last().unwrap();
            match time {
                6_000 => clock.break_at(ms(time), at(now)),
                _ => assert!(clock.adopt(ms(time), at(now))),
            }
            let cut = clock.last().unwrap();
            assert_eq!(cut.unix - last.unix, cut.at - last.at, "{time}");
        }
    }

    #[test]
    fn discontinuities_are_counted_and_kept_apart() {
        let mut clock = clock();
        assert!(!clock.can_break(ms(499)));
        assert!(clock.can_break(ms(500)));
        clock.break_at(ms(500), at(500));
        clock.adopt(ms(2_500), at(2_500));
        let cut = clock.last().unwrap();
        assert_eq!(
            (cut.discontinuity_sequence, cut.is_discontinuous),
            (1, false)
        );
    }

    #[test]
    fn what_all_have_passed_is_forgotten_but_never_the_last() {
        let mut clock = clock();
        clock.adopt(ms(2_000), at(2_000));
        clock.forget_before(MediaSequenceNumber(2));
        assert_eq!(clock.cuts.len(), 1);
        clock.forget_before(MediaSequenceNumber(9));
        assert_eq!(clock.last().unwrap().number.0, 2);
    }
}
