//! May an encoding's pictures be passed on as they come, or do players need them encoded anew?
//!
//! They are fit for an audience while they come often enough to fill parts, their keyframes are where segments are cut, their
//! format stays, players have a decoder for it, and their times rise. That they come unevenly is no reason: the packager ends a picture at the part target
//! and shows it on, so that every part is as long as it must be.

use std::collections::VecDeque;
use std::time::Duration;

/// Pictures that were fit are found unfit when they were otherwise for so long: to change between two encoders is a
/// discontinuity. The first way back is as long.
const HYSTERESIS: Duration = Duration::from_secs(10);
/// Each time that they are found unfit again the way back is twice as long as the last one, up to this: a screen on which
/// now and then something moves is not passed on between two of its pauses.
const HYSTERESIS_MAX: Duration = Duration::from_secs(640);
/// What is measured is that of so long.
const MEASURED: Duration = Duration::from_secs(10);
/// Fewest frames in [`MEASURED`]: five a second, so that there are two in each part of half a second. From there on a busy
/// publisher is better passed on than encoded anew; that it has less than 13 a second it is told by what counts frames.
const FRAMES_LEAST: u32 = 50;
/// A distance of frames that leaves a part without one: players stop there, whatever the playlist says.
const STILL: Duration = Duration::from_millis(500);
/// So many of them in [`MEASURED`] are pictures that stand still, which is not waited out: at a frame a second players would
/// stop ten times until then. One alone is a camera that was exchanged.
const STILLS: usize = 2;
/// Changes of format in [`CHANGES_MEASURED`]: each is a discontinuity in every rendition.
const CHANGES_ALLOWED: usize = 1;
const CHANGES_MEASURED: Duration = Duration::from_secs(60);
/// Changes so soon after the first frame are not counted: encoders begin small.
const GROWS_FOR: Duration = Duration::from_secs(10);
/// Times that are out of order are told once in ten seconds while they last: twice in this time is more than an accident.
const DISORDER_MEASURED: Duration = Duration::from_secs(25);
const DISORDERS: usize = 2;
/// Frames that are kept: ten seconds of 120 a second. Of more, the last.
const FRAMES_MAX: usize = 1_200;
/// Segments whose beginning is kept: ten seconds of the shortest.
const SEGMENTS_MAX: usize = 6;
/// So many of them without a keyframe are no requests that were lost, nor encoders of several sizes that are behind.
const MISALIGNED: usize = 4;

/// What makes pictures unfit to be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Of a profile that players do not decode.
    Profile,
    /// Fewer than five a second.
    FewFrames,
    /// Parts go by without one.
    StandsStill,
    /// Segments begin without a keyframe.
    MisalignedKeyframes,
    /// The format changes more than once a minute.
    ChangingFormat,
    /// Their times do not rise as they come.
    Disordered,
}

/// What is known of one encoding.
#[derive(Clone, Debug)]
pub(crate) struct Eligibility {
    began_at: Duration,
    /// Players decode its profile.
    is_played: bool,
    frames: VecDeque<Duration>,
    /// When frames came that were too far from those before them.
    stills: VecDeque<Duration>,
    changes: VecDeque<Duration>,
    disorders: VecDeque<Duration>,
    /// Did the last segments begin with a keyframe?
    aligned: VecDeque<bool>,
    verdict: Option<Unfit>,
    /// Since when what is measured says otherwise.
    doubted_since: Option<Duration>,
    /// How long they must be fit to be passed on again: twice as long as the last time.
    way_back: Duration,
}

impl Eligibility {
    /// One whose first frame comes at this time on the stream's timeline. It is fit until it is found not to be.
    pub(crate) fn new(at: Duration) -> Self {
        Self {
            began_at: at,
            is_played: true,
            frames: VecDeque::new(),
            stills: VecDeque::new(),
            changes: VecDeque::new(),
            disorders: VecDeque::new(),
            aligned: VecDeque::new(),
            verdict: None,
            doubted_since: None,
            way_back: HYSTERESIS / 2,
        }
    }

    /// A frame at this time. `is_next`: the publisher sent none between the one before and it; a network that lost some is
    /// not mended by an encoder. True: it came so late that it should be looked at what that means.
    pub(crate) fn handle_frame(&mut self, at: Duration, is_next: bool) -> bool {
        let last = self.last_frame();
        push(&mut self.frames, FRAMES_MAX, at);
        self.forget_before(at);
        let is_still = is_next && last.is_some_and(|last| at.saturating_sub(last) > STILL);
        if is_still {
            push(&mut self.stills, STILLS, at);
        }
        is_still
    }

    /// Do players decode the profile of its next frame? True: it is another answer, so that it should be looked at what that
    /// means.
    pub(crate) fn handle_profile(&mut self, is_played: bool) -> bool {
        std::mem::replace(&mut self.is_played, is_played) != is_played
    }

    /// Can players be given what comes, be it fit or not?
    pub(crate) const fn is_played(&self) -> bool {
        self.is_played
    }

    /// The format is another from this time on.
    pub(crate) fn handle_format_change(&mut self, at: Duration) {
        if at >= self.began_at + GROWS_FOR {
            push(&mut self.changes, CHANGES_ALLOWED + 1, at);
        }
    }

    /// Times were out of order.
    pub(crate) fn handle_disorder(&mut self, at: Duration) {
        push(&mut self.disorders, DISORDERS, at);
    }

    /// A segment was begun, with a keyframe or not.
    pub(crate) fn handle_segment(&mut self, begins_with_keyframe: bool) {
        push(&mut self.aligned, SEGMENTS_MAX, begins_with_keyframe);
    }

    /// Looks at what was measured up to `at`.
    pub(crate) fn evaluate(&mut self, at: Duration) {
        self.forget_before(at);
        let measured = self.measured(at);
        if measured.is_some() == self.verdict.is_some() {
            self.verdict = measured;
            self.doubted_since = None;
            return;
        }
        let patience = match (measured, self.verdict) {
            (Some(Unfit::Profile | Unfit::StandsStill), _) | (None, Some(Unfit::Profile)) => {
                Duration::ZERO
            }
            (_, None) => HYSTERESIS,
            (_, Some(_)) => self.way_back,
        };
        let since = *self.doubted_since.get_or_insert(at);
        if at.saturating_sub(since) < patience {
            return;
        }
        self.verdict = measured;
        self.doubted_since = None;
        // It says nothing of what comes while nobody asks for keyframes.
        self.aligned.clear();
        if measured.is_some() {
            self.way_back = (self.way_back * 2).min(HYSTERESIS_MAX);
        }
    }

    /// `None`: it is fit to be passed on.
    pub(crate) fn verdict(&self) -> Option<Unfit> {
        self.verdict
    }

    /// When the last frame came.
    pub(crate) fn last_frame(&self) -> Option<Duration> {
        self.frames.back().copied()
    }

    fn measured(&self, at: Duration) -> Option<Unfit> {
        let n_since = |times: &VecDeque<Duration>, span| {
            let recent = times.iter().filter(|time| **time + span >= at);
            recent.count()
        };
        let n_misaligned = self.aligned.iter().filter(|is_aligned| !**is_aligned);
        if !self.is_played {
            Some(Unfit::Profile)
        } else if n_since(&self.changes, CHANGES_MEASURED) > CHANGES_ALLOWED {
            Some(Unfit::ChangingFormat)
        } else if n_since(&self.disorders, DISORDER_MEASURED) >= DISORDERS {
            Some(Unfit::Disordered)
        } else if n_misaligned.count() >= MISALIGNED {
            Some(Unfit::MisalignedKeyframes)
        } else if n_since(&self.stills, MEASURED) >= STILLS {
            Some(Unfit::StandsStill)
        } else {
            self.are_few(at).then_some(Unfit::FewFrames)
        }
    }

    /// Of what has lasted less than [`MEASURED`], in proportion. Frames that do not come any more are missing too.
    fn are_few(&self, at: Duration) -> bool {
        let span = at.saturating_sub(self.began_at).min(MEASURED);
        let n_frames = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        MEASURED.saturating_mul(n_frames) < span.saturating_mul(FRAMES_LEAST)
    }

    fn forget_before(&mut self, at: Duration) {
        let is_old = |of: &Duration| *of + MEASURED < at;
        // The last one says how far the next is from it.
        while self.frames.len() > 1 && self.frames.front().is_some_and(is_old) {
            self.frames.pop_front();
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
mod tests;
