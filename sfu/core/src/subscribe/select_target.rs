//! Mechanism, where a Dependency Descriptor places frames (AV1 RTP payload format, appendix A.4.4): one decode target
//! passes, and another only from where a decoder has what it needs.

use std::sync::Arc;

use sfu_model::dependency::{DependencyStructure, Descriptor, FrameDependencies, Indication};
use sfu_model::layer::Layer;
use sfu_model::packet::Packet;
use sfu_model::time::MediaTime;

use crate::subscribe::changes::Changes;
use crate::subscribe::passing::Passing;

/// Lets one decode target through at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetSelector {
    structure: Option<Arc<DependencyStructure>>,
    /// What the publisher sends, as a mask.
    active: u32,
    /// What passes. `None`: everything.
    target: Option<u8>,
    /// The time of the latest picture.
    picture: Option<MediaTime>,
    changes: Changes<Option<u8>>,
    frames: Frames,
    /// Something was left out since the structure came: the receiver is told what is left.
    has_left_out: bool,
}

impl TargetSelector {
    /// What passes of this packet's frame; `None`: nothing.
    pub(crate) fn select(
        &mut self,
        packet: &Packet,
        (descriptor, frame): (&Descriptor, &FrameDependencies),
        ceiling: Layer,
    ) -> Option<Passing> {
        let time = packet.time;
        let is_new_picture = self.picture.is_none_or(|latest| time > latest);
        let is_late = self.picture.is_some_and(|latest| time < latest);
        if !is_late {
            self.active = frame.active_targets;
        }
        let known = self.structure.as_ref();
        if !known.is_some_and(|known| Arc::ptr_eq(known, &frame.structure)) {
            self.begin(time, frame, ceiling);
        }
        if is_new_picture {
            self.picture = Some(time);
        }
        let number = descriptor.frame_number;
        let decision = self.frames.decision(number);
        if decision.is_none() && self.frames.is_newest(number) && !is_late {
            self.follow((number, time), frame, ceiling, is_new_picture);
        }
        let target = self.changes.passed_at(time, self.target)?;
        let passes = decision.unwrap_or_else(|| {
            let passes = target.is_none_or(|t| frame.indications.has(t));
            self.frames.decide(number, passes);
            passes
        });
        passes.then(|| self.passing(descriptor, frame, target))
    }

    /// A new structure comes with a keyframe, from which every target can be followed. One that comes after the rest of its
    /// picture had to be taken without it: what passes goes on.
    fn begin(&mut self, time: MediaTime, frame: &FrameDependencies, ceiling: Layer) {
        let before = self.structure.replace(Arc::clone(&frame.structure));
        self.has_left_out = false;
        let is_new_picture = self.picture.is_none_or(|latest| time > latest);
        let is_keyframe = frame.references.iter().next().is_none();
        let has_same_targets = before.is_some_and(|b| b.targets == frame.structure.targets);
        if has_same_targets && !(is_keyframe && is_new_picture) {
            return;
        }
        let target = frame.structure.target_within(ceiling, self.active);
        self.change(time, target);
    }

    fn change(&mut self, from: MediaTime, target: Option<u8>) {
        if target != self.target {
            self.changes.note(from, self.target);
            self.target = target;
        }
    }

    /// Moves to the wanted target if a decoder can follow: at once where it has all of it anyway, otherwise at a frame that
    /// says so, and whose references passed. Not at one that comes after those above it in its picture: of these it is
    /// decided already which pass, and the last of them is marked.
    fn follow(
        &mut self,
        (number, time): (u16, MediaTime),
        frame: &FrameDependencies,
        ceiling: Layer,
        is_new_picture: bool,
    ) {
        let wanted = frame.structure.target_within(ceiling, self.active);
        let (Some(present), Some(wanted)) = (self.target, wanted) else {
            return;
        };
        if present == wanted {
            return;
        }
        let has_all = frame.structure.includes(present, wanted);
        let is_switch = frame.indications.of(wanted) == Indication::Switch;
        let mut references = frame.references.iter();
        if (has_all && is_new_picture)
            || (is_switch && references.all(|back| self.frames.has_passed(number, back)))
        {
            self.change(time, Some(wanted));
        }
    }

    fn passing(
        &mut self,
        descriptor: &Descriptor,
        frame: &FrameDependencies,
        target: Option<u8>,
    ) -> Passing {
        let Some(target) = target else {
            return Passing::default();
        };
        let decodable = frame.active_targets & frame.structure.decodable_with(target);
        self.has_left_out |= decodable != frame.active_targets;
        // In the first packet of every picture that all receivers get: whichever is lost, the next one says it again.
        let is_told = self.has_left_out && descriptor.begins_frame && frame.layer.temporal == 0;
        let top = frame.structure.layer_of(target);
        Passing {
            ends_picture: descriptor.ends_frame
                && top.is_some_and(|top| frame.layer.spatial >= top.spatial),
            active_targets: is_told.then_some(decodable),
            ends_hold: false,
        }
    }

    /// The layer that passes, once a structure came.
    pub(crate) fn current(&self) -> Option<Layer> {
        self.structure.as_ref()?.layer_of(self.target?)
    }

    /// The layer that passes only from a keyframe on, if one is wanted: another resolution. Another frame rate is followed
    /// from a frame that comes by itself.
    pub(crate) fn awaited(&self, ceiling: Layer) -> Option<Layer> {
        let structure = self.structure.as_ref()?;
        let wanted = structure.target_within(ceiling, self.active)?;
        let present = self.target?;
        let wanted_layer = structure.layer_of(wanted)?;
        let differs = structure.layer_of(present)?.spatial != wanted_layer.spatial;
        (differs && !structure.includes(present, wanted)).then_some(wanted_layer)
    }
}

/// How many frames back it is known whether they passed: a second and a half of three spatial layers at 30 pictures a
/// second. A reference beyond counts as one that did not.
const FRAMES_BACK: u16 = 128;

/// Which of the latest frames passed, so that all packets of a frame go the same way.
#[derive(Clone, Copy, Debug, Default)]
struct Frames {
    newest: Option<u16>,
    /// Bit n: frame `newest - n` was seen.
    decided: u128,
    /// And it passed.
    passed: u128,
}

impl Frames {
    fn decision(&self, number: u16) -> Option<bool> {
        let back = self.newest?.wrapping_sub(number);
        let is_decided = back < FRAMES_BACK && (self.decided >> back) & 1 == 1;
        is_decided.then(|| (self.passed >> back) & 1 == 1)
    }

    /// Nothing is decided of what follows this frame.
    fn is_newest(&self, number: u16) -> bool {
        let is_ahead = |newest: u16| number.wrapping_sub(newest).cast_signed() > 0;
        self.newest.is_none_or(is_ahead)
    }

    fn has_passed(&self, number: u16, back: u16) -> bool {
        self.decision(number.wrapping_sub(back)).unwrap_or(false)
    }

    fn decide(&mut self, number: u16, passes: bool) {
        let newest = *self.newest.get_or_insert(number);
        let ahead = number.wrapping_sub(newest);
        if ahead.cast_signed() > 0 {
            let shifted = |bits: u128| bits.checked_shl(u32::from(ahead)).unwrap_or(0);
            self.decided = shifted(self.decided);
            self.passed = shifted(self.passed);
            self.newest = Some(number);
        }
        let back = self.newest.unwrap_or(number).wrapping_sub(number);
        if back < FRAMES_BACK {
            self.decided |= 1 << back;
            self.passed |= u128::from(passes) << back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_remembered_across_the_wrap_and_forgotten_far_back() {
        let mut frames = Frames::default();
        frames.decide(65_535, true);
        frames.decide(1, false);
        assert_eq!(frames.decision(65_535), Some(true));
        assert_eq!(frames.decision(0), None);
        assert_eq!(frames.decision(1), Some(false));
        assert!(frames.has_passed(0, 1) && !frames.has_passed(2, 1));
        frames.decide(0, true);
        assert_eq!(frames.decision(0), Some(true));
        frames.decide(127, true);
        assert_eq!(frames.decision(0), Some(true));
        frames.decide(128, true);
        assert_eq!(frames.decision(0), None);
    }
}
