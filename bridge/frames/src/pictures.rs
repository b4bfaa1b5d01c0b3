//! The pictures of one encoding: from packets in order to frames with times.

use std::time::Duration;

use sfu_model::codec::Codec;
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, MediaTime};

use crate::assemble::reorder::{Arrival, PICTURE_WAIT, Reorder};
use crate::depacketize::Depacketizer;
use crate::depacketize::whole::{Refusal, Whole};
use crate::format_changes::{FormatChanges, Verdict};
use crate::gathered::Gathered;
use crate::pace::Pace;
use crate::stage::Stage;
use crate::sync::media_clock::media_time;
use crate::sync::relation::Relation;
use crate::timeline::ticks_in;
use crate::warning::Warning;

/// A keyframe is asked for again after this. Whoever takes the wish to the publisher coalesces those of all.
pub(crate) const KEYFRAME_WANTED_INTERVAL: Duration = Duration::from_secs(1);

/// So many frames in a row that ended with a marker are of a sender that marks each: one without was cut short.
const MARKED_FRAMES: u32 = 8;

/// A correction of the clock that is larger is told as a discontinuity: a part. A smaller one is a picture that lasts longer.
const TOLD_CORRECTION: Duration = Duration::from_millis(500);

/// Where in the pictures an encoding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing can be decoded before a keyframe begins.
    Seeking,
    /// The frame that has begun must be one.
    Beginning,
    /// Each frame follows the one before it.
    Flowing,
}

/// The frame whose packets are gathered.
#[derive(Clone, Copy, Debug)]
struct Begun {
    rtp: MediaTime,
    time: i64,
    captured_at: Instant,
}

/// One encoding.
#[derive(Debug)]
pub(crate) struct Pictures {
    codec: Codec,
    depacketizer: Depacketizer,
    reorder: Reorder,
    relation: Relation,
    phase: Phase,
    gathered: Gathered,
    begun: Option<Begun>,
    /// The last frame that ended, whether emitted or not: packets of its time are of no frame.
    ended: Option<MediaTime>,
    /// The latest frame that was not left out for its time.
    latest: Option<MediaTime>,
    /// Frames in a row whose last packet said that it is the last.
    n_marked: u32,
    formats: FormatChanges,
    pace: Pace,
    asked_at: Option<Instant>,
}

impl Pictures {
    /// `None`: the codec is not one of pictures.
    pub(crate) fn new(packet: &Packet) -> Option<Self> {
        Some(Self {
            codec: packet.codec,
            depacketizer: Depacketizer::new(packet.codec)?,
            reorder: Reorder::new(PICTURE_WAIT),
            relation: Relation::new(packet.encoding),
            phase: Phase::Seeking,
            gathered: Gathered::default(),
            begun: None,
            ended: None,
            latest: None,
            n_marked: 0,
            formats: FormatChanges::default(),
            pace: Pace::default(),
            asked_at: None,
        })
    }

    pub(crate) fn handle_packet(&mut self, packet: &Packet, stage: &mut Stage<'_>) {
        // An encoding that sends nothing is not asked again.
        let is_due = |at: &Instant| stage.now - *at >= KEYFRAME_WANTED_INTERVAL;
        self.asked_at = self.asked_at.filter(|at| !is_due(at));
        match self.reorder.insert(packet, stage.now) {
            Arrival::Waits => self.advance(stage),
            Arrival::Anew => {
                self.lose(stage);
                self.advance(stage);
            }
            Arrival::Late => stage.counters.packets_late += 1,
        }
    }

    /// Takes what is in order, and gives up what was waited for long enough.
    pub(crate) fn advance(&mut self, stage: &mut Stage<'_>) {
        loop {
            while self.is_flowing() && stage.outbox.has_room() {
                let Some(packet) = self.reorder.pop() else {
                    break;
                };
                self.take(packet, stage);
            }
            let is_due = self.reorder.give_up_at().is_some_and(|at| stage.now >= at);
            let is_full = self
                .reorder
                .is_full(self.gathered.packets().len(), self.gathered.n_bytes());
            if self.phase == Phase::Seeking || !(is_due || is_full) {
                break;
            }
            stage.counters.waiting_overflowed += u64::from(is_full && !is_due);
            stage.counters.packets_given_up += self.reorder.give_up();
            self.lose(stage);
        }
        self.ask(stage);
    }

    /// When a hole is given up.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Seeking => None,
            Phase::Beginning | Phase::Flowing => self.reorder.give_up_at(),
        }
    }

    /// The encoding is another source's: it begins there at a keyframe.
    pub(crate) fn move_to_another_source(&mut self, stage: &mut Stage<'_>) {
        self.forget_frame();
        self.phase = Phase::Seeking;
        self.formats = FormatChanges::default();
        stage.source.mark(Discontinuity::Lost);
        self.ask(stage);
    }

    /// There is a next packet to take, or a keyframe to begin at.
    fn is_flowing(&mut self) -> bool {
        if self.phase == Phase::Seeking && self.reorder.seek_keyframe() {
            self.phase = Phase::Beginning;
        }
        self.phase != Phase::Seeking
    }

    fn take(&mut self, packet: Packet, stage: &mut Stage<'_>) {
        // Padding (RFC 3550 section 5.1), with which browsers see what their path carries: only its number counts.
        if packet.payload.is_empty() {
            return;
        }
        if self.codec != packet.codec && !self.change_codec(&packet) {
            return self.lose(stage);
        }
        if self.ended == Some(packet.time) {
            return;
        }
        if self.begun.is_some_and(|begun| begun.rtp != packet.time) {
            // It had no marker on its last packet (RFC 6184 section 5.1: a receiver must not rely on it).
            self.finish(false, stage);
            // It was parameter sets alone.
            self.forget_frame();
            if self.phase == Phase::Seeking {
                return;
            }
        }
        if self.begun.is_none() && !self.begin(&packet, stage) {
            self.ended = Some(packet.time);
            return;
        }
        let is_last = packet.marker;
        self.gathered.push(packet);
        if is_last {
            self.n_marked = self.n_marked.saturating_add(1);
            self.finish(true, stage);
        }
    }

    /// A payload of another codec can only begin with a keyframe.
    fn change_codec(&mut self, packet: &Packet) -> bool {
        let depacketizer = Depacketizer::new(packet.codec);
        let begins = packet.facts.starts_keyframe;
        if let Some(depacketizer) = depacketizer.filter(|_| begins) {
            self.forget_frame();
            (self.codec, self.depacketizer) = (packet.codec, depacketizer);
            self.phase = Phase::Beginning;
            return true;
        }
        false
    }

    /// The first packet of a frame. False: the frame is left out.
    fn begin(&mut self, packet: &Packet, stage: &mut Stage<'_>) -> bool {
        if self
            .latest
            .is_some_and(|latest| packet.time.ticks_since(latest) < 0)
        {
            if self.depacketizer.is_bidirectional(packet) {
                stage.counters.frames_dropped += 1;
                stage.warn(Warning::BFrames);
                return false;
            }
            self.relation.restart();
            stage.warn(Warning::BrokenTimestamps);
        }
        self.latest = Some(packet.time);
        let located = self.relation.locate(packet, stage.timeline, stage.clock);
        let place = stage.clock.place(located.common, packet.encoding);
        let before = stage.source.last();
        let time = stage.begin(place);
        let told = ticks_in(TOLD_CORRECTION, stage.clock.rate);
        stage.tell(located);
        let is_hole = located.has_jumped && before.is_some_and(|before| time - before > told);
        if is_hole || located.step.is_some_and(|step| step.abs() > told) {
            stage.source.mark(Discontinuity::Clock);
        }
        self.begun = Some(Begun {
            rtp: packet.time,
            time,
            captured_at: stage.timeline.instant(time, stage.clock.rate),
        });
        true
    }

    /// All packets of the frame are here.
    fn finish(&mut self, is_marked: bool, stage: &mut Stage<'_>) {
        let Some(begun) = self.begun else { return };
        let is_cut_short = !is_marked && self.n_marked >= MARKED_FRAMES;
        match self.depacketizer.frame(self.gathered.packets()) {
            // Its slices may follow in packets of the same time.
            Err(Refusal::Empty) => self.gathered.clear(),
            Err(Refusal::CutShort) if !is_marked => self.lose(stage),
            _ if is_cut_short => self.lose(stage),
            Ok(whole) => {
                self.forget_frame();
                self.ended = Some(begun.rtp);
                self.judge(whole, begun, stage);
            }
            Err(Refusal::Malformed | Refusal::CutShort) => {
                stage.warn(Warning::Malformed);
                self.lose(stage);
            }
            Err(Refusal::NoParameterSets) => {
                stage.warn(Warning::NoParameterSets);
                self.lose(stage);
            }
        }
    }

    fn judge(&mut self, whole: Whole, begun: Begun, stage: &mut Stage<'_>) {
        if self.phase == Phase::Beginning && !whole.is_keyframe {
            return self.lose(stage);
        }
        match self
            .formats
            .judge(&whole.format, whole.is_keyframe, stage.now)
        {
            Verdict::Taken => {}
            Verdict::PutOff | Verdict::Misplaced => {
                stage.warn(Warning::ChangingFormat);
                return self.lose(stage);
            }
        }
        if self.formats.are_many(stage.now) {
            stage.warn(Warning::ChangingFormat);
        }
        if let Some(milli_fps) = self.pace.count(begun.captured_at) {
            stage.warn(Warning::FewPictures { milli_fps });
        }
        self.phase = Phase::Flowing;
        self.asked_at = None;
        stage.counters.frames += 1;
        stage.emit(Frame {
            time: media_time(begun.time),
            captured_at: begun.captured_at,
            is_keyframe: whole.is_keyframe,
            discontinuity: None,
            format: whole.format,
            data: whole.data,
        });
    }

    /// Something is missing that the next frames need.
    fn lose(&mut self, stage: &mut Stage<'_>) {
        stage.counters.frames_dropped += u64::from(self.begun.is_some());
        self.forget_frame();
        self.phase = Phase::Seeking;
        self.n_marked = 0;
        self.pace.restart();
        stage.source.mark(Discontinuity::Lost);
    }

    fn forget_frame(&mut self) {
        self.begun = None;
        self.gathered.clear();
    }

    /// Asks for a keyframe.
    fn ask(&mut self, stage: &mut Stage<'_>) {
        if self.phase == Phase::Seeking && self.asked_at.is_none() {
            self.asked_at = Some(stage.now);
            stage.want_keyframe();
        }
    }
}
