//! One rendition from frames to listed segments: it cuts where the segment clock says, numbers and packs what its parts
//! hold, and knows when it has waited long enough.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sfu_model::codec::{ClockRate, MediaKind};
use sfu_model::frame::{Format, Frame};
use sfu_model::time::Instant;

use crate::alignment::Alignment;
use crate::chunk_writer::ChunkWriter;
use crate::closed_part::Pending;
use crate::config::Config;
use crate::event::Event;
use crate::formats::Formats;
use crate::outbox::Outbox;
use crate::part_writer::PartWriter;
use crate::patience::Patience;
use crate::rendition::RenditionName;
use crate::run::Run;
use crate::segment::InitNumber;
use crate::segment_clock::{Cut, SEGMENT_LIMIT, SegmentClock};
use crate::segment_writer::SegmentWriter;
use crate::shown::Shown;
use crate::ticks::{nearest, ticks};
use crate::window::Window;

mod ahead;
mod telling;

/// How much earlier than a cut the first frame of its segment may be: what is left between the hard limit of a segment and the
/// longest that rounds to the target duration, halved.
const EARLY_MAX: Duration = Duration::from_millis(45);

#[derive(Debug)]
pub(crate) struct RenditionWriter {
    pub(crate) name: RenditionName,
    pub(crate) rate: ClockRate,
    pub(crate) format: Arc<Format>,
    pub(crate) formats: Formats,
    pub(crate) parts: PartWriter,
    pub(crate) segment: SegmentWriter,
    pub(crate) window: Window,
    /// Those of its segments that are listed, and of the open one: without a regular one that it is not in from the first.
    pub(crate) runs: Arc<[Run]>,
    pub(crate) shown: Shown,
    pub(crate) alignment: Alignment,
    init: InitNumber,
    chunks: ChunkWriter,
    n_parts: u64,
    pub(crate) patience: Patience,
    /// How many discontinuities there were before the last frame that came.
    pub(crate) last_sequence: u64,
    /// Frames come that the segment, which is told of as one without media, has no place for.
    pub(crate) is_waited_for: bool,
    /// Frames come, and none that a decoder could begin at behind what stands in for those that were missing.
    pub(crate) lacks_keyframe: bool,
}

impl RenditionWriter {
    /// Begins with its first frame, in the last segment that is decided, and not before that: the segment would be too long.
    pub(crate) fn new(name: &RenditionName, first: &Frame, config: &Config, cut: Cut) -> Self {
        let rate = first.format.clock_rate();
        let starts_at = first.time.0.max(nearest(rate, cut.at));
        let part_target = config.latency.part_target();
        let hold_back = config.latency.server_control().hold_back;
        Self {
            name: name.clone(),
            rate,
            format: Arc::clone(&first.format),
            formats: Formats::default(),
            parts: PartWriter::new(part_target, &first.format, starts_at),
            segment: SegmentWriter::new(cut, None),
            window: Window::new(config.windows.at_least(hold_back)),
            runs: Arc::from_iter(Some(cut.run).filter(|run| !run.is_regular)),
            shown: Shown::default(),
            alignment: Alignment::default(),
            init: InitNumber(0),
            chunks: ChunkWriter::new(first.kind(), config.zero),
            n_parts: 0,
            patience: Patience::new(part_target, first.captured_at),
            last_sequence: cut.discontinuity_sequence,
            is_waited_for: false,
            lacks_keyframe: false,
        }
    }

    /// How many parts there have been.
    pub(crate) fn parts_told(&self) -> u64 {
        self.n_parts
    }

    pub(crate) fn kind(&self) -> MediaKind {
        self.format.kind()
    }

    /// A place on the rendition's timeline, since the stream's zero.
    pub(crate) fn at(&self, ticks: u64) -> Duration {
        self.rate.duration(ticks)
    }

    /// Another format from the next segment on.
    pub(crate) fn change_format(&mut self, format: &Arc<Format>, init: Bytes, outbox: &mut Outbox) {
        self.format = Arc::clone(format);
        self.parts.change_format(format);
        self.init.0 = self.init.0.saturating_add(1);
        self.tell_init(init, outbox);
    }

    /// What a player needs before anything else.
    pub(crate) fn tell_init(&mut self, bytes: Bytes, outbox: &mut Outbox) {
        self.formats.push(self.init, &self.format);
        outbox.events.push_back(Event::Init {
            rendition: self.name.clone(),
            init: self.init,
            bytes,
        });
    }

    /// A frame begins at this time: what is before it is complete, and segments that end before it are finished.
    /// `is_break`: it does not belong to the segment before a discontinuity, even when it begins a little before that.
    pub(crate) fn reach(
        &mut self,
        at: u64,
        is_break: bool,
        clock: &SegmentClock,
        outbox: &mut Outbox,
    ) {
        let number = self.segment.cut().number;
        let broken = clock.next_break(number).filter(|_| is_break);
        while let Some(cut) = clock.after(self.segment.cut().number) {
            let due = self.ticks(cut.at);
            let is_early = at.saturating_add(self.tolerance()) < due;
            if is_early && broken.is_none_or(|broken| cut.number > broken) {
                break;
            }
            if !self.parts.split(due) {
                let is_last = clock.after(cut.number).is_none();
                self.parts.end_at(self.boundary(at, due, is_last));
            }
            self.cut(cut, outbox);
        }
        self.parts.advance(at);
        self.tell_parts(outbox);
    }

    /// Where a segment ends when a frame begins at `at`, after its end is due: there, unless the segment would be too long.
    fn boundary(&self, at: u64, due: u64, is_last: bool) -> u64 {
        let is_near = at.saturating_add(self.earliest()) >= due;
        let fits = is_last && is_near && at <= self.limit();
        let boundary = if fits { at } else { due };
        boundary.max(self.parts.floor())
    }

    /// How much earlier than a cut a frame may be that is captured at the same moment: half the distance of pictures. Sound
    /// is cut after.
    fn tolerance(&self) -> u64 {
        match self.kind() {
            MediaKind::Video => self.parts.half_a_frame().min(self.earliest()),
            MediaKind::Audio => 0,
        }
    }

    fn earliest(&self) -> u64 {
        ticks(self.rate, EARLY_MAX)
    }

    /// Nothing came since a discontinuity.
    pub(crate) fn begins_anew(&self) -> bool {
        self.last_sequence != self.segment.cut().discontinuity_sequence
    }

    /// Keeps a frame that begins where the timeline was brought to.
    pub(crate) fn put(&mut self, frame: &Frame, now: Instant) {
        if self.parts.is_empty() {
            self.patience.restart(now);
        }
        self.is_waited_for = false;
        self.lacks_keyframe = false;
        self.last_sequence = self.segment.cut().discontinuity_sequence;
        self.shown.handle_frame(self.format.size());
        self.parts.put(Pending {
            captured_at: frame.captured_at,
            is_keyframe: frame.is_keyframe,
            data: Arc::clone(&frame.data),
        });
    }

    /// Nothing came in time: the open part ends at the part target, or at the segment's end.
    pub(crate) fn expire(&mut self, clock: &SegmentClock, outbox: &mut Outbox) {
        let from = self.parts.starts_at();
        let until = self.parts.ends_by();
        let next = clock.after(self.segment.cut().number);
        match next.filter(|cut| self.ticks(cut.at) <= until) {
            Some(cut) => {
                let due = self.ticks(cut.at);
                if !self.parts.split(due) {
                    self.parts.end_at(due.max(self.parts.floor()));
                }
                self.cut(cut, outbox);
            }
            None => {
                self.parts.end_at(until);
                self.tell_parts(outbox);
            }
        }
        let told = self.parts.starts_at().saturating_sub(from);
        self.patience.spend(self.rate.duration(told));
    }

    /// Nobody asked for long: goes on at a cut that is far ahead, without telling of what is between.
    pub(crate) fn jump(&mut self, cut: Cut, now: Instant, outbox: &mut Outbox) {
        self.parts.finish(self.limit());
        self.cut(cut, outbox);
        self.parts.jump(self.ticks(cut.at));
        self.patience.restart(now);
    }

    /// The last of it.
    pub(crate) fn end(&mut self, outbox: &mut Outbox) {
        self.parts.finish(self.limit());
        self.tell_last_parts(outbox);
        self.finish_segment(outbox);
    }

    fn cut(&mut self, cut: Cut, outbox: &mut Outbox) {
        self.tell_last_parts(outbox);
        if self.segment.is_empty() {
            // Every rendition has every number: one that has nothing to put into a segment says so.
            self.parts.gap(1);
            self.tell_parts(outbox);
        }
        self.finish_segment(outbox);
        let last = self.window.segments().last();
        self.segment = SegmentWriter::new(cut, last.map(|last| &last.head));
        self.begin_run(cut);
        self.parts.leave_out(false);
        if cut.is_discontinuous {
            outbox.stats.frames_before_keyframe += self.parts.begin_anew();
        }
    }

    fn finish_segment(&mut self, outbox: &mut Outbox) {
        let Some(segment) = self.segment.finish() else {
            return;
        };
        let bytes = u64::from(segment.size_bytes);
        self.shown
            .measure_mut()
            .segment(bytes, segment.duration, segment.is_gap);
        outbox.changed(&self.name);
        outbox.events.push_back(Event::Segment {
            rendition: self.name.clone(),
            segment: segment.head.number,
            n_parts: u32::try_from(segment.parts.len()).unwrap_or(u32::MAX),
        });
        self.window.push(segment);
        if let Some(oldest) = self.window.segments().first() {
            self.formats.forget_before(oldest.head.init);
        }
    }

    /// The open segment is not longer.
    fn limit(&self) -> u64 {
        let head = self.segment.head();
        let start = head.map_or(self.parts.starts_at(), |head| head.starts_at.0);
        start.saturating_add(ticks(self.rate, SEGMENT_LIMIT))
    }

    fn ticks(&self, at: Duration) -> u64 {
        nearest(self.rate, at)
    }
}
