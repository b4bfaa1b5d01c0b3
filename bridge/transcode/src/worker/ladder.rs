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

/// Encoders that may fail in a slot's life. One that fails more often will fail again: the slot is given up.
const FAILURES_MAX: u32 = 8;

/// One rung's encoder, while it is wanted.
struct Place {
    rung: Rung,
    encoder: Option<RungEncoder>,
    /// Which encoder of its it is.
    life: u32,
    /// Why the next encoder does not follow the one before it.
    discontinuity: Option<Discontinuity>,
    /// Whether a card may encode it.
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
    ) -> Result<(), Reason> {
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
    fn begin(&mut self, index: RungIndex) -> Result<(), Reason> {
        let Some(place) = self.places.get_mut(usize::from(index.0)) else {
            return Ok(());
        };
        if place.encoder.is_some() {
            return Ok(());
        }
        place.life = place.life.wrapping_add(1);
        let (start, rate) = (self.start, self.rate);
        let encoder = match place.begin(start, index, rate) {
            Err(why) if place.card == Card::Used && start.plan.route().encode.is_card() => {
                tracing::warn!(%why, "a card begins no encoder: the processor encodes");
                place.card = Card::Left;
                start.trouble(Trouble::LeftCard);
                place.begin(start, index, rate)
            }
            begun => begun,
        };
        place.encoder = Some(encoder?);
        place.discontinuity = None;
        Ok(())
    }

    /// An encoder failed: the next keyframe, of all rungs and at once, begins a new one.
    pub(super) fn replace(
        &mut self,
        rung: RungIndex,
        life: u32,
        why: Reason,
    ) -> Result<(), Reason> {
        let Some(place) = self.places.get_mut(usize::from(rung.0)) else {
            return Ok(());
        };
        if place.life != life || place.encoder.is_none() {
            return Ok(());
        }
        self.n_failures = self.n_failures.saturating_add(1);
        if self.n_failures > FAILURES_MAX {
            return Err(why);
        }
        tracing::warn!(%why, "an encoder failed");
        if place
            .encoder
            .take()
            .is_some_and(|encoder| encoder.is_on_card())
        {
            tracing::warn!("it was a card's: the processor encodes");
            place.card = Card::Left;
            self.start.trouble(Trouble::LeftCard);
        }
        place.discontinuity = Some(Discontinuity::Encoder);
        self.keyframes.ask(MediaTime(0));
        self.start.trouble(Trouble::EncoderReplaced);
        Ok(())
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
    use crate::capabilities::{Capabilities, Element, Role, State, Tried};
    use crate::job::{Cadence, Keyframes, SlotId};
    use crate::message::from_worker::FromWorker;
    use crate::message::wire::{LENGTH_BYTES, message_length};
    use crate::plan::Plan;
    use crate::route::Route;
    use crate::worker::inbox::Inbox;
    use crate::worker::outlet::Outlet;

    /// A machine whose card encoded in its trial and has no encoder now.
    fn found() -> Capabilities {
        use crate::place::Place;

        let element = |role, place, name: &str| Element {
            role,
            place,
            name: name.into(),
            state: State::Usable,
        };
        Capabilities {
            version: "".into(),
            elements: vec![
                element(Role::Scale, Place::Processor, "videoscale"),
                element(Role::EncodeH264, Place::Nvidia, "nosuchenc"),
                element(Role::EncodeH264, Place::Processor, "x264enc"),
            ],
            tried: vec![Tried {
                route: Route {
                    scale: Place::Processor,
                    encode: Place::Nvidia,
                },
                encoder: "nosuchenc".into(),
                failure: None,
            }],
        }
    }

    fn next(theirs: &mut UnixStream) -> FromWorker {
        let mut length = [0; LENGTH_BYTES];
        theirs.read_exact(&mut length).unwrap();
        let mut body = vec![0; message_length(length).unwrap()];
        theirs.read_exact(&mut body).unwrap();
        FromWorker::decode(&body).unwrap()
    }

    #[test]
    fn what_a_card_does_not_encode_any_more_the_processor_does_and_it_is_told() {
        gst::init().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (inbox, inputs) = Inbox::new();
        let open = Arc::new(());
        let start = Start {
            slot: SlotId(3),
            inbox,
            inputs,
            outlet: Outlet::start(ours).unwrap(),
            clock: Clock::start(),
            plan: Arc::new(Plan::of(&found())),
            open: Arc::downgrade(&open),
        };
        let size = Dimensions {
            width: 320,
            height: 240,
        };
        let rate = FrameRate::clamp(30);
        let job = PicturesJob {
            source: size,
            cadence: Cadence::Constant(rate),
            keyframes: Keyframes::Every(180_000),
            rungs: vec![Rung {
                size,
                bit_rate_bps: 500_000,
            }],
        };
        let mut ladder = Ladder::new(&start, &job);
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", 320)
            .field("height", 240)
            .build();
        let buffer = gst::Buffer::from_mut_slice(vec![128_u8; 320 * 240 * 3 / 2]);
        let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).build();
        let picture = Picture {
            at: gst::ClockTime::ZERO,
            time: MediaTime(0),
            captured_at: Instant::START,
            came_at: start.clock.now(),
            is_keyframe: false,
            follows_hole: false,
        };
        ladder.encode(&sample, picture).unwrap();
        let left = FromWorker::Trouble(SlotId(3), Trouble::LeftCard);
        assert_eq!(next(&mut theirs), left);
        assert!(
            matches!(next(&mut theirs), FromWorker::Frame(SlotId(3), RungIndex(0), frame) if frame.is_keyframe)
        );
    }
}
