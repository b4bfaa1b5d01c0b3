//! When a source may take another format: a rendition begins anew with each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sfu_model::frame::Format;
use sfu_model::time::Instant;

/// How long a format lasts at least: about a segment. A change that comes sooner waits for the first keyframe after, and the
/// pictures before that are left out: a publisher that changes with every keyframe makes one discontinuity a segment and
/// not ten. The first change is taken at once, for encoders begin small.
pub(crate) const FORMAT_LASTS: Duration = Duration::from_secs(2);

/// So many changes in [`CHANGES_WINDOW`] are told the studio: players take one a minute well.
const CHANGES_TOLD: usize = 4;

/// See [`CHANGES_TOLD`].
const CHANGES_WINDOW: Duration = Duration::from_secs(60);

/// What became of a frame's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is that of the frame before, or may be taken.
    Taken,
    /// The present one has not lasted long enough.
    PutOff,
    /// Not at a keyframe, where no decoder takes it.
    Misplaced,
}

/// The present format, and when formats were taken.
#[derive(Debug, Default)]
pub(crate) struct FormatChanges {
    present: Option<Arc<Format>>,
    /// The latest, [`CHANGES_TOLD`] at most.
    taken_at: VecDeque<Instant>,
}

impl FormatChanges {
    pub(crate) fn judge(
        &mut self,
        format: &Arc<Format>,
        is_keyframe: bool,
        now: Instant,
    ) -> Verdict {
        let is_present = |present: &Arc<Format>| Arc::ptr_eq(present, format) || present == format;
        if self.present.as_ref().is_some_and(is_present) {
            return Verdict::Taken;
        }
        if !is_keyframe {
            return Verdict::Misplaced;
        }
        if self.present.is_some() {
            if self
                .taken_at
                .back()
                .is_some_and(|last| now - *last < FORMAT_LASTS)
            {
                return Verdict::PutOff;
            }
            if self.taken_at.len() >= CHANGES_TOLD {
                self.taken_at.pop_front();
            }
            self.taken_at.push_back(now);
        }
        self.present = Some(Arc::clone(format));
        Verdict::Taken
    }

    /// The studio is to know of them.
    pub(crate) fn are_many(&self, now: Instant) -> bool {
        let first = self.taken_at.front();
        self.taken_at.len() >= CHANGES_TOLD && first.is_some_and(|at| now - *at < CHANGES_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::packet::Dimensions;

    use super::*;

    fn of(width: u16) -> Arc<Format> {
        let size = Dimensions { width, height: 90 };
        Arc::new(Format::Vp8 { size })
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn the_first_change_is_taken_at_once_and_the_next_when_it_has_lasted() {
        let mut changes = FormatChanges::default();
        let mut judge = |width, ms| changes.judge(&of(width), true, at(ms));
        assert_eq!(judge(160, 0), Verdict::Taken);
        assert_eq!(judge(320, 100), Verdict::Taken);
        assert_eq!(judge(320, 200), Verdict::Taken, "no change");
        assert_eq!(judge(640, 2_099), Verdict::PutOff);
        assert_eq!(judge(640, 2_100), Verdict::Taken);
    }

    #[test]
    fn a_change_between_keyframes_is_misplaced() {
        let mut changes = FormatChanges::default();
        assert_eq!(changes.judge(&of(160), true, at(0)), Verdict::Taken);
        assert_eq!(changes.judge(&of(320), false, at(0)), Verdict::Misplaced);
    }

    #[test]
    fn four_changes_in_a_minute_are_many_and_four_in_two_are_not() {
        for (apart, expected) in [(10_000, true), (30_000, false)] {
            let mut changes = FormatChanges::default();
            for (n, width) in (0_u64..).zip([160, 320, 160, 320, 160]) {
                assert!(!changes.are_many(at(n * apart)));
                let _ = changes.judge(&of(width), true, at(n * apart));
            }
            assert_eq!(changes.are_many(at(4 * apart)), expected);
        }
    }
}
