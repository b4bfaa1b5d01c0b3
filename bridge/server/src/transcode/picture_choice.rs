//! Which of a publisher's encodings its ladder is made from.

use std::time::Duration;

use sfu_model::time::{Instant, MediaTime};

/// The encoding in use is given up for a smaller one when nothing came of it for so long. A screen may show a picture a second;
/// viewers see the last picture until then.
const STALE_AFTER: Duration = Duration::from_secs(2);

/// A keyframe of another encoding is asked for no more often: its sender may be on its way to one.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Takes the largest encoding that flows. It changes at keyframes, and never goes back in time.
#[derive(Debug, Default)]
pub(crate) struct PictureChoice {
    current: Option<Current>,
    asked_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    rank: u8,
    seen_at: Instant,
    time: MediaTime,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is decoded.
    Taken,
    /// Another encoding is.
    Left,
    /// Its encoding would be taken, at a keyframe that is to be asked for now.
    NeedsKeyframe,
}

impl PictureChoice {
    /// Decides about the next frame of an encoding; the larger its rank, the larger its pictures.
    pub(crate) fn judge(
        &mut self,
        (rank, is_keyframe): (u8, bool),
        time: MediaTime,
        now: Instant,
    ) -> Verdict {
        let is_wanted = match self.current {
            None => true,
            Some(current) if time <= current.time => false,
            Some(current) if rank < current.rank => now - current.seen_at >= STALE_AFTER,
            Some(current) if rank == current.rank => return self.take(rank, time, now),
            Some(_) => true,
        };
        match (is_wanted, is_keyframe) {
            (false, _) => Verdict::Left,
            (true, true) => self.take(rank, time, now),
            (true, false) => {
                let is_due = self.asked_at.is_none_or(|at| now - at >= ASK_EVERY);
                if !is_due {
                    return Verdict::Left;
                }
                self.asked_at = Some(now);
                Verdict::NeedsKeyframe
            }
        }
    }

    fn take(&mut self, rank: u8, time: MediaTime, now: Instant) -> Verdict {
        self.current = Some(Current {
            rank,
            seen_at: now,
            time,
        });
        Verdict::Taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// A frame of a rank, whose time is when it comes.
    fn judge(choice: &mut PictureChoice, rank: u8, is_keyframe: bool, ms: u64) -> Verdict {
        choice.judge((rank, is_keyframe), MediaTime(ms * 90), at(ms))
    }

    #[test]
    fn the_largest_encoding_is_taken_from_its_keyframe_on() {
        let mut choice = PictureChoice::default();
        assert_eq!(judge(&mut choice, 0, false, 0), Verdict::NeedsKeyframe);
        assert_eq!(judge(&mut choice, 0, true, 33), Verdict::Taken);
        assert_eq!(judge(&mut choice, 2, false, 66), Verdict::Left, "asked");
        assert_eq!(judge(&mut choice, 2, false, 1_066), Verdict::NeedsKeyframe);
        assert_eq!(judge(&mut choice, 0, false, 1_070), Verdict::Taken);
        assert_eq!(judge(&mut choice, 2, true, 1_099), Verdict::Taken);
        assert_eq!(judge(&mut choice, 0, true, 1_132), Verdict::Left);
        assert_eq!(judge(&mut choice, 2, false, 1_165), Verdict::Taken);
    }

    #[test]
    fn a_smaller_one_is_taken_when_the_larger_stays_away_and_time_never_goes_back() {
        let mut choice = PictureChoice::default();
        assert_eq!(judge(&mut choice, 1, true, 100), Verdict::Taken);
        assert_eq!(judge(&mut choice, 0, true, 2_099), Verdict::Left);
        assert_eq!(judge(&mut choice, 0, true, 2_100), Verdict::Taken);
        let late = choice.judge((1, true), MediaTime(2_000 * 90), at(2_200));
        assert_eq!(late, Verdict::Left);
    }
}
