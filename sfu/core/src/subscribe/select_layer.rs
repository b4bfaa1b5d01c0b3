//! Mechanism, inside an encoding: which of its layers pass. Less passes from the next picture on; more only from where a
//! decoder can follow.

use sfu_model::layer::{Layer, Placement};
use sfu_model::packet::Packet;
use sfu_model::time::MediaTime;

use crate::subscribe::changes::Changes;
use crate::subscribe::passing::Passing;
use crate::subscribe::select_target::TargetSelector;

/// Lets the layers of one encoding through up to a ceiling.
#[derive(Clone, Debug)]
pub(crate) struct LayerSelector {
    /// What the budget wants.
    ceiling: Layer,
    /// What passes, by the layer indices of VP8 and VP9.
    current: Layer,
    /// The time of the latest picture.
    picture: Option<MediaTime>,
    /// The latest picture of which something was left out: no higher resolution of it is sure to be whole.
    cut: Option<MediaTime>,
    changes: Changes<Layer>,
    has_placements: bool,
    /// The same, where a Dependency Descriptor places frames.
    by_target: TargetSelector,
}

impl LayerSelector {
    /// Everything passes up to this layer, of an encoding that begins with a keyframe.
    pub(crate) fn new(ceiling: Layer) -> Self {
        Self {
            ceiling,
            current: ceiling,
            picture: None,
            cut: None,
            changes: Changes::default(),
            has_placements: false,
            by_target: TargetSelector::default(),
        }
    }

    /// Sets what should pass.
    pub(crate) fn set_ceiling(&mut self, ceiling: Layer) {
        self.ceiling = ceiling;
    }

    pub(crate) fn ceiling(&self) -> Layer {
        self.ceiling
    }

    /// What passes.
    pub(crate) fn current(&self) -> Layer {
        self.by_target.current().unwrap_or(self.current)
    }

    /// The layer whose keyframe is awaited: temporal layers are joined without one.
    pub(crate) fn awaited(&self) -> Option<Layer> {
        if self.by_target.current().is_some() {
            return self.by_target.awaited(self.ceiling);
        }
        let is_awaited = self.has_placements && self.ceiling.spatial > self.current.spatial;
        is_awaited.then_some(self.ceiling)
    }

    /// How this packet passes; `None`: it does not.
    pub(crate) fn select(&mut self, packet: &Packet) -> Option<Passing> {
        let descriptor = packet.descriptor.as_deref();
        if let Some(descriptor) = descriptor
            && let Some(frame) = &descriptor.frame
        {
            return self
                .by_target
                .select(packet, (descriptor, frame), self.ceiling);
        }
        match packet.facts.placement {
            // It says nothing of layers, or its structure is not known: a decoder that cannot use it leaves it.
            None => Some(Passing::default()),
            Some(placement) => self.select_placed(packet, placement),
        }
    }

    fn select_placed(&mut self, packet: &Packet, placement: Placement) -> Option<Passing> {
        self.has_placements = true;
        let is_late = self.picture.is_some_and(|latest| packet.time < latest);
        if !is_late {
            let begins_picture = self.picture != Some(packet.time);
            if begins_picture {
                self.picture = Some(packet.time);
                self.change(packet.time, self.current.capped(self.ceiling));
            }
            let raised = self.raised_at(packet, placement, begins_picture);
            self.change(packet.time, raised);
        }
        let current = self.changes.passed_at(packet.time, self.current)?;
        let passes = placement.layer.is_within(current);
        if !is_late && !passes {
            self.cut = Some(packet.time);
        }
        passes.then_some(Passing {
            ends_picture: placement.ends_frame && placement.layer.spatial == current.spatial,
            ..Passing::default()
        })
    }

    fn change(&mut self, from: MediaTime, layer: Layer) {
        if layer != self.current {
            self.changes.note(from, self.current);
            self.current = layer;
        }
    }

    /// What may pass from this packet on.
    fn raised_at(&self, packet: &Packet, placement: Placement, begins_picture: bool) -> Layer {
        let Layer { spatial, temporal } = placement.layer;
        let mut current = self.current;
        let is_uncut = self.cut != Some(packet.time);
        if packet.facts.starts_keyframe && is_uncut {
            return self.ceiling;
        }
        if !placement.begins_frame {
            return current;
        }
        // A step at a time: the mark says that the picture needs no other of its own layer, but it may need those between.
        // And with the picture's first frame: those of higher resolutions need it.
        if begins_picture
            && placement.is_switching_point
            && temporal == current.temporal + 1
            && temporal <= self.ceiling.temporal
            && spatial <= current.spatial
        {
            current.temporal = temporal;
        }
        // It needs the frame below it, which has just passed, and no other.
        if is_uncut
            && !placement.is_inter_predicted
            && temporal == 0
            && spatial == current.spatial + 1
            && spatial <= self.ceiling.spatial
        {
            current.spatial = spatial;
        }
        current
    }
}

#[cfg(test)]
pub(crate) mod tests;
