//! What becomes of a stream while nothing comes: time goes on, with what stands in for its media.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::time::Instant;

use crate::ladder::{Ladder, PAUSE_MAX};
use crate::rendition_writer::RenditionWriter;
use crate::slot::{writer_mut, writers_mut};

/// How long a picture stands still at least while other sizes of it go on. A loss is repaired sooner, and players go to
/// another size where a segment has no media: not for less than a segment.
const STANDS_STILL_FOR: Duration = Duration::from_secs(2);

impl Ladder {
    /// Does what is due without a frame.
    pub(crate) fn expire(&mut self, now: Instant) {
        if self
            .writers()
            .any(|writer| writer.patience.lag(now) > PAUSE_MAX)
        {
            self.skip_pause(now);
        }
        let comes = |w: &RenditionWriter| w.kind() == MediaKind::Video && w.parts.missing() == 0;
        let has_pictures = self.writers().any(comes);
        for writer in writers_mut(&mut self.slots) {
            while writer.patience.deadline() <= now {
                if has_pictures && writer.kind() == MediaKind::Video {
                    writer.fall_behind();
                }
                let until = writer.at(writer.parts.ends_by());
                self.outbox.stats.late_cuts += self.clock.reach(until, now);
                writer.expire(&self.clock, &mut self.outbox);
            }
        }
    }

    /// A frame is so far ahead of what is told of any rendition: nobody is told of as much at once.
    pub(crate) fn bound_hole(&mut self, at: Duration, now: Instant) {
        let told = self.writers().map(|w| w.at(w.parts.floor())).min();
        if told.is_some_and(|told| at > told + PAUSE_MAX) {
            self.skip_pause(now);
        }
    }

    /// A frame for which the open segment has no place: it begins the next, or is dropped.
    pub(crate) fn begin_at_cut(&mut self, index: usize, frame: &Frame, now: Instant) {
        let at = frame.format.clock_rate().duration(frame.time.0);
        let is_cut = frame.is_keyframe && {
            self.clock.adopt(at, now);
            let writer = self.writer(index);
            writer.is_some_and(|writer| writer.is_cut_at(frame.time.0, &self.clock))
        };
        if is_cut {
            return self.begin_anew(index, frame, false, now);
        }
        self.outbox.stats.frames_before_keyframe += 1;
        if let Some(writer) = writer_mut(&mut self.slots, index) {
            writer.wait_for_cut();
        }
    }
}

impl RenditionWriter {
    /// Decoders have begun anew since the last frame that came, with what stands in for this rendition.
    pub(crate) fn has_passed_break(&self) -> bool {
        self.segment.cut().discontinuity_sequence > self.last_sequence
    }

    /// The segment has no place for a frame that came.
    pub(crate) fn wait_for_cut(&mut self) {
        self.is_waited_for = true;
    }

    /// Others of its kind go on: a segment that it has nothing for is told of as one without media, for players to choose
    /// another rendition.
    pub(crate) fn fall_behind(&mut self) {
        let has_begun = !self.segment.is_empty() || !self.parts.is_empty();
        if has_begun || self.at(self.parts.missing()) < STANDS_STILL_FOR {
            return;
        }
        // Frames came too late for the last segment: this one has a place for them.
        if !std::mem::take(&mut self.is_waited_for) {
            self.parts.leave_out(true);
        }
    }
}
