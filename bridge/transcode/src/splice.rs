//! Decoded sound onto the stream's timeline: what comes in blocks, early, late, twice or not at all, leaves as samples without
//! a hole.
//!
//! Encoders count samples, so the timeline must be kept by counting: each sample that leaves is the next of the timeline. A
//! block that begins where the last one ended passes as it is. A hole is filled with silence, what was said before is cut,
//! and a small distance, as a clock that drifts makes it, is closed by stretching blocks by less than anybody hears.

/// Samples at 48 kHz, each of two channels.
pub type Sample = [i16; 2];

/// Distances up to here are left alone: 1 ms, a fortieth of what is seen as bad lip-sync.
const SLACK_SAMPLES: u64 = 48;

/// Distances up to here are closed by stretching: 8 ms. A lost packet is a larger one, 10 ms or more.
const STRETCH_SAMPLES_MAX: u64 = 384;

/// One sample in so many is added or left out while stretching: half a percent, a twelfth of a semitone.
const STRETCH_RATIO: usize = 200;

/// A hole up to here is filled: 10 s. A longer one is no pause but another life of the stream: filling it would send a burst
/// of silence, so the timeline goes on behind it, and the encoder begins again.
pub const FILL_SAMPLES_MAX: u64 = 480_000;

/// Where on the timeline the next sample belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    next: u64,
    n_cut: u64,
    n_filled: u64,
}

/// What becomes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spliced {
    /// Its samples were added, and what it took to reach it.
    Added,
    /// All of it was said before.
    Cut,
    /// It is beyond a hole that is too long to be filled: begin anew with it.
    TooFar,
}

impl Splice {
    /// A timeline that begins at this sample.
    pub const fn new(start: u64) -> Self {
        Self {
            next: start,
            n_cut: 0,
            n_filled: 0,
        }
    }

    /// Where the next sample belongs.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Samples of silence that were put into holes, and samples that were left out since their time was over.
    pub const fn counts(&self) -> (u64, u64) {
        (self.n_filled, self.n_cut)
    }

    /// Adds to `out` what a block, whose first sample belongs at `time`, gives the timeline.
    pub fn push(&mut self, time: u64, block: &[Sample], out: &mut Vec<Sample>) -> Spliced {
        let distance = time.abs_diff(self.next);
        let n_before = out.len();
        let spliced = match time >= self.next {
            _ if distance <= SLACK_SAMPLES => self.add(block, out),
            is_late if distance <= STRETCH_SAMPLES_MAX => {
                let n_most = (block.len() / STRETCH_RATIO).max(1);
                let n_samples = n_most.min(usize::try_from(distance).unwrap_or(n_most));
                let n_wanted = match is_late {
                    true => block.len().saturating_add(n_samples),
                    false => block.len().saturating_sub(n_samples),
                };
                stretch(block, n_wanted, out);
                Spliced::Added
            }
            true if distance <= FILL_SAMPLES_MAX => {
                let n_silent = usize::try_from(distance).unwrap_or(0);
                out.resize(out.len().saturating_add(n_silent), [0; 2]);
                self.n_filled = self.n_filled.saturating_add(distance);
                self.add(block, out)
            }
            true => return Spliced::TooFar,
            false => {
                let n_said = usize::try_from(distance).unwrap_or(usize::MAX);
                let rest = block.get(n_said..).unwrap_or_default();
                let n_cut = block.len().saturating_sub(rest.len());
                self.n_cut = self.n_cut.saturating_add(n_cut as u64);
                match rest.is_empty() {
                    true => Spliced::Cut,
                    false => self.add(rest, out),
                }
            }
        };
        let n_added = out.len().saturating_sub(n_before);
        self.next = self.next.saturating_add(n_added as u64);
        spliced
    }

    fn add(&self, block: &[Sample], out: &mut Vec<Sample>) -> Spliced {
        out.extend_from_slice(block);
        Spliced::Added
    }
}

/// A block in another number of samples, by linear interpolation.
fn stretch(block: &[Sample], n_wanted: usize, out: &mut Vec<Sample>) {
    let (from, to) = (block.len() as u64, n_wanted.max(1) as u64);
    for index in 0..n_wanted as u64 {
        // The place in the block, in 1/65536 of a sample.
        let place = (index.saturating_mul(from) << 16) / to;
        let at = |offset: u64| {
            let index = usize::try_from((place >> 16).saturating_add(offset)).ok()?;
            block.get(index)
        };
        let Some(before) = at(0) else {
            return;
        };
        let after = at(1).unwrap_or(before);
        let share = i64::try_from(place & 0xffff).unwrap_or(0);
        let between = |a: i16, b: i16| {
            let mixed = i64::from(a) * (65_536 - share) + i64::from(b) * share;
            i16::try_from(mixed >> 16).unwrap_or(a)
        };
        out.push([between(before[0], after[0]), between(before[1], after[1])]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(n_samples: usize) -> Vec<Sample> {
        (0..n_samples).map(|n| [(n % 100) as i16 + 1, -5]).collect()
    }

    #[test]
    fn blocks_in_a_row_pass_as_they_are() {
        let (mut splice, mut out) = (Splice::new(1_024), Vec::new());
        let block = tone(960);
        for n in 0..3 {
            assert_eq!(
                splice.push(1_024 + n * 960, &block, &mut out),
                Spliced::Added
            );
        }
        assert_eq!(out, [tone(960), tone(960), tone(960)].concat());
        assert_eq!(splice.counts(), (0, 0));
    }

    #[test]
    fn a_lost_packet_is_silence_of_its_length() {
        let (mut splice, mut out) = (Splice::new(0), Vec::new());
        splice.push(0, &tone(960), &mut out);
        splice.push(1_920, &tone(960), &mut out);
        assert_eq!(out.len(), 2_880);
        assert!(out[960..1_920].iter().all(|s| *s == [0, 0]));
        assert_eq!(out[1_920..], tone(960));
    }

    #[test]
    fn what_was_said_before_is_cut() {
        let (mut splice, mut out) = (Splice::new(0), Vec::new());
        splice.push(0, &tone(2_880), &mut out);
        assert_eq!(splice.push(960, &tone(960), &mut out), Spliced::Cut);
        assert_eq!(splice.push(2_400, &tone(960), &mut out), Spliced::Added);
        assert_eq!(splice.next(), 3_360);
        assert_eq!(out.len(), 3_360);
        assert_eq!(out[2_880..], tone(960)[480..]);
    }

    #[test]
    fn a_clock_that_drifts_is_followed_within_a_few_milliseconds_for_ever() {
        for ppm in [-200_i64, 200] {
            let (mut splice, mut out) = (Splice::new(0), Vec::new());
            for n in 0..30_000_i64 {
                let time = n * 960 * (1_000_000 + ppm) / 1_000_000;
                let time = u64::try_from(time).unwrap();
                let was = splice.next();
                assert_eq!(splice.push(time, &tone(960), &mut out), Spliced::Added);
                assert!(time.abs_diff(was) <= SLACK_SAMPLES + 5);
                out.clear();
            }
            assert_eq!(splice.counts(), (0, 0));
        }
    }

    #[test]
    fn a_hole_of_many_seconds_begins_anew() {
        let (mut splice, mut out) = (Splice::new(0), Vec::new());
        let far = splice.push(FILL_SAMPLES_MAX + 1, &tone(960), &mut out);
        assert_eq!((far, out.len()), (Spliced::TooFar, 0));
        let near = splice.push(FILL_SAMPLES_MAX, &tone(960), &mut out);
        assert_eq!((near, out.len()), (Spliced::Added, 480_960));
    }

    proptest! {
        #[test]
        fn what_leaves_is_as_long_as_the_timeline(
            blocks in prop::collection::vec((0_u64..200_000, 0_usize..6_000), 0..30)
        ) {
            let (mut splice, mut out) = (Splice::new(5_000), Vec::new());
            for (time, n_samples) in blocks {
                let before = splice.next();
                splice.push(time, &tone(n_samples), &mut out);
                prop_assert!(splice.next() >= before);
                prop_assert_eq!(splice.next() - 5_000, out.len() as u64);
            }
        }

        #[test]
        fn stretching_gives_as_many_samples_as_were_asked_for(
            n_samples in 1_usize..3_000, difference in -15_i64..=15
        ) {
            let n_wanted = usize::try_from((n_samples as i64 + difference).max(0)).unwrap();
            let mut out = Vec::new();
            stretch(&tone(n_samples), n_wanted, &mut out);
            prop_assert_eq!(out.len(), n_wanted);
        }
    }
}
