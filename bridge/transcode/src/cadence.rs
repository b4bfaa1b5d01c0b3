//! Which picture is shown when: decoded pictures onto a grid of constant rate, or as they are.

use sfu_model::time::MediaTime;

use crate::job::Cadence;

/// A hole up to here is filled with the last picture: ten seconds at thirty a second. Beyond it the timeline goes on behind a
/// hole: more would be a burst of pictures that nobody saw.
pub const REPEATS_MAX: u64 = 300;

/// One picture to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub time: MediaTime,
    /// The picture that was pushed last, or, of a push, the one before it.
    pub is_repeat: bool,
    /// Between it and the one before it is a hole.
    pub follows_hole: bool,
}

/// Gives decoded pictures their times.
///
/// On a grid, each place shows the picture that is nearest, but for a slack of a quarter of a period: a camera whose pictures
/// come half-way between two places would else be shown twice and dropped in turn, by the smallest jitter.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    cadence: Cadence,
    /// The grid's next place; of pictures as they are, the first tick that is not over.
    next: Option<u64>,
    n_repeated: u64,
    n_dropped: u64,
}

impl Pacer {
    /// One that has seen nothing.
    pub const fn new(cadence: Cadence) -> Self {
        Self {
            cadence,
            next: None,
            n_repeated: 0,
            n_dropped: 0,
        }
    }

    /// How many pictures were shown again, and how many never.
    pub const fn counts(&self) -> (u64, u64) {
        (self.n_repeated, self.n_dropped)
    }

    /// A picture of this time was decoded: adds to `out` what is shown.
    pub fn push(&mut self, time: MediaTime, out: &mut Vec<Shown>) {
        match self.cadence {
            Cadence::AsSource(_) => self.push_as_source(time, out),
            Cadence::Constant(rate) => {
                let slack = rate.period() * 3 / 4;
                let nearest = rate.index(MediaTime(time.0.saturating_add(rate.period() / 2)));
                let due = self.next.map(|next| rate.time(next));
                let (index, follows_hole) = match (self.next, due) {
                    (Some(next), Some(due)) if time.0.saturating_add(slack) < due.0 => {
                        debug_assert!(nearest < next);
                        self.n_dropped = self.n_dropped.saturating_add(1);
                        return;
                    }
                    (Some(next), Some(due)) if time.0 <= due.0.saturating_add(slack) => {
                        (next, false)
                    }
                    (Some(next), _) => (nearest, !self.repeat(next, nearest, out)),
                    (None, _) => (nearest, false),
                };
                self.show(index, false, follows_hole, out);
            }
        }
    }

    /// No picture came and the timeline is at `time`: the last one is shown again up to there. Only on a grid.
    pub fn advance(&mut self, time: MediaTime, out: &mut Vec<Shown>) {
        if let (Cadence::Constant(rate), Some(next)) = (self.cadence, self.next)
            && rate.time(next) <= time
        {
            let end = rate.index(time).saturating_add(1);
            self.repeat(next, end, out);
        }
    }

    fn push_as_source(&mut self, time: MediaTime, out: &mut Vec<Shown>) {
        if self.next.is_some_and(|next| time.0 < next) {
            self.n_dropped = self.n_dropped.saturating_add(1);
            return;
        }
        self.next = Some(time.0.saturating_add(1));
        out.push(Shown {
            time,
            is_repeat: false,
            follows_hole: false,
        });
    }

    /// Shows the last picture on the places from `next` up to `end`. False: there are too many, and none is.
    fn repeat(&mut self, next: u64, end: u64, out: &mut Vec<Shown>) -> bool {
        if end.saturating_sub(next) > REPEATS_MAX {
            return false;
        }
        for index in next..end {
            self.n_repeated = self.n_repeated.saturating_add(1);
            self.show(index, true, false, out);
        }
        true
    }

    fn show(&mut self, index: u64, is_repeat: bool, follows_hole: bool, out: &mut Vec<Shown>) {
        self.next = Some(index.saturating_add(1));
        out.push(Shown {
            time: self.cadence.rate().time(index),
            is_repeat,
            follows_hole,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::FrameRate;
    use proptest::prelude::*;

    fn grid() -> Pacer {
        Pacer::new(Cadence::Constant(FrameRate::clamp(30)))
    }

    fn times(pacer: &mut Pacer, time: u64) -> Vec<(u64, bool)> {
        let mut out = Vec::new();
        pacer.push(MediaTime(time), &mut out);
        out.iter().map(|s| (s.time.0, s.is_repeat)).collect()
    }

    #[test]
    fn pictures_on_the_grid_keep_their_times() {
        let mut pacer = grid();
        for n in 10..200 {
            assert_eq!(times(&mut pacer, n * 3_000), [(n * 3_000, false)]);
        }
        assert_eq!(pacer.counts(), (0, 0));
    }

    #[test]
    fn jitter_at_the_worst_phase_neither_repeats_nor_drops() {
        let mut pacer = grid();
        for n in 0..300_u64 {
            let jitter = [0, 700, 300, 900, 100][usize::try_from(n % 5).unwrap()];
            times(&mut pacer, 1_500 + n * 3_000 + jitter);
        }
        assert_eq!(pacer.counts(), (0, 0));
    }

    #[test]
    fn a_missing_picture_is_the_one_before_it_and_a_second_one_is_left_out() {
        let mut pacer = grid();
        assert_eq!(times(&mut pacer, 3_000), [(3_000, false)]);
        assert_eq!(times(&mut pacer, 9_000), [(6_000, true), (9_000, false)]);
        assert_eq!(times(&mut pacer, 9_200), []);
        assert_eq!(times(&mut pacer, 12_000), [(12_000, false)]);
    }

    #[test]
    fn a_picture_that_stays_away_is_replaced_in_time_and_after_ten_seconds_there_is_a_hole() {
        let mut pacer = grid();
        times(&mut pacer, 0);
        let mut out = Vec::new();
        pacer.advance(MediaTime(6_100), &mut out);
        let repeated: Vec<u64> = out.iter().map(|shown| shown.time.0).collect();
        assert_eq!(repeated, [3_000, 6_000]);
        out.clear();
        pacer.push(MediaTime(9_000 + 301 * 3_000), &mut out);
        assert_eq!(out.len(), 1);
        assert!(out[0].follows_hole);
    }

    proptest! {
        #[test]
        fn a_grid_only_rises_has_no_hole_unless_it_says_so_and_is_near_the_pictures(
            fps in 1_u8..=60, steps in prop::collection::vec(0_u64..20_000, 1..200)
        ) {
            let rate = FrameRate::clamp(fps);
            let mut pacer = Pacer::new(Cadence::Constant(rate));
            let (mut time, mut last, mut out) = (500_000, None, Vec::new());
            for step in steps {
                time += step;
                out.clear();
                pacer.push(MediaTime(time), &mut out);
                for shown in &out {
                    let index = rate.index(shown.time);
                    prop_assert_eq!(rate.time(index), shown.time);
                    prop_assert!(shown.follows_hole || last.is_none_or(|last| index == last + 1));
                    last = Some(index);
                }
                if let Some(shown) = out.last() {
                    prop_assert!(shown.time.0.abs_diff(time) <= rate.period());
                }
            }
        }
    }
}
