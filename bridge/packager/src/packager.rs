//! The packager of one stream.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::{Instant, MediaTime};

use crate::config::Config;
use crate::eligibility::Eligibility;
use crate::event::Event;
use crate::fmp4;
use crate::listing::Listing;
use crate::outbox::Outbox;
use crate::rendition::RenditionName;
use crate::rendition_writer::RenditionWriter;
use crate::segment_clock::SegmentClock;
use crate::slot::{Admission, Slot, is_other_format};
use crate::stats::Stats;

/// Renditions of a stream: a ladder of six, two kinds of sound, and the same again while one ladder replaces another.
const RENDITIONS_MAX: usize = 16;
/// A rendition that joins a stream which is listed already is listed itself once a player would find this many parts, the
/// hold-back of one.
const PARTS_OF_A_LATECOMER: u64 = 3;
/// A frame that claims to be captured this much after now is dropped: the timeline follows our clock, and segments that are
/// numbered ahead of it would be missing in all other renditions.
const AHEAD_MAX: Duration = Duration::from_secs(1);
/// When nobody asked for this long (the machine slept), what is missing is left out instead of told of part by part.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Where sound is alone it is cut between parts, near this.
const SOUND_SEGMENT: Duration = Duration::from_secs(2);

/// There are [`RENDITIONS_MAX`] already, or one of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream has this rendition, or as many as it may have")]
pub struct CannotAdd;

/// Frames in; parts, segments and playlists out, as [`Event`]s. Any order of calls is legal.
#[derive(Debug)]
pub struct Packager {
    config: Config,
    clock: SegmentClock,
    slots: Vec<Slot>,
    listing: Listing,
    outbox: Outbox,
    is_ended: bool,
}

impl Packager {
    /// A stream without renditions.
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            clock: SegmentClock::new(config.zero, now),
            listing: Listing::default(),
            slots: Vec::new(),
            outbox: Outbox::default(),
            is_ended: false,
            config,
        }
    }

    /// Frames of another rendition will come. It has a playlist from its first part on.
    pub fn add_rendition(&mut self, name: RenditionName, kind: MediaKind) -> Result<(), CannotAdd> {
        let is_there = self.slots.iter().any(|slot| slot.name == name);
        if is_there || self.slots.len() >= RENDITIONS_MAX {
            return Err(CannotAdd);
        }
        let is_late = self.slots.iter().any(Slot::is_listed);
        let parts_wanted = if is_late { PARTS_OF_A_LATECOMER } else { 1 };
        self.slots.push(Slot::new(name, kind, parts_wanted));
        Ok(())
    }

    /// Nothing more comes of a rendition, and nobody is to play it.
    pub fn remove_rendition(&mut self, name: &RenditionName) {
        self.slots.retain(|slot| slot.name != *name);
        self.tell();
    }

    /// A frame is whole.
    pub fn handle_frame(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        self.expire(now);
        if !self.is_ended {
            self.take(name, frame, now);
        }
        self.tell();
    }

    /// The first packet of the next frame is here: the frame before it lasts until then.
    pub fn handle_begins(&mut self, name: &RenditionName, time: MediaTime, now: Instant) {
        self.expire(now);
        let index = self.slots.iter().position(|slot| slot.name == *name);
        if let Some(index) = index.filter(|_| !self.is_ended)
            && let Some(writer) = self.slots.get(index).and_then(|slot| slot.writer.as_ref())
            && !self.is_ahead(writer.at(time.0), now)
        {
            let time = time.0.max(writer.parts.floor());
            self.reach(index, time, false, now);
        }
        self.tell();
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
        self.tell();
    }

    /// Nothing more will come.
    pub fn handle_end(&mut self, now: Instant) {
        self.expire(now);
        if std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        for writer in self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.writer.as_mut())
        {
            writer.end(&mut self.outbox);
            self.outbox.changed(&writer.name);
        }
        self.tell();
    }

    /// What happened, oldest first.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_ended {
            return None;
        }
        let deadlines = self.writers().map(RenditionWriter::deadline);
        let ask = self.clock.next_ask().filter(|_| self.has_pictures());
        deadlines.chain(ask).min()
    }

    /// What went otherwise than wished.
    pub fn stats(&self) -> Stats {
        self.outbox.stats
    }

    /// Whether the pictures of a rendition are fit to be passed on as they come. `None`: it has no frame yet.
    pub fn eligibility(&self, name: &RenditionName) -> Option<&Eligibility> {
        let mut writers = self.writers();
        let writer = writers.find(|writer| writer.name == *name)?;
        Some(&writer.eligibility)
    }

    fn writers(&self) -> impl Iterator<Item = &RenditionWriter> {
        self.slots.iter().filter_map(|slot| slot.writer.as_ref())
    }

    fn has_pictures(&self) -> bool {
        self.writers().any(|w| w.kind() == MediaKind::Video)
    }

    fn is_ahead(&self, at: Duration, now: Instant) -> bool {
        at > now.saturating_since(self.config.zero.at) + AHEAD_MAX
    }

    fn take(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        let index = self.slots.iter().position(|slot| slot.name == *name);
        let Some(index) = index else {
            self.outbox.stats.frames_refused += 1;
            return;
        };
        if self.is_ahead(frame.format.clock_rate().duration(frame.time.0), now) {
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
        match slot.admit(frame, &self.clock) {
            Admission::NeedsKeyframe => self.outbox.stats.frames_before_keyframe += 1,
            Admission::TooSoon => self.outbox.stats.frames_over_limit += 1,
            Admission::Follows => self.follow(index, frame, now),
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
        self.clock
            .begin(frame.format.clock_rate().duration(frame.time.0), now);
        let (Some(slot), Some(cut)) = (self.slots.get_mut(index), self.clock.last()) else {
            return;
        };
        slot.owed = None;
        let mut writer = RenditionWriter::new(&slot.name, frame, &self.config, cut);
        writer.tell_first_init(init, &mut self.outbox);
        slot.writer = Some(writer);
        self.keep(index, frame.time.0, false, frame, now);
    }

    /// A frame that decoders begin anew with.
    fn begin_anew(&mut self, index: usize, frame: &Frame, is_break: bool, now: Instant) {
        let Ok(init) = fmp4::init_section(&frame.format) else {
            self.outbox.stats.frames_refused += 1;
            return;
        };
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let owed = slot.owed.take();
        let Some(writer) = slot.writer.as_mut() else {
            return;
        };
        // Whoever published before does not finish this part, and what a player has of it is told of.
        if let Some(Discontinuity::Publisher | Discontinuity::Encoder) = owed {
            writer.parts.abandon();
        }
        let time = frame.time.0.max(writer.parts.floor());
        let is_new = is_other_format(writer, frame);
        if is_break {
            self.clock.break_at(writer.at(time), now);
            self.outbox.stats.discontinuities += 1;
        }
        self.reach(index, time, true, now);
        let writer = self.slots.get_mut(index).and_then(|s| s.writer.as_mut());
        if let Some(writer) = writer.filter(|_| is_new) {
            let at = writer.at(time);
            writer.eligibility.handle_format_change(at);
            writer.change_format(&frame.format, init, &mut self.outbox);
        }
        self.keep(index, time, true, frame, now);
    }

    /// A frame that follows the one before it.
    fn follow(&mut self, index: usize, frame: &Frame, now: Instant) {
        let Some(writer) = self.slots.get(index).and_then(|slot| slot.writer.as_ref()) else {
            return;
        };
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
        self.keep(index, frame.time.0.max(floor), false, frame, now);
    }

    /// Brings the rendition's timeline to a frame, and keeps it until the next begins.
    fn keep(&mut self, index: usize, time: u64, is_break: bool, frame: &Frame, now: Instant) {
        let Some(writer) = self.slots.get(index).and_then(|slot| slot.writer.as_ref()) else {
            return;
        };
        let at = writer.at(time);
        if frame.is_keyframe && frame.kind() == MediaKind::Video {
            self.clock.adopt(at, now);
        }
        self.reach(index, time, is_break, now);
        let writer = self.slots.get_mut(index).and_then(|s| s.writer.as_mut());
        if let Some(writer) = writer {
            writer.eligibility.handle_frame(at);
            writer.put(frame, now);
        }
    }

    /// A rendition's timeline goes on at `time`: parts and segments before it are finished.
    fn reach(&mut self, index: usize, time: u64, is_break: bool, now: Instant) {
        let has_pictures = self.has_pictures();
        let Some(writer) = self.slots.get_mut(index).and_then(|s| s.writer.as_mut()) else {
            return;
        };
        let part_began = writer.parts.starts_at();
        let at = writer.at(time);
        self.outbox.stats.late_cuts += self.clock.reach(at, now);
        writer.reach(time, is_break, &self.clock, &mut self.outbox);
        if !has_pictures && writer.parts.is_empty() {
            let least = SOUND_SEGMENT.saturating_sub(self.config.latency.part_target() / 2);
            if self.clock.adopt_after(least, at, now) {
                writer.reach(time, false, &self.clock, &mut self.outbox);
            }
        }
        if writer.parts.starts_at() != part_began {
            writer.restart_wait(now);
        }
    }

    /// Does what is due without a frame.
    fn expire(&mut self, now: Instant) {
        if self.is_ended {
            return;
        }
        if self.writers().any(|writer| writer.lag(now) > PAUSE_MAX) {
            self.skip_pause(now);
        }
        for writer in self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.writer.as_mut())
        {
            while writer.deadline() <= now {
                let until = writer.at(writer.parts.ends_by());
                self.outbox.stats.late_cuts += self.clock.reach(until, now);
                writer.expire(&self.clock, &mut self.outbox);
            }
        }
        if self.has_pictures() && self.clock.ask(now) {
            self.outbox.stats.keyframes_wanted += 1;
            self.outbox.events.push_back(Event::KeyframeWanted);
        }
        if let Some(oldest) = self.writers().map(|w| w.segment.cut().number).min() {
            self.clock.forget_before(oldest);
        }
    }

    /// All renditions go on at the present, after a discontinuity.
    fn skip_pause(&mut self, now: Instant) {
        let told = self.writers().map(|w| w.at(w.parts.ends_by())).max();
        let present = now.saturating_since(self.config.zero.at);
        let at = present.max(told.unwrap_or_default());
        self.clock.break_at(at, now);
        self.outbox.stats.discontinuities += 1;
        let Some(cut) = self.clock.last() else { return };
        for writer in self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.writer.as_mut())
        {
            while let Some(next) = self.clock.after(writer.segment.cut().number) {
                if next.number == cut.number {
                    writer.jump(cut, now, &mut self.outbox);
                } else {
                    writer.expire(&self.clock, &mut self.outbox);
                }
            }
        }
    }

    /// Playlists that are other than before, each once.
    fn tell(&mut self) {
        self.listing
            .tell(&self.config, &self.slots, self.is_ended, &mut self.outbox);
    }
}
