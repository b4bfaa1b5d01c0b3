//! May pictures be passed on as they come, or do players need them encoded anew?
//!
//! A rendition that a publisher sends is fit for an audience while its frames come often and evenly enough to fill parts,
//! its keyframes are where segments are cut, and its format stays. What it is fit for is looked at with every segment; the
//! verdict changes when it was otherwise for [`HYSTERESIS`].

use std::collections::VecDeque;
use std::time::Duration;

/// A verdict is kept this long against what is measured: to change between two encoders is a discontinuity.
const HYSTERESIS: Duration = Duration::from_secs(10);
/// What is measured is that of so long.
const MEASURED: Duration = Duration::from_secs(10);
/// Fewest frames a second.
const FPS_LEAST: u32 = 15;
/// Longest distance of two frames, of 99 in a hundred: a part that is closed before the frame that would cross half a second
/// is then at least 85 % of it (draft-pantos-hls-rfc8216bis section 4.4.4.9).
const GAP_LONGEST: Duration = Duration::from_millis(75);
/// Changes of format in [`CHANGES_MEASURED`]: each is a discontinuity in every rendition.
const CHANGES_ALLOWED: usize = 1;
const CHANGES_MEASURED: Duration = Duration::from_secs(60);
/// Distances that are kept: ten seconds of 120 frames. Of more, the last.
const GAPS_MAX: usize = 1_200;
/// Changes that are kept, as many as decide.
const CHANGES_MAX: usize = CHANGES_ALLOWED + 1;
/// Segments whose beginning is kept: ten seconds of the shortest.
const SEGMENTS_MAX: usize = 6;

/// What makes pictures unfit to be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Fewer than 15 frames a second.
    FewFrames,
    /// More than one in a hundred distances of frames is above 75 ms.
    UnevenFrames,
    /// Segments begin without a keyframe.
    MisalignedKeyframes,
    /// The format changes more than once a minute.
    ChangingFormat,
}

/// What is known of one rendition.
#[derive(Clone, Debug, Default)]
pub struct Eligibility {
    last_frame: Option<Duration>,
    /// Times and distances of the last frames.
    gaps: VecDeque<(Duration, Duration)>,
    changes: VecDeque<Duration>,
    /// Did the last segments begin with a keyframe?
    aligned: VecDeque<bool>,
    verdict: Option<Unfit>,
    /// Since when what is measured says otherwise.
    doubted_since: Option<Duration>,
}

impl Eligibility {
    /// A frame at this time on the stream's timeline.
    pub fn handle_frame(&mut self, at: Duration) {
        if let Some(last) = self.last_frame.replace(at) {
            push(&mut self.gaps, GAPS_MAX, (at, at.saturating_sub(last)));
        }
        while self.gaps.front().is_some_and(|(of, _)| *of + MEASURED < at) {
            self.gaps.pop_front();
        }
    }

    /// The format is another from this time on.
    pub fn handle_format_change(&mut self, at: Duration) {
        push(&mut self.changes, CHANGES_MAX, at);
    }

    /// A segment was begun, with a keyframe or not.
    pub fn handle_segment(&mut self, begins_with_keyframe: bool) {
        push(&mut self.aligned, SEGMENTS_MAX, begins_with_keyframe);
    }

    /// Looks at what was measured up to `at`: once per segment.
    pub fn evaluate(&mut self, at: Duration) {
        let measured = self.measured(at);
        if measured == self.verdict {
            self.doubted_since = None;
            return;
        }
        let since = *self.doubted_since.get_or_insert(at);
        if at.saturating_sub(since) >= HYSTERESIS {
            self.verdict = measured;
            self.doubted_since = None;
        }
    }

    /// `None`: it is fit to be passed on.
    pub fn verdict(&self) -> Option<Unfit> {
        self.verdict
    }

    fn measured(&self, at: Duration) -> Option<Unfit> {
        let recent = |change: &&Duration| **change + CHANGES_MEASURED >= at;
        if self.changes.iter().filter(recent).count() > CHANGES_ALLOWED {
            return Some(Unfit::ChangingFormat);
        }
        let n_misaligned = self
            .aligned
            .iter()
            .filter(|is_aligned| !**is_aligned)
            .count();
        // One in six is a keyframe request that was lost.
        if n_misaligned > 1 {
            return Some(Unfit::MisalignedKeyframes);
        }
        self.of_frames(at)
    }

    fn of_frames(&self, at: Duration) -> Option<Unfit> {
        let recent = self.gaps.iter().filter(|(of, _)| *of + MEASURED >= at);
        let (mut n_frames, mut n_long, mut span) = (0_u32, 0_u32, Duration::ZERO);
        for (_, gap) in recent {
            n_frames += 1;
            n_long += u32::from(*gap > GAP_LONGEST);
            span += *gap;
        }
        // The time since the last frame counts too: frames that do not come have no distance.
        let silence = self.last_frame.map_or(at, |last| at.saturating_sub(last));
        span += silence.saturating_sub(GAP_LONGEST);
        let is_slow = Duration::from_secs(u64::from(n_frames)) < span * FPS_LEAST;
        if is_slow {
            Some(Unfit::FewFrames)
        } else if n_long * 100 > n_frames {
            Some(Unfit::UnevenFrames)
        } else {
            None
        }
    }
}

/// Keeps the last so many.
fn push<T>(kept: &mut VecDeque<T>, max: usize, new: T) {
    if kept.len() >= max {
        kept.pop_front();
    }
    kept.push_back(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Frames from one second to another, so far apart, looked at every two seconds.
    fn frames(eligibility: &mut Eligibility, seconds: std::ops::Range<u64>, gap_ms: u64) {
        let mut looked_at = seconds.start * 1_000;
        for at in (seconds.start * 1_000..seconds.end * 1_000).step_by(gap_ms as usize) {
            eligibility.handle_frame(ms(at));
            if at >= looked_at {
                eligibility.evaluate(ms(at));
                looked_at += 2_000;
            }
        }
    }

    #[test]
    fn fifteen_frames_a_second_are_fit_and_fourteen_are_not() {
        let mut fit = Eligibility::default();
        frames(&mut fit, 0..30, 66);
        assert_eq!(fit.verdict(), None);
        let mut slow = Eligibility::default();
        frames(&mut slow, 0..30, 72);
        assert_eq!(slow.verdict(), Some(Unfit::FewFrames));
    }

    #[test]
    fn a_verdict_is_kept_for_ten_seconds_both_ways() {
        let mut eligibility = Eligibility::default();
        frames(&mut eligibility, 0..20, 33);
        frames(&mut eligibility, 20..28, 200);
        assert_eq!(eligibility.verdict(), None, "not long enough");
        frames(&mut eligibility, 28..50, 200);
        assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
        frames(&mut eligibility, 50..58, 33);
        assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
        frames(&mut eligibility, 58..90, 33);
        assert_eq!(eligibility.verdict(), None);
    }

    #[test]
    fn one_long_distance_in_a_hundred_is_even_and_two_are_not() {
        for (every, verdict) in [(101, None), (50, Some(Unfit::UnevenFrames))] {
            let mut eligibility = Eligibility::default();
            let mut at = 0;
            for number in 1..2_000 {
                at += if number % every == 0 { 100 } else { 33 };
                eligibility.handle_frame(ms(at));
                eligibility.evaluate(ms(at));
            }
            assert_eq!(eligibility.verdict(), verdict, "every {every}");
        }
    }

    #[test]
    fn segments_without_keyframes_make_unfit_and_a_single_one_does_not() {
        for (every, verdict) in [(8, None), (2, Some(Unfit::MisalignedKeyframes))] {
            let mut eligibility = Eligibility::default();
            for second in 0..30 {
                frames(&mut eligibility, second * 2..second * 2 + 2, 33);
                eligibility.handle_segment(second % every != 0);
            }
            eligibility.evaluate(ms(60_000));
            assert_eq!(eligibility.verdict(), verdict, "every {every}");
        }
    }

    #[test]
    fn a_second_change_of_format_in_a_minute_makes_unfit() {
        let mut eligibility = Eligibility::default();
        eligibility.handle_format_change(ms(1_000));
        frames(&mut eligibility, 0..20, 33);
        assert_eq!(eligibility.verdict(), None);
        eligibility.handle_format_change(ms(20_000));
        frames(&mut eligibility, 20..40, 33);
        assert_eq!(eligibility.verdict(), Some(Unfit::ChangingFormat));
        frames(&mut eligibility, 40..90, 33);
        assert_eq!(eligibility.verdict(), None, "it is a minute ago");
    }

    #[test]
    fn frames_that_stop_make_unfit() {
        let mut eligibility = Eligibility::default();
        frames(&mut eligibility, 0..20, 33);
        for second in 20..40 {
            eligibility.evaluate(ms(second * 1_000));
        }
        assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
    }
}
