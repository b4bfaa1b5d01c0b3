//! The part that is being written: where it ends, and what becomes of the time that no frame fills.
//!
//! A frame waits until the next one begins and its duration is known. A part is closed before the sample that would cross
//! the part target, never after. Where frames are too far apart for that, the sample is ended at the part target and the
//! next one begins there; where nothing came for longer, something stands in for it.

use std::time::Duration;

use sfu_model::frame::Format;
use sfu_model::time::Instant;

use crate::closed_part::{ClosedPart, Pending};
use crate::fmp4::Sample;
use crate::stand_in::StandIn;
use crate::ticks::ticks;

mod missing;

/// A part holds no more samples: twice what the shortest packets of sound (2.5 ms) make in the longest part. Frames beyond
/// it, whose times do not rise, are dropped.
const PART_SAMPLES_MAX: usize = 800;
/// Shortest part that needs no excuse, in hundredths of the part target (draft-pantos-hls-rfc8216bis section 4.4.4.9).
const PART_LEAST_PERCENT: u64 = 85;

#[derive(Debug)]
pub(crate) struct PartWriter {
    /// Longest and shortest part, in ticks.
    longest: u64,
    shortest: u64,
    /// A hole up to this long, beyond the part that it begins in, is closed by showing the frame after it earlier, in ticks:
    /// what stands in for longer ones costs a keyframe.
    bridgeable: u64,
    /// Where the open part begins, and how much of it is filled, in ticks.
    starts_at: u64,
    filled: u64,
    samples: Vec<Sample>,
    captured_at: Option<Instant>,
    /// Begins where the samples end.
    pending: Option<Pending>,
    /// Duration of the last sample whose end a frame gave: what the next will probably have, in ticks.
    typical: u64,
    stand_in: StandIn,
    /// Nothing stands in for what is missing in the segment: it is parts without media.
    is_left_out: bool,
    /// How much was told of since the last frame that came, in ticks.
    missing: u64,
    closed: Vec<ClosedPart>,
}

impl PartWriter {
    pub(crate) fn new(part_target: Duration, format: &Format, starts_at: u64) -> Self {
        let longest = ticks(format.clock_rate(), part_target).max(1);
        Self {
            longest,
            shortest: (longest * PART_LEAST_PERCENT).div_ceil(100),
            bridgeable: longest,
            starts_at,
            filled: 0,
            samples: Vec::new(),
            captured_at: None,
            pending: None,
            typical: 0,
            stand_in: StandIn::of(format),
            is_left_out: false,
            missing: 0,
            closed: Vec::new(),
        }
    }

    /// Where the open part begins.
    pub(crate) fn starts_at(&self) -> u64 {
        self.starts_at
    }

    /// Where the open part has to end.
    pub(crate) fn ends_by(&self) -> u64 {
        self.starts_at.saturating_add(self.longest)
    }

    /// The first time that a frame can still be at.
    pub(crate) fn floor(&self) -> u64 {
        self.position() + u64::from(self.pending.is_some())
    }

    /// Half the distance of frames.
    pub(crate) fn half_a_frame(&self) -> u64 {
        self.typical / 2
    }

    /// Nothing is in the open part.
    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.pending.is_none()
    }

    /// Has the open part room for one more sample?
    pub(crate) fn can_hold(&self) -> bool {
        self.samples.len() < PART_SAMPLES_MAX
    }

    /// How much was told of since the last frame that came, in ticks.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// What comes is of another format, in which the last keyframe means nothing.
    pub(crate) fn change_format(&mut self, format: &Format) {
        self.stand_in = StandIn::of(format);
    }

    /// Whether nothing stands in for what is missing in the segment.
    pub(crate) fn leave_out(&mut self, is_left_out: bool) {
        self.is_left_out = is_left_out;
    }

    /// A decoder can begin at a frame of this time: pictures before it that came too late for the part that they belong to, and are
    /// all that there is of this one, are good for nothing any more. How many there were.
    pub(crate) fn give_up_late(&mut self, time: u64) -> u64 {
        if time > self.starts_at.saturating_add(self.half_a_frame()) {
            return 0;
        }
        let n_late = self.samples.len() + usize::from(self.pending.is_some());
        self.abandon();
        n_late as u64
    }

    /// A frame that begins where [`Self::advance`] ended.
    pub(crate) fn put(&mut self, pending: Pending) {
        if pending.is_keyframe {
            self.stand_in.see_keyframe(&pending.data);
        }
        self.missing = 0;
        self.pending = Some(pending);
    }

    /// A frame begins at this time, or nothing came until then: what is before it is complete.
    pub(crate) fn advance(&mut self, to: u64) {
        if let Some(pending) = self.pending.take() {
            self.place(pending, to);
        }
        self.fill(to);
        let is_long = self.filled >= self.shortest;
        if is_long && self.filled.saturating_add(self.typical) > self.longest {
            self.close();
        }
    }

    /// Closes what is before a time, when the open part reaches beyond it: the rest is a part of its own.
    /// `true`: a part begins at the first sample from there on.
    pub(crate) fn split(&mut self, at: u64) -> bool {
        let mut start = self.starts_at;
        let mut n_before = 0;
        for sample in &self.samples {
            if start >= at {
                break;
            }
            start += u64::from(sample.duration);
            n_before += 1;
        }
        let is_pending_after = self.pending.is_some() && start >= at;
        if n_before == self.samples.len() && !is_pending_after {
            return false;
        }
        let rest = self.samples.split_off(n_before);
        let filled_rest = self.starts_at + self.filled - start;
        self.filled = start - self.starts_at;
        self.close();
        self.samples = rest;
        self.filled = filled_rest;
        true
    }

    /// Ends the open part at its last sample.
    pub(crate) fn close(&mut self) {
        if self.samples.is_empty() {
            return;
        }
        let starts_at = self.starts_at;
        self.starts_at = self.position();
        self.filled = 0;
        let captured_at = self.captured_at.take();
        self.closed.push(ClosedPart {
            starts_at,
            ends_at: self.starts_at,
            samples: std::mem::take(&mut self.samples),
            captured_at,
            is_stand_in: false,
        });
    }

    /// The part ends exactly here, and so does what is told of: a segment or somebody's patience ends.
    pub(crate) fn end_at(&mut self, at: u64) {
        self.advance(at);
        self.close();
        if self.position() < at {
            self.stand_in_for(at - self.position());
        }
    }

    /// Gives up what is not told of.
    pub(crate) fn abandon(&mut self) {
        self.samples.clear();
        self.pending = None;
        self.captured_at = None;
        self.filled = 0;
    }

    /// Ends the last sample as the one before it did, as no frame will, and before `limit`.
    pub(crate) fn finish(&mut self, limit: u64) {
        if let Some(pending) = self.pending.take() {
            let to = self.position().saturating_add(self.typical).min(limit);
            self.place(pending, to);
        }
        self.close();
    }

    /// Goes on at another time, without telling of what is between.
    pub(crate) fn jump(&mut self, to: u64) {
        self.abandon();
        self.starts_at = self.starts_at.max(to);
    }

    /// The parts that were closed, oldest first.
    pub(crate) fn take_closed(&mut self) -> Vec<ClosedPart> {
        std::mem::take(&mut self.closed)
    }

    fn position(&self) -> u64 {
        self.starts_at + self.filled
    }

    fn room(&self) -> u64 {
        self.longest - self.filled
    }

    /// Gives the pending frame its duration, in the open part or, when it does not fit there, in the next.
    fn place(&mut self, pending: Pending, to: u64) {
        let until_next = to.saturating_sub(self.position()).max(1);
        let wanted = self.stand_in.bound(until_next, self.typical);
        let is_long = self.filled >= self.shortest;
        if self.room() == 0 || (wanted > self.room() && is_long) {
            self.close();
        }
        // One that came too late is shown for a moment, which says nothing of the others.
        if until_next > 1 && wanted <= self.longest {
            self.typical = wanted;
        }
        if self.samples.is_empty() {
            self.captured_at = Some(pending.captured_at);
        }
        let duration = wanted.min(self.room());
        self.filled += duration;
        self.samples.push(Sample {
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            is_keyframe: pending.is_keyframe,
            data: pending.data,
        });
    }

    /// What the samples do not reach: the last one lasts longer, or silence follows it, as far as its part goes; the rest is
    /// stood in for, or so short that the next frame begins early.
    fn fill(&mut self, to: u64) {
        let hole = to.saturating_sub(self.position()).min(self.room());
        if let Some(last) = self.samples.last_mut() {
            self.filled += hole;
            if self.stand_in.fits(hole) {
                self.samples.extend(self.stand_in.samples(hole));
            } else {
                let more = u32::try_from(hole).unwrap_or(u32::MAX);
                last.duration = last.duration.saturating_add(more);
            }
        }
        if self.position() < to {
            self.close();
        }
        while to.saturating_sub(self.position()) > self.bridgeable {
            self.stand_in_for((to - self.position()).min(self.longest));
        }
    }
}

#[cfg(test)]
mod tests;
