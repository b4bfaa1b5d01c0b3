//! Layers: (spatial, temporal), low to high.

/// Most spatial layers of a track: simulcast sends up to three encodings, SVC up to three (L3T3) in every browser. A packet
/// of a layer beyond is malformed.
pub const SPATIAL_LAYERS_MAX: u8 = 4;

/// Most temporal layers of an encoding: VP8's index has two bits, browsers send up to three layers. A packet of a layer
/// beyond is malformed.
pub const TEMPORAL_LAYERS_MAX: u8 = 4;

/// A resolution step and a frame-rate step inside it. Ordered low to high, spatial first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// Resolution step, 0 is the smallest. In simulcast: the rank of the encoding by size.
    pub spatial: u8,
    /// Frame-rate step inside an encoding, 0 is the base.
    pub temporal: u8,
}

impl Layer {
    /// The highest that there can be.
    pub const TOP: Self = Self {
        spatial: SPATIAL_LAYERS_MAX - 1,
        temporal: TEMPORAL_LAYERS_MAX - 1,
    };

    /// The layer with these indices; `None` when it is beyond what any encoding has.
    pub const fn new(spatial: u8, temporal: u8) -> Option<Self> {
        if spatial < SPATIAL_LAYERS_MAX && temporal < TEMPORAL_LAYERS_MAX {
            Some(Self { spatial, temporal })
        } else {
            None
        }
    }

    /// The base of the spatial layer with this rank.
    pub const fn spatial(spatial: u8) -> Self {
        Self {
            spatial,
            temporal: 0,
        }
    }

    /// Whoever gets everything up to `ceiling` gets this.
    pub const fn is_within(self, ceiling: Self) -> bool {
        self.spatial <= ceiling.spatial && self.temporal <= ceiling.temporal
    }

    /// What is within both.
    pub fn capped(self, ceiling: Self) -> Self {
        Self {
            spatial: self.spatial.min(ceiling.spatial),
            temporal: self.temporal.min(ceiling.temporal),
        }
    }
}

/// Where a packet stands among the layers of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its layer inside the encoding: spatial 0 is the smallest that this encoding has.
    pub layer: Layer,
    /// First packet of the frame of this layer. A picture has one frame for each of its spatial layers.
    pub begins_frame: bool,
    /// Last packet of it, where the codec says so.
    pub ends_frame: bool,
    /// Whoever has followed the temporal layer below can follow this one from here (VP8's Y, VP9's U).
    pub is_switching_point: bool,
    /// It depends on pictures before its own (VP9's P).
    pub is_inter_predicted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_order_low_to_high_with_space_before_time() {
        let low = Layer {
            spatial: 0,
            temporal: 2,
        };
        let high = Layer {
            spatial: 1,
            temporal: 0,
        };
        assert!(low < high);
        assert!(!low.is_within(high) && !high.is_within(low));
        assert_eq!(low.capped(high), Layer::default());
    }

    #[test]
    fn layers_that_no_encoding_has_are_refused() {
        assert_eq!(Layer::new(3, 3), Some(Layer::TOP));
        assert_eq!(Layer::new(4, 0), None);
        assert_eq!(Layer::new(0, 4), None);
    }
}
