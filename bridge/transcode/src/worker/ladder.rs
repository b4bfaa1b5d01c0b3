//! The encoders of a slot's ladder: one for each rung that is wanted, all with keyframes at the same times.

use gstreamer as gst;
use sfu_model::frame::Discontinuity;
use sfu_model::time::MediaTime;

use super::inbox::{Input, Start};
use super::line::Reason;
use super::outlet::count;
use super::rung::{Begin, Picture, RungEncoder};
use crate::job::{FrameRate, PicturesJob, Rung, RungIndex, RungSet};
use crate::keyframes::KeyframeClock;
use crate::message::from_worker::Trouble;
use crate::plan::Card;

/// Encoders that may fail in a slot's life, those not counted after which a card is left. One that fails more often will fail
/// again: the slot is given up.
const FAILURES_MAX: u32 = 8;

/// What an encoder's failure means for its slot.
#[derive(Debug)]
pub(super) enum Fault {
    /// A card had a part in it, and it may be the card's: the slot has to leave it.
    Card(Reason),
    /// There is no other way: the slot is over.
    Over(Reason),
}

/// One rung's encoder, while it is wanted.
struct Place {
    rung: Rung,
    encoder: Option<RungEncoder>,
    /// Which encoder of its it is.
    life: u32,
    /// Why the next encoder does not follow the one before it.
    discontinuity: Option<Discontinuity>,
    /// How far it goes by a card.
    card: Card,
}

impl Place {
    fn begin(
        &self,
        start: &Start,
        index: RungIndex,
        rate: FrameRate,
    ) -> Result<RungEncoder, Reason> {
        let (life, inbox) = (self.life, start.inbox.clone());
        let begin = Begin {
            slot: start.slot,
            index,
            rung: self.rung,
            rate,
            outlet: start.outlet.clone(),
            clock: start.clock,
            discontinuity: self.discontinuity,
        };
        RungEncoder::start((&start.plan, self.card), begin, move |why| {
            inbox.put(Input::EncoderFailed(index, life, why));
        })
    }

    /// Its encoder failed: the next one goes less far by a card. False: no card had a part in it.
    fn step_back(&mut self, start: &Start, why: &Reason) -> Result<bool, Fault> {
        let next = start.plan.after_encoder(self.rung.size, self.card);
        if next == self.card {
            return Ok(false);
        }
        if next == Card::Left {
            return Err(Fault::Card(why.clone()));
        }
        tracing::warn!(%why, "a card's encoder failed: the processor encodes");
        self.card = next;
        start.trouble(Trouble::EncoderLeftCard);
        Ok(true)
    }
}

/// All rungs of a slot.
pub(super) struct Ladder<'s> {
    start: &'s Start,
    pub(super) keyframes: KeyframeClock,
    rate: FrameRate,
    wanted: RungSet,
    places: Vec<Place>,
    n_failures: u32,
}

impl<'s> Ladder<'s> {
    /// One whose rungs are all wanted, and begin with the first picture.
    pub(super) fn new(start: &'s Start, job: &PicturesJob) -> Self {
        let places = job.rungs.iter().map(|rung| Place {
            rung: *rung,
            encoder: None,
            life: 0,
            discontinuity: None,
            card: Card::Used,
        });
        Self {
            start,
            keyframes: KeyframeClock::new(job.keyframes),
            rate: job.cadence.rate(),
            wanted: RungSet::first(job.rungs.len()),
            places: places.collect(),
            n_failures: 0,
        }
    }

    /// Gives a picture to all rungs that are wanted. A rung that is wanted anew begins with the others' next keyframe, so that
    /// all are cut at the same times.
    pub(super) fn encode(
        &mut self,
        sample: &gst::Sample,
        mut picture: Picture,
    ) -> Result<(), Fault> {
        picture.is_keyframe = self.keyframes.is_due(picture.time);
        let mut n_dropped = 0_u32;
        for index in 0..self.places.len() {
            let rung = RungIndex(u8::try_from(index).unwrap_or(u8::MAX));
            if !self.wanted.has(rung) {
                continue;
            }
            if picture.is_keyframe {
                self.begin(rung)?;
            }
            let place = self.places.get_mut(index);
            if let Some(encoder) = place.and_then(|place| place.encoder.as_mut())
                && !encoder.push(sample, picture)
            {
                n_dropped = n_dropped.saturating_add(1);
                count(&self.start.outlet.tally.pictures_dropped);
            }
        }
        if n_dropped > 0 {
            self.start.trouble(Trouble::TooSlow);
        }
        Ok(())
    }

    /// Starts a rung's encoder if it has none. A card that has no session left, as those made for games have few, says so here or
    /// at the first picture; then the processor encodes.
    fn begin(&mut self, index: RungIndex) -> Result<(), Fault> {
        let Some(place) = self.places.get_mut(usize::from(index.0)) else {
            return Ok(());
        };
        if place.encoder.is_some() {
            return Ok(());
        }
        loop {
            place.life = place.life.wrapping_add(1);
            match place.begin(self.start, index, self.rate) {
                Ok(encoder) => {
                    place.encoder = Some(encoder);
                    place.discontinuity = None;
                    return Ok(());
                }
                Err(why) if place.step_back(self.start, &why)? => {}
                Err(why) => return Err(Fault::Over(why)),
            }
        }
    }

    /// An encoder failed: the next keyframe, of all rungs and at once, begins a new one.
    pub(super) fn replace(&mut self, rung: RungIndex, life: u32, why: Reason) -> Result<(), Fault> {
        let Some(place) = self.places.get_mut(usize::from(rung.0)) else {
            return Ok(());
        };
        if place.life != life || place.encoder.is_none() {
            return Ok(());
        }
        place.encoder = None;
        place.discontinuity = Some(Discontinuity::Encoder);
        if !place.step_back(self.start, &why)? {
            self.n_failures = self.n_failures.saturating_add(1);
            if self.n_failures > FAILURES_MAX {
                return Err(Fault::Over(why));
            }
            tracing::warn!(%why, "an encoder failed");
        }
        self.keyframes.ask(MediaTime(0));
        self.start.trouble(Trouble::EncoderReplaced);
        Ok(())
    }

    /// The slot leaves its card: pictures lie elsewhere from now on, and all rungs begin anew with the first of them.
    pub(super) fn leave_card(&mut self) {
        for place in &mut self.places {
            place.card = Card::Left;
            if place.encoder.take().is_some() {
                place.discontinuity = Some(Discontinuity::Encoder);
            }
        }
        self.keyframes.ask(MediaTime(0));
    }

    pub(super) fn want(&mut self, wanted: RungSet) {
        self.wanted = wanted;
        for (index, place) in (0..).zip(&mut self.places) {
            if !wanted.has(RungIndex(index)) && place.encoder.take().is_some() {
                place.discontinuity = Some(Discontinuity::Lost);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use sfu_model::packet::Dimensions;
    use sfu_model::time::Instant;
    use sfu_net::clock::Clock;

    use super::*;
    use crate::capabilities::{Capabilities, Role};
    use crate::job::{Cadence, Keyframes, SlotId};
    use crate::message::from_worker::FromWorker;
    use crate::message::wire::{LENGTH_BYTES, message_length};
    use crate::plan::Plan;
    use crate::some_machine::{element, with_card};
    use crate::worker::card_check::CardCheck;
    use crate::worker::inbox::Inbox;
    use crate::worker::outlet::Outlet;

    const SIZE: Dimensions = Dimensions {
        width: 320,
        height: 240,
    };

    /// A machine whose card encoded in its trial and has no encoder now, and scales or does not.
    fn found(scale: crate::place::Place) -> Capabilities {
        use crate::place::Place;

        let scalers = vec![
            element(Role::Scale, Place::Nvidia, "videoscale"),
            element(Role::Scale, Place::Processor, "videoscale"),
        ];
        with_card(scale, "nosuchenc", scalers)
    }

    fn next(theirs: &mut UnixStream) -> FromWorker {
        let mut length = [0; LENGTH_BYTES];
        theirs.read_exact(&mut length).unwrap();
        let mut body = vec![0; message_length(length).unwrap()];
        theirs.read_exact(&mut body).unwrap();
        FromWorker::decode(&body).unwrap()
    }

    fn start(found: &Capabilities) -> (Start, UnixStream, Arc<()>) {
        gst::init().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (inbox, inputs) = Inbox::new();
        let open = Arc::new(());
        let start = Start {
            slot: SlotId(3),
            inbox,
            inputs,
            outlet: Outlet::start(ours).unwrap(),
            clock: Clock::start(),
            plan: Arc::new(Plan::of(found)),
            card_check: CardCheck::default(),
            open: Arc::downgrade(&open),
        };
        (start, theirs, open)
    }

    fn job() -> PicturesJob {
        PicturesJob {
            source: SIZE,
            cadence: Cadence::Constant(FrameRate::clamp(30)),
            keyframes: Keyframes::Every(180_000),
            rungs: vec![Rung {
                size: SIZE,
                bit_rate_bps: 500_000,
            }],
        }
    }

    fn sample() -> gst::Sample {
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", 320)
            .field("height", 240)
            .build();
        let buffer = gst::Buffer::from_mut_slice(vec![128_u8; 320 * 240 * 3 / 2]);
        gst::Sample::builder().buffer(&buffer).caps(&caps).build()
    }

    fn picture(start: &Start) -> Picture {
        Picture {
            at: gst::ClockTime::ZERO,
            time: MediaTime(0),
            captured_at: Instant::START,
            came_at: start.clock.now(),
            is_keyframe: false,
            follows_hole: false,
        }
    }

    fn is_keyframe(told: &FromWorker) -> bool {
        matches!(told, FromWorker::Frame(SlotId(3), RungIndex(0), frame) if frame.is_keyframe)
    }

    #[test]
    fn what_a_card_does_not_encode_any_more_the_processor_does_and_it_is_told() {
        let (start, mut theirs, _open) = start(&found(crate::place::Place::Processor));
        let mut ladder = Ladder::new(&start, &job());
        ladder.encode(&sample(), picture(&start)).unwrap();
        let left = FromWorker::Trouble(SlotId(3), Trouble::EncoderLeftCard);
        assert_eq!(next(&mut theirs), left);
        assert!(is_keyframe(&next(&mut theirs)));
    }

    #[test]
    fn what_fails_without_the_cards_encoder_too_is_the_cards_and_is_encoded_when_that_is_left() {
        let (start, mut theirs, _open) = start(&found(crate::place::Place::Nvidia));
        let mut ladder = Ladder::new(&start, &job());
        let fault = ladder.encode(&sample(), picture(&start)).unwrap_err();
        assert!(matches!(fault, Fault::Card(_)), "{fault:?}");
        let left = FromWorker::Trouble(SlotId(3), Trouble::EncoderLeftCard);
        assert_eq!(next(&mut theirs), left);
        ladder.leave_card();
        ladder.encode(&sample(), picture(&start)).unwrap();
        assert!(is_keyframe(&next(&mut theirs)));
    }

    #[test]
    fn encoders_that_fail_one_after_the_other_end_the_slot_though_none_was_a_cards() {
        let (start, _theirs, _open) = start(&found(crate::place::Place::Processor));
        let mut ladder = Ladder::new(&start, &job());
        let mut time = 0;
        let mut fail = |ladder: &mut Ladder<'_>| {
            time += 3_000;
            let later = Picture {
                time: MediaTime(time),
                ..picture(&start)
            };
            ladder.encode(&sample(), later).unwrap();
            let life = ladder.places[0].life;
            ladder.replace(RungIndex(0), life, "it broke".into())
        };
        for _ in 0..FAILURES_MAX {
            fail(&mut ladder).unwrap();
        }
        assert!(matches!(fail(&mut ladder), Err(Fault::Over(_))));
    }
}
