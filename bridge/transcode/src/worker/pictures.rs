//! A slot of pictures: a publisher's frames in, H.264 in the sizes of its ladder out.

use std::collections::VecDeque;
use std::time::Duration;

use gstreamer as gst;
use sfu_model::frame::{Format, Frame};
use sfu_model::time::{Instant, MediaTime};

use super::decoder::Decoder;
use super::inbox::{Input, Start};
use super::ladder::{Fault, Ladder};
use super::latest::{Latest, time_of};
use super::outlet::count;
use super::rung::Picture;
use crate::cadence::Pacer;
use crate::capabilities::Role;
use crate::job::{PicturesJob, VIDEO_CLOCK};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::plan::Card;

/// How often a slot without input looks at the time: as often as pictures come at thirty a second.
const LOOK_EVERY: Duration = Duration::from_millis(33);

/// A picture that is later than this is replaced by the one before it. What a network holds back for longer is rare; the
/// viewers of a screen that stands still see it change this much later.
const REPEAT_AFTER: Duration = Duration::from_millis(250);

/// Frames whose pictures have not come out: those in front of the decoder, and what it keeps back.
const INSIDE_MAX: usize = 64;

/// Frames in a row that a decoder may answer with nothing before it is said aloud, and it is replaced at the next keyframe:
/// twice what its queue has.
const UNANSWERED_MAX: u32 = 60;

/// Decoders in which a card has a part that failed without a picture since the one before it failed, after which the card is left:
/// the first may have been given what nothing decodes.
const CARD_FAILURES: u32 = 2;

/// Runs the slot until it is closed, or cannot go on.
pub(super) fn run(start: Start, job: PicturesJob) {
    let Some(by) = start.plan.by() else {
        let why = "no encoder of H.264".into();
        start.outlet.tell(&FromWorker::Failed(start.slot, why));
        return;
    };
    let opened = FromWorker::Opened(start.slot, by);
    start.outlet.tell(&opened);
    let mut slot = Slot::new(&start, &job);
    loop {
        let done = match start.next(LOOK_EVERY) {
            Ok(input) => slot.handle_input(input),
            Err(true) => slot.handle_silence(),
            Err(false) => return,
        };
        match done {
            Ok(()) => {}
            Err(Fault::Card(why)) => slot.leave_card(&why),
            Err(Fault::Over(why)) => {
                start.outlet.tell(&FromWorker::Failed(start.slot, why));
                return;
            }
        }
    }
}

/// A frame that the decoder has.
struct Inside {
    at: gst::ClockTime,
    time: MediaTime,
    captured_at: Instant,
    came_at: Instant,
    is_keyframe: bool,
}

struct Slot<'s> {
    start: &'s Start,
    pacer: Pacer,
    ladder: Ladder<'s>,
    decoder: Option<Decoder>,
    n_decoders: u32,
    inside: VecDeque<Inside>,
    n_unanswered: u32,
    /// How far it goes by a card. A rung of it may go less far.
    card: Card,
    n_card_failures: u32,
    latest: Option<Latest>,
}

impl<'s> Slot<'s> {
    fn new(start: &'s Start, job: &PicturesJob) -> Self {
        Self {
            start,
            pacer: Pacer::new(job.cadence),
            ladder: Ladder::new(start, job),
            decoder: None,
            n_decoders: 0,
            inside: VecDeque::new(),
            n_unanswered: 0,
            card: Card::Used,
            n_card_failures: 0,
            latest: None,
        }
    }

    fn handle_input(&mut self, input: Input) -> Result<(), Fault> {
        match input {
            Input::Frame(frame) => self.decode(&frame),
            Input::Decoded(life, sample) if life == self.n_decoders => {
                return self.handle_decoded(sample);
            }
            Input::DecoderFailed(life, why) if life == self.n_decoders => {
                self.give_decoder_up(&why);
            }
            Input::EncoderFailed(rung, life, why) => return self.ladder.replace(rung, life, why),
            Input::KeyframeAt(time) => self.ladder.keyframes.ask(time),
            Input::Rungs(wanted) => self.ladder.want(wanted),
            Input::Decoded(..) | Input::DecoderFailed(..) => {}
        }
        Ok(())
    }

    fn decode(&mut self, frame: &Frame) {
        let is_other = self
            .decoder
            .as_ref()
            .is_some_and(|d| !d.takes(&frame.format));
        if is_other {
            self.decoder = None;
        }
        if self.decoder.is_none() {
            // Nothing before a keyframe can be decoded.
            if !frame.is_keyframe {
                return;
            }
            self.begin_decoder(&frame.format);
        }
        if self.decoder.is_none() {
            self.start.trouble(Trouble::Undecodable);
            return;
        }
        let at = time_of(frame.time);
        let is_pushed = self.decoder.as_ref().is_some_and(|d| d.push(frame, at));
        if !is_pushed || self.inside.len() >= INSIDE_MAX {
            self.start.trouble(Trouble::TooSlow);
            count(&self.start.outlet.tally.frames_in_dropped);
            self.give_decoder_up("it is behind");
            return;
        }
        self.inside.push_back(Inside {
            at,
            time: frame.time,
            captured_at: frame.captured_at,
            came_at: self.start.clock.now(),
            is_keyframe: frame.is_keyframe,
        });
        self.n_unanswered = self.n_unanswered.saturating_add(1);
        if self.n_unanswered > UNANSWERED_MAX {
            self.give_decoder_up("nothing comes out of it");
        }
    }

    /// A decoder for frames of this format, if there is any. One that cannot be begun was given nothing that could be wrong: where a
    /// card has a part in it the card is left at once.
    fn begin_decoder(&mut self, format: &Format) {
        loop {
            self.n_decoders = self.n_decoders.wrapping_add(1);
            self.inside.clear();
            self.n_unanswered = 0;
            let by = (&*self.start.plan, self.card);
            let why = match Decoder::start(by, format, &self.start.inbox, self.n_decoders) {
                Ok(decoder) => return self.decoder = Some(decoder),
                Err(why) => why,
            };
            let role = Role::decoder_of(format);
            let uses_card = |role| self.start.plan.decodes_by_card(role, self.card);
            if self.card == Card::Left || !role.is_some_and(uses_card) {
                tracing::debug!(%why, "no decoder");
                return;
            }
            self.leave_card(&why);
        }
    }

    /// Begins again at the next keyframe, with a new decoder.
    fn give_decoder_up(&mut self, why: &str) {
        tracing::debug!(why, "a decoder failed");
        self.n_unanswered = 0;
        self.start.trouble(Trouble::Undecodable);
        let uses_card = self.decoder.as_ref().is_some_and(Decoder::uses_card);
        if uses_card && self.card != Card::Left {
            self.n_card_failures = self.n_card_failures.saturating_add(1);
            if self.n_card_failures >= CARD_FAILURES {
                self.leave_card(why);
            }
        }
        self.decoder = None;
    }

    /// From now on the processor does all that is done to this slot's pictures, from the next keyframe on.
    fn leave_card(&mut self, why: &str) {
        tracing::warn!(why, "a card fails here: the processor does all of it");
        self.card = Card::Left;
        // Told first: what is on the card may not even be given up.
        self.start.trouble(Trouble::LeftCard);
        let start = self.start;
        start.card_check.begin(&start.plan, &start.outlet);
        // What lies in the card's memory is of no use to whoever comes next, and what its decoder still says is not heard.
        self.n_decoders = self.n_decoders.wrapping_add(1);
        self.inside.clear();
        self.latest = None;
        self.decoder = None;
        self.ladder.leave_card();
    }

    fn handle_decoded(&mut self, sample: gst::Sample) -> Result<(), Fault> {
        self.n_unanswered = 0;
        self.n_card_failures = 0;
        let Some(at) = sample.buffer().and_then(gst::BufferRef::pts) else {
            return Ok(());
        };
        // Frames that gave no picture are before it.
        while self.inside.front().is_some_and(|inside| inside.at < at) {
            let passed = self.inside.pop_front();
            if passed.is_some_and(|passed| passed.is_keyframe) {
                self.ladder.keyframes.handle_source_keyframe();
            }
        }
        let Some(inside) = self.inside.pop_front().filter(|inside| inside.at == at) else {
            return Ok(());
        };
        if inside.is_keyframe {
            self.ladder.keyframes.handle_source_keyframe();
        }
        let mut shown = Vec::new();
        self.pacer.push(inside.time, &mut shown);
        let before = self.latest.replace(Latest {
            sample,
            time: inside.time,
            captured_at: inside.captured_at,
            came_at: inside.came_at,
        });
        for shown in shown {
            let picture = match shown.is_repeat {
                true => before.as_ref(),
                false => self.latest.as_ref(),
            };
            if let Some(picture) = picture {
                let (sample, picture) = (picture.sample.clone(), picture.shown(shown));
                self.ladder.encode(&sample, picture)?;
            }
        }
        Ok(())
    }

    /// Nothing came: shows the last picture again where the timeline has gone on without a new one.
    fn handle_silence(&mut self) -> Result<(), Fault> {
        let Some(latest) = &self.latest else {
            return Ok(());
        };
        let now = self.start.clock.now();
        let silent = (now - latest.came_at).saturating_sub(REPEAT_AFTER);
        let time = MediaTime(latest.time.0.saturating_add(VIDEO_CLOCK.ticks(silent)));
        let mut shown = Vec::new();
        self.pacer.advance(time, &mut shown);
        let sample = latest.sample.clone();
        let pictures: Vec<Picture> = shown
            .into_iter()
            .map(|shown| Picture {
                came_at: now,
                ..latest.shown(shown)
            })
            .collect();
        let mut pictures = pictures.into_iter();
        pictures.try_for_each(|picture| self.ladder.encode(&sample, picture))
    }
}
