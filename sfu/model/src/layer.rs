//! Layers: (spatial, temporal), low to high.

/// Most spatial layers of a track: simulcast sends up to three encodings, SVC up to three (L3T3) in every browser.
pub const SPATIAL_LAYERS_MAX: u8 = 4;

/// A resolution step and a frame-rate step inside it. Ordered low to high, spatial first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// Resolution step, 0 is the smallest. In simulcast: the rank of the encoding by size.
    pub spatial: u8,
    /// Frame-rate step inside an encoding, 0 is the base.
    pub temporal: u8,
}

impl Layer {
    /// The base of the spatial layer with this rank.
    pub const fn spatial(spatial: u8) -> Self {
        Self {
            spatial,
            temporal: 0,
        }
    }
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
    }
}
