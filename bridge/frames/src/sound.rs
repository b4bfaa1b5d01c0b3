//! The sound of a publisher: packets of Opus on the timeline without a hole, and silence where none come.

use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::assemble::reorder::{Arrival, Reorder, SOUND_WAIT};
use crate::depacketize::opus::{Contents, PRE_SKIP, SILENCE_PACKET, SILENCE_TICKS_MIN, silence};
use crate::stage::Stage;
use crate::sync::media_clock::media_time;
use crate::sync::relation::Relation;
use crate::timeline::{Timeline, ticks_in};
use crate::warning::Warning;

/// Silence is made when nothing has come for so long: the publisher is mute, or sends nothing while nobody speaks (DTX). A
/// player has more than that in its buffer, and the network is rarely that late. It stays this far behind our clock, so that
/// what comes again comes after it.
pub(crate) const SILENCE_AFTER: Duration = Duration::from_millis(120);

/// The longest hole that is filled with silence in one go: a drive that asks so late has stood still. A longer one is told.
pub(crate) const SILENCE_SPAN_MAX: Duration = Duration::from_secs(10);

/// The sound of one publisher.
#[derive(Debug)]
pub(crate) struct Sound {
    reorder: Reorder,
    relation: Relation,
    format: Arc<Format>,
    channels: u8,
    /// Where the last packet ends.
    end: Option<i64>,
    heard_at: Instant,
}

impl Sound {
    /// `channels` is what decoders make at least. A packet of one channel decodes to two, but not the other way (RFC 7845
    /// section 5.1.1).
    pub(crate) fn new(packet: &Packet, channels: u8) -> Self {
        Self {
            reorder: Reorder::new(SOUND_WAIT),
            relation: Relation::new(packet.encoding),
            format: format(channels),
            channels,
            end: None,
            heard_at: packet.received_at,
        }
    }

    pub(crate) fn handle_packet(&mut self, packet: &Packet, stage: &mut Stage<'_>) {
        self.heard_at = self.heard_at.max(stage.now);
        match self.reorder.insert(packet, stage.now) {
            Arrival::Waits | Arrival::Anew => self.advance(stage),
            Arrival::Late => stage.counters.packets_late += 1,
        }
    }

    /// Takes what is in order, gives up what was waited for long enough, and makes silence where nothing comes.
    pub(crate) fn advance(&mut self, stage: &mut Stage<'_>) {
        loop {
            while stage.outbox.has_room() {
                let Some(packet) = self.reorder.pop() else {
                    break;
                };
                self.take(&packet, stage);
            }
            let is_due = self.reorder.give_up_at().is_some_and(|at| stage.now >= at);
            let is_full = self.reorder.is_full(0, 0);
            if !(is_due || is_full) {
                break;
            }
            stage.counters.waiting_overflowed += u64::from(is_full && !is_due);
            stage.counters.packets_given_up += self.reorder.give_up();
        }
        if stage.now - self.heard_at >= SILENCE_AFTER {
            let until = stage.now.saturating_sub(SILENCE_AFTER);
            let until = stage.timeline.ticks(until, stage.clock.rate);
            self.fill(until, ticks_in(SILENCE_PACKET, stage.clock.rate), stage);
        }
    }

    /// When a hole is given up, or a packet of silence is due.
    pub(crate) fn poll_timeout(&self, timeline: Timeline, rate: ClockRate) -> Option<Instant> {
        let next = ticks_in(SILENCE_PACKET, rate);
        let silence_at = self.end.map(|end| {
            // A tick more than it takes, for moments are rounded down to the nanosecond.
            let ends_at = timeline.instant(end.saturating_add(next + 1), rate);
            (ends_at.max(self.heard_at)) + SILENCE_AFTER
        });
        silence_at
            .into_iter()
            .chain(self.reorder.give_up_at())
            .min()
    }

    fn take(&mut self, packet: &Packet, stage: &mut Stage<'_>) {
        // Some senders make packets without payload of silence.
        if packet.payload.is_empty() {
            return;
        }
        let Some(contents) = Contents::read(&packet.payload) else {
            stage.counters.frames_dropped += 1;
            return stage.warn(Warning::Malformed);
        };
        let located = self.relation.locate(packet, stage.timeline, stage.clock);
        stage.tell(located);
        let ticks = i64::from(contents.ticks);
        let mut time = stage.clock.map(located.common);
        if let Some(end) = self.end {
            self.fill(time, i64::from(SILENCE_TICKS_MIN), stage);
            let end = self.end.unwrap_or(end);
            // Sound that would be heard twice, or that silence has taken the place of.
            if time < end.saturating_sub(ticks / 2) {
                stage.counters.frames_dropped += 1;
                return;
            }
            time = time.max(end.saturating_sub(ticks / 2));
        }
        self.widen(contents.is_stereo);
        stage.counters.frames += 1;
        self.emit(time, ticks, Arc::clone(&packet.payload), stage);
    }

    /// Fills the hole up to `until` with silence, in packets that are not shorter than `least`.
    fn fill(&mut self, until: i64, least: i64, stage: &mut Stage<'_>) {
        let Some(mut end) = self.end else { return };
        let longest = ticks_in(SILENCE_PACKET, stage.clock.rate);
        if until.saturating_sub(end) > ticks_in(SILENCE_SPAN_MAX, stage.clock.rate) {
            stage.source.mark(Discontinuity::Clock);
            self.end = Some(until);
            return;
        }
        while stage.outbox.has_room() && until.saturating_sub(end) >= least {
            let hole = u32::try_from((until - end).min(longest)).unwrap_or(0);
            let Some((packet, ticks)) = silence(hole, self.channels) else {
                return;
            };
            stage.counters.silences += 1;
            self.emit(end, i64::from(ticks), Arc::new(packet), stage);
            end = end.saturating_add(i64::from(ticks));
        }
    }

    fn emit(&mut self, time: i64, ticks: i64, data: Arc<[u8]>, stage: &mut Stage<'_>) {
        let time = stage.begin(time);
        self.end = Some(time.saturating_add(ticks));
        stage.emit(Frame {
            time: media_time(time),
            captured_at: stage.timeline.instant(time, stage.clock.rate),
            is_keyframe: true,
            discontinuity: None,
            format: Arc::clone(&self.format),
            data,
        });
    }

    /// A second channel, once there is one, stays: encoders leave it out where both sound alike.
    fn widen(&mut self, is_stereo: bool) {
        if is_stereo && self.channels < 2 {
            self.channels = 2;
            self.format = format(2);
        }
    }
}

fn format(channels: u8) -> Arc<Format> {
    Arc::new(Format::Opus {
        channels,
        pre_skip: PRE_SKIP,
    })
}
