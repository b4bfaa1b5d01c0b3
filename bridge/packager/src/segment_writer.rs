//! The segment that is being written: its head, told with its first part, and the parts so far.

use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::time::MediaTime;

use crate::closed_part::ClosedPart;
use crate::part::{Part, PartIndex};
use crate::segment::{InitNumber, Segment, SegmentHead};
use crate::segment_clock::Cut;

#[derive(Debug)]
pub(crate) struct SegmentWriter {
    cut: Cut,
    /// The date of the segment before it: dates never go back.
    last_date_ms: u64,
    head: Option<SegmentHead>,
    parts: Vec<Part>,
    duration: Duration,
    size_bytes: u64,
}

impl SegmentWriter {
    /// The one after a segment that is finished, if there is one.
    pub(crate) fn new(cut: Cut, last: Option<&SegmentHead>) -> Self {
        Self {
            cut,
            last_date_ms: last.map_or(0, |last| last.program_date_time_ms),
            head: None,
            parts: Vec::new(),
            duration: Duration::ZERO,
            size_bytes: 0,
        }
    }

    /// Where it begins, by the segment clock.
    pub(crate) fn cut(&self) -> Cut {
        self.cut
    }

    /// What is said of it. `None`: it has no part yet.
    pub(crate) fn head(&self) -> Option<&SegmentHead> {
        self.head.as_ref()
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Has it a part with media?
    pub(crate) fn has_media(&self) -> bool {
        self.parts.iter().any(|part| !part.is_gap)
    }

    /// Has it a part without media? Then it has no other.
    pub(crate) fn has_gaps(&self) -> bool {
        self.parts.iter().any(|part| part.is_gap)
    }

    pub(crate) fn duration(&self) -> Duration {
        self.duration
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Its first part begins here, `at` since the timeline's zero.
    pub(crate) fn open(&mut self, init: InitNumber, starts_at: MediaTime, at: Duration) {
        if self.head.is_some() {
            return;
        }
        // From the cut's wall time, and not from the clock anew: all renditions say the same of the same moment.
        let unix = (self.cut.unix + at).saturating_sub(self.cut.at);
        let date_ms = u64::try_from(unix.as_millis()).unwrap_or(u64::MAX);
        self.head = Some(SegmentHead {
            number: self.cut.number,
            discontinuity_sequence: self.cut.discontinuity_sequence,
            is_discontinuous: self.cut.is_discontinuous,
            init,
            starts_at,
            program_date_time_ms: date_ms.max(self.last_date_ms),
        });
    }

    /// Adds a part; gives its place.
    pub(crate) fn push(
        &mut self,
        part: &ClosedPart,
        duration: Duration,
        bytes: usize,
    ) -> PartIndex {
        let index = PartIndex(u32::try_from(self.parts.len()).unwrap_or(u32::MAX));
        self.duration += duration;
        self.size_bytes += bytes as u64;
        self.parts.push(Part {
            index,
            duration,
            is_independent: part.samples.iter().any(|sample| sample.is_keyframe),
            is_gap: part.samples.is_empty(),
            size_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        });
        index
    }

    /// Nothing more comes to it. `None`: nothing came.
    pub(crate) fn finish(&mut self) -> Option<Segment> {
        let is_gap = !self.has_media();
        let size_bytes = u32::try_from(self.size_bytes).unwrap_or(u32::MAX);
        Some(Segment {
            head: self.head.take()?,
            duration: std::mem::take(&mut self.duration),
            parts: std::mem::take(&mut self.parts).into(),
            is_gap,
            size_bytes,
        })
    }
}

/// A place on a timeline in whole microseconds, as playlists write durations: parts are the differences of places, so that
/// they add up to their segment exactly and never exceed the part target by rounding.
pub(crate) fn micros(rate: ClockRate, ticks: u64) -> Duration {
    let micros = u128::from(ticks) * 1_000_000 / u128::from(rate.0.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
