//! The finished segments of a rendition that playlists still list.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Windows;
use crate::segment::Segment;

/// Segments of one rendition that are listed at most: two hours of segments of the shortest length that the clock cuts of
/// itself (1.5 s). Where discontinuities make more, the oldest leave before their time.
const SEGMENTS_MAX: usize = 4_800;
/// Parts of segments that ended this long ago are forgotten: no playlist has listed them for as long as they have to be
/// told of, three target durations after three target durations (draft-pantos-hls-rfc8216bis section 6.2.2).
const PARTS_KEPT: Duration = Duration::from_secs(12);

#[derive(Debug)]
pub(crate) struct Window {
    lengths: Windows,
    segments: Arc<[Arc<Segment>]>,
    /// Of all, and of those from `live_from` on.
    total: Duration,
    live: Duration,
    live_from: usize,
}

impl Window {
    pub(crate) fn new(lengths: Windows) -> Self {
        Self {
            lengths,
            segments: Arc::from([]),
            total: Duration::ZERO,
            live: Duration::ZERO,
            live_from: 0,
        }
    }

    /// Oldest first.
    pub(crate) fn segments(&self) -> &Arc<[Arc<Segment>]> {
        &self.segments
    }

    /// Index of the first that the live playlist lists.
    pub(crate) fn live_from(&self) -> usize {
        self.live_from
    }

    /// Adds a finished segment, and removes from the front what the windows no longer hold: never so much that less than
    /// they hold is left, in order, and one after the other.
    pub(crate) fn push(&mut self, segment: Segment) {
        self.total += segment.duration;
        self.live += segment.duration;
        let mut first = 0;
        for old in self.segments.iter() {
            let is_over = self.segments.len() + 1 - first > SEGMENTS_MAX;
            if !is_over && self.total.saturating_sub(old.duration) < self.lengths.dvr {
                break;
            }
            self.total = self.total.saturating_sub(old.duration);
            first += 1;
        }
        self.advance_live(first);
        let kept = self.segments.iter().skip(first).map(Arc::clone);
        let mut segments: Vec<Arc<Segment>> = kept.chain([Arc::new(segment)]).collect();
        forget_parts(&mut segments);
        self.segments = segments.into();
        self.live_from -= first;
    }

    fn advance_live(&mut self, removed: usize) {
        let listed = self.segments.iter().skip(self.live_from);
        for old in listed {
            let is_removed = self.live_from < removed;
            if !is_removed && self.live.saturating_sub(old.duration) < self.lengths.live {
                break;
            }
            self.live = self.live.saturating_sub(old.duration);
            self.live_from += 1;
        }
    }
}

/// Most of what a playlist remembers would be parts that it does not list.
fn forget_parts(segments: &mut [Arc<Segment>]) {
    let mut age = Duration::ZERO;
    for segment in segments.iter_mut().rev() {
        let is_old = age >= PARTS_KEPT;
        age += segment.duration;
        if is_old && segment.parts.is_empty() {
            break;
        }
        if is_old {
            let without = Segment {
                parts: Arc::from([]),
                ..Segment::clone(segment)
            };
            *segment = Arc::new(without);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::time::MediaTime;

    use super::*;
    use crate::part::{Part, PartIndex};
    use crate::segment::{InitNumber, MediaSequenceNumber, SegmentHead};

    fn segment(number: u64, seconds: u64) -> Segment {
        let duration = Duration::from_secs(seconds);
        let part = Part {
            index: PartIndex(0),
            duration,
            is_independent: true,
            is_gap: false,
            size_bytes: 1,
        };
        Segment {
            head: SegmentHead {
                number: MediaSequenceNumber(number),
                discontinuity_sequence: 0,
                is_discontinuous: false,
                init: InitNumber(0),
                starts_at: MediaTime(number),
                program_date_time_ms: 0,
            },
            duration,
            parts: Arc::from([part]),
            is_gap: false,
            size_bytes: 1,
        }
    }

    fn numbers(window: &Window) -> (u64, u64, u64) {
        let at = |index: usize| window.segments()[index].head.number.0;
        (
            at(0),
            at(window.live_from()),
            at(window.segments().len() - 1),
        )
    }

    #[test]
    fn each_window_keeps_at_least_its_length_and_no_segment_more() {
        let mut window = Window::new(Windows {
            live: Duration::from_secs(10),
            dvr: Duration::from_secs(20),
        });
        for number in 0..5 {
            window.push(segment(number, 2));
        }
        assert_eq!(numbers(&window), (0, 0, 4));
        for number in 5..100 {
            window.push(segment(number, 2));
        }
        assert_eq!(numbers(&window), (90, 95, 99));
    }

    #[test]
    fn only_young_segments_keep_their_parts() {
        let mut window = Window::new(Windows::default());
        for number in 0..50 {
            window.push(segment(number, 2));
        }
        let with_parts = window.segments().iter().filter(|s| !s.parts.is_empty());
        assert_eq!(with_parts.count(), 6);
    }

    #[test]
    fn a_flood_of_short_segments_has_an_end() {
        let mut window = Window::new(Windows::default());
        for number in 0..(SEGMENTS_MAX as u64 + 10) {
            window.push(segment(number, 0));
        }
        assert_eq!(window.segments().len(), SEGMENTS_MAX);
        assert!(window.live_from() <= window.segments().len());
        assert_eq!(numbers(&window).0, 10);
    }

    #[test]
    fn two_hours_of_five_renditions_take_less_than_two_megabytes() {
        // The counts of an `Arc`, and its place in the list.
        let each = size_of::<Segment>() + 2 * size_of::<usize>() + size_of::<Arc<Segment>>();
        let listed = 2 * 60 * 60 / 2 * 5;
        assert!(each * listed <= 1_900_000, "{each} bytes each");
    }
}
