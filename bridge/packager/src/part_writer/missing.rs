//! Time that nothing came for, and pictures that nothing came before.

use std::sync::Arc;

use super::PartWriter;
use crate::closed_part::ClosedPart;
use crate::fmp4::Sample;
use crate::stand_in::StandIn;

impl PartWriter {
    /// Decoders begin anew with the open part: pictures in it that refer to earlier ones are the last keyframe once more, and
    /// those that follow them have lost what they refer to. How many there were.
    pub(crate) fn begin_anew(&mut self) -> u64 {
        let StandIn::Picture(keyframe) = &self.stand_in else {
            return 0;
        };
        let samples = self.samples.iter_mut();
        let all = samples.map(|sample| (&mut sample.is_keyframe, &mut sample.data));
        let pending = self.pending.as_mut();
        let pending = pending.map(|pending| (&mut pending.is_keyframe, &mut pending.data));
        let mut n_replaced = 0;
        for (is_keyframe, data) in all.chain(pending) {
            if *is_keyframe {
                return n_replaced;
            }
            (*is_keyframe, *data) = (true, Arc::clone(keyframe));
            n_replaced += 1;
        }
        self.missing += n_replaced;
        n_replaced
    }

    /// A part without media.
    pub(crate) fn gap(&mut self, ticks: u64) {
        self.tell_missing(ticks, Vec::new());
    }

    /// A part that nothing came in.
    pub(super) fn stand_in_for(&mut self, ticks: u64) {
        let samples = match self.is_left_out {
            true => Vec::new(),
            false => self.stand_in.samples(ticks),
        };
        self.tell_missing(ticks, samples);
    }

    fn tell_missing(&mut self, ticks: u64, samples: Vec<Sample>) {
        let starts_at = self.starts_at;
        self.starts_at += ticks;
        self.missing += ticks;
        self.closed.push(ClosedPart {
            starts_at,
            ends_at: self.starts_at,
            samples,
            captured_at: None,
            is_stand_in: true,
        });
    }
}
