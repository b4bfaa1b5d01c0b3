//! A rendition's place in its stream, from before its first frame, and which of its frames are let in.

use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Frame};

use crate::rendition::RenditionName;
use crate::rendition_writer::RenditionWriter;
use crate::segment_clock::{BREAK_AFTER, SegmentClock};

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: RenditionName,
    pub(crate) kind: MediaKind,
    /// It is listed once it has so many parts.
    pub(crate) parts_wanted: u64,
    /// A discontinuity that came with a frame that was dropped.
    pub(crate) owed: Option<Discontinuity>,
    /// The last frame that came is another rendition's.
    pub(crate) is_borrowing: bool,
    /// From its first frame on.
    pub(crate) writer: Option<RenditionWriter>,
}

/// What a frame does to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It follows the one before it.
    Follows,
    /// Decoders begin anew with it, at a cut that another rendition caused already.
    Joins,
    /// Decoders begin anew with it, and all renditions are cut.
    Breaks,
    /// No decoder can begin at it.
    NeedsKeyframe,
    /// The open segment is told of as one without media.
    WaitsForCut,
    /// A cut here would come too soon after the last.
    TooSoon,
}

impl Slot {
    pub(crate) fn new(name: RenditionName, kind: MediaKind, parts_wanted: u64) -> Self {
        Self {
            name,
            kind,
            parts_wanted,
            owed: None,
            is_borrowing: false,
            writer: None,
        }
    }

    /// Is there somebody to ask for keyframes?
    pub(crate) fn is_video(&self) -> bool {
        self.kind == MediaKind::Video
    }

    /// Do multivariant playlists name it?
    pub(crate) fn is_listed(&self) -> bool {
        let told = self.writer.as_ref().map_or(0, |writer| writer.parts_told());
        told >= self.parts_wanted
    }

    /// What a frame means that comes next.
    pub(crate) fn admit(&mut self, frame: &Frame, clock: &SegmentClock) -> Admission {
        self.owed = match frame.discontinuity {
            None | Some(Discontinuity::Lost) => self.owed,
            Some(anew) => Some(anew),
        };
        let Some(writer) = &self.writer else {
            return if frame.is_keyframe {
                Admission::Joins
            } else {
                Admission::NeedsKeyframe
            };
        };
        let is_new = is_other_format(writer, frame);
        let is_owed = self.owed.is_some() && !writer.has_passed_break();
        if !is_owed && !is_new {
            return self.follow(writer, frame, clock);
        }
        if !frame.is_keyframe {
            return Admission::NeedsKeyframe;
        }
        let cut = writer.segment.cut();
        // With its first part a segment's init section is told, and stays.
        let is_untouched = writer.segment.is_empty() && writer.parts.is_empty();
        let at = writer.at(frame.time.0);
        let break_at = match cut.is_discontinuous && is_untouched {
            true => Some(cut.at),
            false => clock.next_break_at(cut.number),
        };
        // What stands in for a part before the frame has the format of before, and so its segment.
        let joins = |break_at: Duration| !is_new || at < break_at.saturating_add(BREAK_AFTER);
        if break_at.is_some_and(joins) {
            Admission::Joins
        } else if clock.can_break(at) {
            Admission::Breaks
        } else {
            Admission::TooSoon
        }
    }

    /// What a frame means whose decoder goes on, or has begun anew with what stands in.
    fn follow(&self, writer: &RenditionWriter, frame: &Frame, clock: &SegmentClock) -> Admission {
        let is_anew = writer.parts.missing() > 0
            || writer.has_passed_break()
            || writer.passes_break(frame.time.0, clock);
        if self.owed.is_none() && !(is_anew && self.is_video()) {
            return Admission::Follows;
        }
        // What stands in is a keyframe, and pictures that are none refer to what was before it.
        if writer.segment.has_gaps() {
            Admission::WaitsForCut
        } else if !frame.is_keyframe {
            Admission::NeedsKeyframe
        } else if self.owed.is_some() {
            Admission::Joins
        } else {
            Admission::Follows
        }
    }
}

/// Those that have begun.
pub(crate) fn writers_mut(slots: &mut [Slot]) -> impl Iterator<Item = &mut RenditionWriter> {
    slots.iter_mut().filter_map(|slot| slot.writer.as_mut())
}

/// One of them. `None`: it has not begun.
pub(crate) fn writer_mut(slots: &mut [Slot], index: usize) -> Option<&mut RenditionWriter> {
    slots.get_mut(index)?.writer.as_mut()
}

/// Compared by content: encoders repeat their parameter sets with every keyframe.
pub(crate) fn is_other_format(writer: &RenditionWriter, frame: &Frame) -> bool {
    !Arc::ptr_eq(&writer.format, &frame.format) && writer.format != frame.format
}
