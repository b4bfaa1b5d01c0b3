//! What a Dependency Descriptor says of a frame (AV1 RTP payload format, appendix A): which receivers need it, and which
//! frames it needs.

use std::sync::Arc;

use crate::layer::Layer;

/// Most decode targets of a structure: their count has five bits.
pub const DECODE_TARGETS_MAX: usize = 32;

/// Most frames that a frame refers to. AV1 has seven references, and one of them may be repeated; a descriptor that names
/// more is malformed.
pub const REFERENCES_MAX: usize = 8;

/// The bytes of a header extension as they came, at most 255 (RFC 8285 section 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorBytes(pub Vec<u8>);

/// One packet's descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// As it came.
    pub bytes: Arc<DescriptorBytes>,
    /// First packet of a frame.
    pub begins_frame: bool,
    /// Last packet of a frame.
    pub ends_frame: bool,
    /// Counts the frames of an encoding, of all its layers, in decode order.
    pub frame_number: u16,
    /// How many bits of it are the template dependency structure; `None`: it brings none.
    pub structure_bits: Option<u16>,
    /// It brings its own mask of active decode targets.
    pub has_mask: bool,
    /// `None` when its structure was lost on the way, or has not come yet.
    pub frame: Option<FrameDependencies>,
}

/// What a frame is for and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameDependencies {
    /// The structure that its template is part of.
    pub structure: Arc<DependencyStructure>,
    /// Its layer.
    pub layer: Layer,
    /// What it is to each decode target.
    pub indications: Indications,
    /// The frames that it refers to.
    pub references: References,
    /// Bit n: the publisher sends decode target n.
    pub active_targets: u32,
}

/// The templates of a coded video sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyStructure {
    /// The id of the first template.
    pub template_id_offset: u8,
    /// The layer of each decode target: the highest that it needs.
    pub targets: Vec<Layer>,
    /// For each decode target those, as a mask, whose frames it all has.
    pub included: Vec<u32>,
    /// What frames can be.
    pub templates: Vec<Template>,
    /// Number of chains. Who follows them is told of losses at once; who forwards to receivers that report theirs need not.
    pub n_chains: u8,
}

/// What a frame can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its layer.
    pub layer: Layer,
    /// What it is to each decode target.
    pub indications: Indications,
    /// The frames that it refers to.
    pub references: References,
}

/// What a frame is to one decode target (table A.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// Nothing.
    NotPresent,
    /// Part of it, and no frame refers to it.
    Discardable,
    /// Part of it; whoever can decode this frame can decode all that follow.
    Switch,
    /// Part of it.
    Required,
}

/// One [`Indication`] for each decode target, two bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indications(pub u64);

impl Indications {
    /// What the frame is to this target.
    pub const fn of(self, target: u8) -> Indication {
        match (self.0 >> ((target as u32 & 31) * 2)) & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }

    /// The frame is part of this target.
    pub fn has(self, target: u8) -> bool {
        self.of(target) != Indication::NotPresent
    }
}

/// The frames that a frame refers to, by how many frames before it they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct References {
    differences: [u16; REFERENCES_MAX],
    n: u8,
}

impl References {
    /// Adds one; false when there are too many.
    pub fn push(&mut self, difference: u16) -> bool {
        match self.differences.get_mut(usize::from(self.n)) {
            Some(place) => {
                *place = difference;
                self.n += 1;
                true
            }
            None => false,
        }
    }

    /// How many frames before this one each of them is.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.differences.iter().take(usize::from(self.n)).copied()
    }
}

impl DependencyStructure {
    /// The highest active decode target within a layer, or else the lowest that is active.
    pub fn target_within(&self, ceiling: Layer, active: u32) -> Option<u8> {
        let targets = || {
            let indexed = (0_u8..).zip(&self.targets);
            indexed.filter(|(index, _)| active & bit(*index) != 0)
        };
        let within = targets().filter(|(_, layer)| layer.is_within(ceiling));
        let best = within.max_by_key(|(_, layer)| **layer);
        best.or_else(|| targets().min_by_key(|(_, layer)| **layer))
            .map(|(index, _)| index)
    }

    /// Whoever got every frame of `of` has every frame of `target`.
    pub fn includes(&self, of: u8, target: u8) -> bool {
        let included = self.included.get(usize::from(of));
        included.is_some_and(|mask| mask & bit(target) != 0)
    }

    /// The decode targets that whoever gets `target` can decode, as a mask.
    pub fn decodable_with(&self, target: u8) -> u32 {
        let included = self.included.get(usize::from(target)).copied();
        included.unwrap_or(0) | bit(target)
    }

    /// The layer of a decode target.
    pub fn layer_of(&self, target: u8) -> Option<Layer> {
        self.targets.get(usize::from(target)).copied()
    }
}

/// The bit of a decode target in a mask.
pub const fn bit(target: u8) -> u32 {
    1 << (target & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_the_highest_that_is_within_and_active() {
        let layer = |spatial, temporal| Layer { spatial, temporal };
        let structure = DependencyStructure {
            template_id_offset: 0,
            targets: vec![layer(1, 1), layer(1, 0), layer(0, 1), layer(0, 0)],
            included: vec![0b1111, 0b1010, 0b1100, 0b1000],
            templates: Vec::new(),
            n_chains: 0,
        };
        assert_eq!(structure.target_within(Layer::TOP, 0b1111), Some(0));
        assert_eq!(structure.target_within(layer(1, 0), 0b1111), Some(1));
        assert_eq!(structure.target_within(Layer::TOP, 0b1100), Some(2));
        assert_eq!(structure.target_within(layer(0, 1), 0b0011), Some(1));
        assert_eq!(structure.target_within(Layer::TOP, 0), None);
        assert!(structure.includes(0, 3) && !structure.includes(2, 1));
        assert_eq!(structure.decodable_with(2), 0b1100);
        assert_eq!(structure.decodable_with(31), 1 << 31);
    }

    #[test]
    fn references_are_bounded() {
        let mut references = References::default();
        assert!((1..=8).all(|n| references.push(n)));
        assert!(!references.push(9));
        assert_eq!(references.iter().count(), REFERENCES_MAX);
    }
}
