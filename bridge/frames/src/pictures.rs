//! The pictures of one encoding: from packets in order to frames with times.

use std::borrow::Cow;
use std::time::Duration;

use sfu_model::codec::Codec;
use sfu_model::frame::Discontinuity;
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, MediaTime};

use crate::assemble::reorder::{Arrival, PICTURE_WAIT, Reorder};
use crate::depacketize::Depacketizer;
use crate::format_changes::FormatChanges;
use crate::gathered::Gathered;
use crate::pace::Pace;
use crate::stage::Stage;
use crate::sync::relation::Relation;
use crate::timeline::ticks_in;
use crate::warning::Warning;

mod ending;

/// A keyframe is asked for again after this. Whoever takes the wish to the publisher coalesces those of all.
pub(crate) const KEYFRAME_WANTED_INTERVAL: Duration = Duration::from_secs(1);

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
    /// The last frame that ended, whether emitted or not: packets of its time are of no frame, or of one that begins anew.
    ended: Option<MediaTime>,
    /// The latest frame that was not left out for its time.
    latest: Option<MediaTime>,
    /// That frame had the time of the one before it.
    stands_still: bool,
    /// Frames in a row whose last packet said that it is the last.
    n_marked: u32,
    formats: FormatChanges,
    pace: Pace,
    asked_at: Option<Instant>,
    /// How often a keyframe was asked for since the last one began.
    n_asked: u32,
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
            stands_still: false,
            n_marked: 0,
            formats: FormatChanges::default(),
            pace: Pace::default(),
            asked_at: None,
            n_asked: 0,
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
            self.n_asked = 0;
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
        // It is of no frame, unless its sender's clock stands still.
        let is_of_begun = self.begun.is_some_and(|begun| begun.rtp == packet.time);
        let is_behind = self.ended == Some(packet.time) && !is_of_begun;
        let begins = packet.facts.starts_keyframe || self.depacketizer.begins_frame(&packet);
        if is_behind && !begins {
            return;
        }
        if self.begun.is_some() && !is_of_begun {
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
        let since = self.latest.map(|latest| packet.time.ticks_since(latest));
        let runs_back = since.is_some_and(|ticks| ticks < 0);
        if runs_back && self.depacketizer.is_bidirectional(packet) {
            stage.counters.frames_dropped += 1;
            stage.warn(Warning::BFrames);
            return false;
        }
        let stands_still = self.ended == Some(packet.time);
        let stood_still = std::mem::replace(&mut self.stands_still, stands_still);
        if runs_back || stands_still || stood_still {
            self.relation.restart();
            stage.warn(Warning::BrokenTimestamps);
        }
        self.latest = Some(packet.time);
        let mut placed = Cow::Borrowed(packet);
        if stands_still {
            // What is said of when it was captured is said of the first that had this time.
            placed.to_mut().captured_at = packet.received_at;
        }
        let located = (self.relation).locate(&placed, stage.timeline, stage.clock);
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
}
