//! All renditions of a stream, and the clock that cuts them: which frames are let in, and what they do to the others.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::time::{Instant, MediaTime};

use crate::config::Config;
use crate::event::Event;
use crate::fmp4;
use crate::outbox::Outbox;
use crate::rendition::RenditionName;
use crate::rendition_writer::RenditionWriter;
use crate::segment_clock::SegmentClock;
use crate::slot::{Admission, Slot, is_other_format, writer_mut, writers_mut};

/// A frame that claims to be captured this much after now is dropped: the timeline follows our clock, and segments that are
/// numbered ahead of it would be missing in all other renditions.
const AHEAD_MAX: Duration = Duration::from_secs(1);
/// When nobody asked for this long (the machine slept), or frames leave out as much, what is missing is left out instead of
/// told of part by part: a player whose playlist is as old as it may be for a delta update (half the skip boundary) still
/// has what that leaves out.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The longest packet of sound (RFC 6716 section 2.1.4): the first of a rendition may reach into its first segment.
const SOUND_FRAME_MAX: Duration = Duration::from_millis(120);
/// Where sound is alone it is cut between parts, near this.
const SOUND_SEGMENT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Ladder {
    pub(crate) config: Config,
    pub(crate) slots: Vec<Slot>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: SegmentClock,
}

impl Ladder {
    pub(crate) fn new(config: Config, now: Instant) -> Self {
        Self {
            clock: SegmentClock::new(config.zero, now),
            slots: Vec::new(),
            outbox: Outbox::default(),
            config,
        }
    }

    /// When something is due without a frame.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadlines = self.writers().map(|writer| writer.patience.deadline());
        let ask = self
            .clock
            .next_ask()
            .filter(|_| self.slots.iter().any(Slot::is_video));
        deadlines.chain(ask).min()
    }

    /// The next frame of a rendition begins.
    pub(crate) fn begins(&mut self, name: &RenditionName, time: MediaTime, now: Instant) {
        let index = self.slots.iter().position(|slot| slot.name == *name);
        let at = index.and_then(|index| self.writer(index));
        let at = at.map(|writer| writer.at(time.0));
        let (Some(index), Some(at)) = (index, at.filter(|at| !self.is_ahead(*at, now))) else {
            return;
        };
        self.bound_hole(at, now);
        if let Some(floor) = self.writer(index).map(|writer| writer.parts.floor()) {
            self.reach(index, time.0.max(floor), false, now);
        }
    }

    /// Nothing more comes.
    pub(crate) fn end(&mut self) {
        for writer in writers_mut(&mut self.slots) {
            writer.end(&mut self.outbox);
            self.outbox.changed(&writer.name);
        }
    }

    pub(crate) fn writers(&self) -> impl Iterator<Item = &RenditionWriter> {
        self.slots.iter().filter_map(|slot| slot.writer.as_ref())
    }

    pub(crate) fn writer(&self, index: usize) -> Option<&RenditionWriter> {
        self.slots.get(index)?.writer.as_ref()
    }

    fn has_pictures(&self) -> bool {
        self.writers().any(|w| w.kind() == MediaKind::Video)
    }

    fn is_ahead(&self, at: Duration, now: Instant) -> bool {
        at > now.saturating_since(self.config.zero.at) + AHEAD_MAX
    }

    /// A frame is whole. `is_borrowed`: it is another rendition's.
    pub(crate) fn take(
        &mut self,
        name: &RenditionName,
        frame: &Frame,
        is_borrowed: bool,
        now: Instant,
    ) {
        let index = self.slots.iter().position(|slot| slot.name == *name);
        let Some(index) = index else {
            self.outbox.stats.frames_refused += 1;
            return;
        };
        let at = frame.format.clock_rate().duration(frame.time.0);
        if self.is_ahead(at, now) {
            self.outbox.stats.frames_ahead += 1;
            return;
        }
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let rate = slot.writer.as_ref().map(|writer| writer.rate);
        let is_same_rate = rate.is_none_or(|rate| rate == frame.format.clock_rate());
        if slot.kind != frame.kind() || !is_same_rate {
            self.outbox.stats.frames_refused += 1;
            return;
        }
        self.bound_hole(at, now);
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        slot.is_borrowing = is_borrowed;
        match slot.admit(frame, &self.clock) {
            Admission::NeedsKeyframe | Admission::TooSoon => {
                self.outbox.stats.frames_before_keyframe += 1;
                self.clock.need_keyframe(now);
                if let Some(writer) = &mut slot.writer {
                    writer.lacks_keyframe = true;
                }
            }
            Admission::Follows => self.follow(index, frame, now),
            Admission::WaitsForCut => self.begin_at_cut(index, frame, now),
            Admission::Joins | Admission::Breaks if slot.writer.is_none() => {
                self.start(index, frame, now);
            }
            Admission::Joins => self.begin_anew(index, frame, false, now),
            Admission::Breaks => self.begin_anew(index, frame, true, now),
        }
    }

    /// The first frame of a rendition.
    fn start(&mut self, index: usize, frame: &Frame, now: Instant) {
        let Ok(init) = fmp4::init_section(&frame.format) else {
            self.outbox.stats.frames_refused += 1;
            return;
        };
        let at = frame.format.clock_rate().duration(frame.time.0);
        self.clock.begin(at, now);
        self.outbox.stats.late_cuts += self.clock.reach(at, now);
        let (Some(slot), Some(cut)) = (self.slots.get_mut(index), self.clock.last()) else {
            return;
        };
        if frame.kind() == MediaKind::Audio && at + SOUND_FRAME_MAX < cut.at {
            // It is of a segment that this rendition does not have.
            self.outbox.stats.frames_late += 1;
            return;
        }
        slot.owed = None;
        self.clock.runs.is_outgrown = true;
        let mut writer = RenditionWriter::new(&slot.name, frame, &self.config, cut);
        writer.tell_init(init, &mut self.outbox);
        let time = writer.parts.starts_at();
        slot.writer = Some(writer);
        self.keep(index, time, frame, now);
    }

    /// A frame that decoders begin anew with.
    pub(crate) fn begin_anew(&mut self, index: usize, frame: &Frame, is_break: bool, now: Instant) {
        let Ok(init) = fmp4::init_section(&frame.format) else {
            self.outbox.stats.frames_refused += 1;
            return;
        };
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        slot.owed = None;
        let Some(writer) = &slot.writer else {
            return;
        };
        let time = frame.time.0.max(writer.parts.floor());
        let is_new = is_other_format(writer, frame);
        if is_break {
            self.outbox.stats.late_cuts += self.clock.reach(writer.at(time), now);
            self.clock.break_at(writer.at(time), now);
        }
        self.reach(index, time, true, now);
        let writer = writer_mut(&mut self.slots, index);
        if let Some(writer) = writer.filter(|_| is_new) {
            writer.change_format(&frame.format, init, &mut self.outbox);
        }
        self.keep(index, time, frame, now);
    }

    /// A frame that follows the one before it.
    fn follow(&mut self, index: usize, frame: &Frame, now: Instant) {
        let Some(writer) = writer_mut(&mut self.slots, index) else {
            return;
        };
        if frame.is_keyframe && frame.kind() == MediaKind::Video {
            self.outbox.stats.frames_late += writer.parts.give_up_late(frame.time.0);
        }
        let floor = writer.parts.floor();
        let is_late = frame.time.0.saturating_add(writer.parts.half_a_frame()) < floor;
        if is_late && frame.kind() == MediaKind::Audio {
            // Its time is told of as a gap. A picture is shown late instead: others depend on it.
            self.outbox.stats.frames_late += 1;
            return;
        }
        if !writer.parts.can_hold() {
            self.outbox.stats.frames_over_limit += 1;
            return;
        }
        self.keep(index, frame.time.0.max(floor), frame, now);
    }

    /// Brings the rendition's timeline to a frame, and keeps it until the next begins.
    fn keep(&mut self, index: usize, time: u64, frame: &Frame, now: Instant) {
        let Some(writer) = self.writer(index) else {
            return;
        };
        let at = writer.at(time);
        if frame.is_keyframe && frame.kind() == MediaKind::Video {
            self.clock.adopt(at, now);
        }
        self.reach(index, time, false, now);
        let is_borrowed = self.slots.get(index).is_some_and(|slot| slot.is_borrowing);
        let Some(writer) = writer_mut(&mut self.slots, index) else {
            return;
        };
        // What stands in for the hole before it is a keyframe, to which it does not refer; nor to anything behind a discontinuity.
        let has_lost_all = writer.parts.missing() > 0 || writer.begins_anew();
        let is_cut_off = has_lost_all && !frame.is_keyframe;
        if is_cut_off {
            self.outbox.stats.frames_before_keyframe += 1;
            return self.clock.need_keyframe(now);
        }
        writer.shown.expect_borrowed(is_borrowed);
        writer.put(frame, now);
    }

    /// A rendition's timeline goes on at `time`: parts and segments before it are finished.
    fn reach(&mut self, index: usize, time: u64, is_break: bool, now: Instant) {
        let has_pictures = self.has_pictures();
        let Some(writer) = writer_mut(&mut self.slots, index) else {
            return;
        };
        let (part_began, at) = (writer.parts.starts_at(), writer.at(time));
        self.outbox.stats.late_cuts += self.clock.reach(at, now);
        writer.reach(time, is_break, &self.clock, &mut self.outbox);
        if !has_pictures && writer.parts.is_empty() {
            let least = SOUND_SEGMENT.saturating_sub(self.config.latency.part_target() / 2);
            if self.clock.adopt_after(least, at, now) {
                writer.reach(time, false, &self.clock, &mut self.outbox);
            }
        }
        if writer.parts.starts_at() != part_began {
            writer.patience.restart(now);
        }
    }

    /// Asks for the keyframe that is needed by now, and forgets what is behind all renditions.
    pub(crate) fn settle(&mut self, now: Instant) {
        if self.slots.iter().any(Slot::is_video) && self.clock.ask(now) {
            self.outbox.stats.keyframes_wanted += 1;
            self.outbox.events.push_back(Event::KeyframeWanted);
        }
        if let Some(oldest) = self.writers().map(|w| w.segment.cut().number).min() {
            self.clock.forget_before(oldest);
        }
    }

    /// All renditions go on at the present, after a discontinuity.
    pub(crate) fn skip_pause(&mut self, now: Instant) {
        let told = self.writers().map(|w| w.at(w.parts.ends_by())).max();
        let present = now.saturating_since(self.config.zero.at);
        let at = present.max(told.unwrap_or_default());
        self.clock.break_at(at, now);
        for writer in writers_mut(&mut self.slots) {
            while let Some(next) = self.clock.after(writer.segment.cut().number) {
                if Some(next) == self.clock.last() {
                    writer.jump(next, now, &mut self.outbox);
                } else {
                    writer.expire(&self.clock, &mut self.outbox);
                }
            }
        }
    }
}
