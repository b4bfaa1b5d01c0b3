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

    /// Starts a rung's encoder if it has none.
    fn begin(&mut self, index: RungIndex) -> Result<(), Reason> {
        let Some(place) = self.places.get_mut(usize::from(index.0)) else {
            return Ok(());
        };
        if place.encoder.is_some() {
            return Ok(());
        }
        place.life = place.life.wrapping_add(1);
        let (life, inbox) = (place.life, self.start.inbox.clone());
        let begin = Begin {
            slot: self.start.slot,
            index,
            rung: place.rung,
            rate: self.rate,
            outlet: self.start.outlet.clone(),
            clock: self.start.clock,
            discontinuity: place.discontinuity.take(),
        };
        let encoder = RungEncoder::start(begin, move |why| {
            inbox.put(Input::EncoderFailed(index, life, why));
        })?;
        place.encoder = Some(encoder);
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
        place.encoder = None;
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
