//! Runs of segments in which a number says a time: what a player needs to ask for a segment before anybody lists it.

use std::sync::Arc;
use std::time::Duration;

use crate::segment::MediaSequenceNumber;

/// How long segments of pictures are that an encoder of ours makes: it is told to begin one at each multiple of this.
pub const SEGMENT_LENGTH: Duration = Duration::from_secs(2);

/// A segment of a regular run begins no further from where its number says, by the segment clock. Its first frame may be one of
/// sound that begins later, by 120 ms at most, and both together stay below a quarter of a segment.
pub(crate) const DRIFT_MAX: Duration = Duration::from_millis(375);

/// Segments that follow each other, the same in all renditions of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its first segment.
    pub first: MediaSequenceNumber,
    /// When that begins, since the stream's zero.
    pub at: Duration,
    /// Each segment begins about [`SEGMENT_LENGTH`] after the one before it, and was expected to from the beginning.
    pub is_regular: bool,
}

impl Run {
    /// When a segment of a regular run begins, as its number says.
    pub fn starts_at(&self, number: MediaSequenceNumber) -> Duration {
        let n_before = number.0.saturating_sub(self.first.0);
        let before = SEGMENT_LENGTH.saturating_mul(u32::try_from(n_before).unwrap_or(u32::MAX));
        self.at.saturating_add(before)
    }

    /// Whether a segment that follows, and begins between these, is of this run.
    fn has(&self, number: MediaSequenceNumber, begins: [Duration; 2]) -> bool {
        let starts_at = self.starts_at(number);
        !self.is_regular || (begins.iter()).all(|at| starts_at.abs_diff(*at) <= DRIFT_MAX)
    }
}

/// Which run comes next.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// Pictures are made with a keyframe on each multiple of [`SEGMENT_LENGTH`].
    pub(crate) is_regular: bool,
    /// A rendition came that a run was told without.
    pub(crate) is_outgrown: bool,
}

impl Runs {
    /// The run of a segment, after that of the one before it. It is decided so late that a rendition may have told of what is as
    /// much after its beginning, and begin it there.
    pub(crate) fn of(
        &mut self,
        number: MediaSequenceNumber,
        (at, late): (Duration, Duration),
        last: Option<Run>,
        is_discontinuous: bool,
    ) -> Run {
        // The first segment of a stream is a part long.
        let is_regular = self.is_regular && number.0 > 0 && late <= DRIFT_MAX;
        let begins = [at, at.saturating_add(late)];
        let is_outgrown = std::mem::take(&mut self.is_outgrown) && is_regular;
        let goes_on = |run: &Run| {
            !is_discontinuous
                && !is_outgrown
                && run.is_regular == is_regular
                && run.has(number, begins)
        };
        last.filter(goes_on).unwrap_or(Run {
            first: number,
            at,
            is_regular,
        })
    }
}

/// The runs of what a rendition lists, when a segment of another begins: oldest first, those of which nothing is listed left out.
pub(crate) fn with(runs: &Arc<[Run]>, begun: Run, first_listed: MediaSequenceNumber) -> Arc<[Run]> {
    let ends = runs.iter().skip(1).chain([&begun]).map(|next| next.first);
    let listed = runs.iter().zip(ends).filter(|(_, end)| *end > first_listed);
    listed.map(|(run, _)| *run).chain([begun]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    proptest! {
        #[test]
        fn in_a_regular_run_a_number_says_a_time_within_three_sixteenths(
            segments in prop::collection::vec((400_u64..2_490, any::<bool>(), 0_u8..20, 0_u64..450), 1..200),
        ) {
            let (mut runs, mut last, mut at) = (Runs::default(), None::<Run>, 0);
            for (number, (length, is_regular, happens, late)) in (0..).map(MediaSequenceNumber).zip(segments) {
                // Segments keep their length, more or less, until something happens.
                let length = if happens < 15 { 1_900 + length / 12 } else { length };
                runs.is_regular |= is_regular;
                runs.is_regular &= happens != 19;
                runs.is_outgrown = happens == 18;
                let run = runs.of(number, (ms(at), ms(late)), last, happens == 17);
                prop_assert!(run.first <= number);
                if run.is_regular {
                    prop_assert!(run.starts_at(number).abs_diff(ms(at)) <= DRIFT_MAX);
                    prop_assert!(run.starts_at(number).abs_diff(ms(at + late)) <= DRIFT_MAX);
                }
                if let Some(last) = last.filter(|last| *last != run) {
                    prop_assert_eq!((run.first, run.at), (number, ms(at)), "after {:?}", last);
                }
                at += length;
                last = Some(run);
            }
        }
    }

    #[test]
    fn a_regular_run_ends_with_what_happens_and_an_irregular_one_with_a_discontinuity() {
        let mut runs = Runs::default();
        let number = MediaSequenceNumber;
        let first = runs.of(number(0), (ms(0), ms(0)), None, false);
        runs.is_regular = true;
        let regular = runs.of(number(1), (ms(500), ms(0)), Some(first), false);
        assert!(!first.is_regular && regular.is_regular);
        let next = |runs: &mut Runs, at, is_discontinuous| {
            runs.of(number(2), (ms(at), ms(0)), Some(regular), is_discontinuous)
        };
        assert_eq!(next(&mut runs, 2_500, false), regular);
        assert_eq!(next(&mut runs, 2_875, false), regular);
        assert_eq!(next(&mut runs, 2_125, false), regular);
        for (at, is_discontinuous) in [(2_876, false), (2_124, false), (2_500, true)] {
            assert_eq!(next(&mut runs, at, is_discontinuous).first, number(2));
        }
        runs.is_outgrown = true;
        assert_eq!(next(&mut runs, 2_500, false).first, number(2));
        assert_eq!(next(&mut runs, 2_500, false), regular, "once");
        runs.is_regular = false;
        let irregular = next(&mut runs, 2_500, false);
        assert_eq!((irregular.first, irregular.is_regular), (number(2), false));
        assert_eq!(
            runs.of(number(3), (ms(9_999), ms(0)), Some(irregular), false),
            irregular
        );
    }

    #[test]
    fn runs_of_which_nothing_is_listed_are_left_out() {
        let run = |first| Run {
            first: MediaSequenceNumber(first),
            at: ms(first * 2_000),
            is_regular: true,
        };
        let firsts = |runs: &Arc<[Run]>| runs.iter().map(|run| run.first.0).collect::<Vec<_>>();
        let mut runs = Arc::from([]);
        for (begun, first_listed, left) in [
            (0, 0, vec![0]),
            (3, 0, vec![0, 3]),
            (7, 2, vec![0, 3, 7]),
            (9, 3, vec![3, 7, 9]),
            (10, 10, vec![10]),
        ] {
            runs = with(&runs, run(begun), MediaSequenceNumber(first_listed));
            assert_eq!(firsts(&runs), left);
        }
    }
}
