//! Which pictures are keyframes: the segment clock's, those that are asked for, and the publisher's where they count.

use std::collections::BTreeSet;

use sfu_model::time::MediaTime;

use crate::job::Keyframes;

/// Times that are asked for and have not come. A server asks for the next segment's, at most a few ahead; the latest of more
/// is forgotten.
pub const ASKED_MAX: usize = 16;

/// Says of each picture whether it is to be a keyframe, in all rungs alike.
#[derive(Clone, Debug)]
pub struct KeyframeClock {
    rule: Keyframes,
    asked: BTreeSet<MediaTime>,
    last: Option<MediaTime>,
    /// A publisher's keyframe that was not shown itself: the next picture takes its place.
    owes: bool,
}

impl KeyframeClock {
    /// One whose first picture is a keyframe.
    pub const fn new(rule: Keyframes) -> Self {
        Self {
            rule,
            asked: BTreeSet::new(),
            last: None,
            owes: false,
        }
    }

    /// The first picture at this time or later is to be one.
    pub fn ask(&mut self, time: MediaTime) {
        self.asked.insert(time);
        if self.asked.len() > ASKED_MAX {
            self.asked.pop_last();
        }
    }

    /// A keyframe of the publisher's was decoded.
    pub fn handle_source_keyframe(&mut self) {
        self.owes |= self.rule == Keyframes::AsSource;
    }

    /// Whether the picture of this time, which is later than all before it, is to be one.
    pub fn is_due(&mut self, time: MediaTime) -> bool {
        let is_on_clock = match (self.rule, self.last) {
            (_, None) => true,
            (Keyframes::Every(ticks), Some(last)) => {
                let segment = |time: MediaTime| time.0 / u64::from(ticks.max(1));
                segment(time) != segment(last)
            }
            (Keyframes::AsSource, Some(_)) => std::mem::take(&mut self.owes),
        };
        self.last = Some(time);
        let later = self.asked.split_off(&MediaTime(time.0.saturating_add(1)));
        let is_asked = !std::mem::replace(&mut self.asked, later).is_empty();
        is_on_clock || is_asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(clock: &mut KeyframeClock, times: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let times = times.into_iter();
        times
            .filter(|time| clock.is_due(MediaTime(*time)))
            .collect()
    }

    #[test]
    fn keyframes_are_where_the_segment_clock_is_and_where_they_are_asked_for() {
        let mut clock = KeyframeClock::new(Keyframes::Every(180_000));
        clock.ask(MediaTime(270_001));
        let grid = (50..150).map(|n| n * 3_000);
        assert_eq!(due(&mut clock, grid), [150_000, 180_000, 273_000, 360_000]);
    }

    #[test]
    fn a_clock_that_no_picture_hits_makes_the_next_one_a_keyframe() {
        let mut clock = KeyframeClock::new(Keyframes::Every(180_000));
        let off = [100_000, 179_999, 187_000, 190_000, 900_000];
        assert_eq!(due(&mut clock, off), [100_000, 187_000, 900_000]);
    }

    #[test]
    fn beside_a_passed_through_rendition_keyframes_are_the_publishers() {
        let mut clock = KeyframeClock::new(Keyframes::AsSource);
        assert_eq!(due(&mut clock, [0, 180_000, 181_000]), [0]);
        clock.handle_source_keyframe();
        assert_eq!(due(&mut clock, [182_000, 183_000]), [182_000]);
    }

    #[test]
    fn times_that_are_asked_for_have_an_edge() {
        let mut clock = KeyframeClock::new(Keyframes::AsSource);
        (0..1_000).for_each(|n| clock.ask(MediaTime(n)));
        assert_eq!(clock.asked.len(), ASKED_MAX);
        assert_eq!(due(&mut clock, [20, 21]), [20]);
    }
}
