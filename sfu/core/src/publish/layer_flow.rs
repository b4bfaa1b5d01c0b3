//! Which layers of an encoding flow.

use sfu_model::layer::{Layer, SPATIAL_LAYERS_MAX, TEMPORAL_LAYERS_MAX};
use sfu_model::time::Instant;

use crate::limits::LAYER_SILENCE;

/// When each layer was last heard.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LayerFlow {
    spatial: [Option<Instant>; SPATIAL_LAYERS_MAX as usize],
    temporal: [Option<Instant>; TEMPORAL_LAYERS_MAX as usize],
    highest: Layer,
}

impl LayerFlow {
    /// A packet of this layer came. True when the highest layers that flow are others now.
    pub(crate) fn hear(&mut self, layer: Layer, now: Instant) -> bool {
        if let Some(latest) = self.spatial.get_mut(usize::from(layer.spatial)) {
            *latest = Some(now);
        }
        if let Some(latest) = self.temporal.get_mut(usize::from(layer.temporal)) {
            *latest = Some(now);
        }
        let highest = Layer {
            spatial: highest_of(&self.spatial, now),
            temporal: highest_of(&self.temporal, now),
        };
        std::mem::replace(&mut self.highest, highest) != highest
    }

    /// The highest spatial and the highest temporal layer that flow.
    pub(crate) fn highest(&self) -> Layer {
        self.highest
    }
}

fn highest_of(latest: &[Option<Instant>], now: Instant) -> u8 {
    let flows = |at: &Option<Instant>| at.is_some_and(|at| now - at < LAYER_SILENCE);
    let highest = latest.iter().rposition(flows).unwrap_or(0);
    u8::try_from(highest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_layer_flows_until_it_has_been_silent_for_long() {
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let layer = |spatial, temporal| Layer { spatial, temporal };
        let mut flow = LayerFlow::default();
        assert!(!flow.hear(layer(0, 0), at(0)));
        assert!(flow.hear(layer(1, 0), at(0)));
        assert!(flow.hear(layer(0, 2), at(10)));
        assert!(!flow.hear(layer(1, 2), at(10)));
        assert_eq!(flow.highest(), layer(1, 2));
        let silence = u64::try_from(LAYER_SILENCE.as_millis()).unwrap();
        assert!(!flow.hear(layer(0, 0), at(9 + silence)));
        assert!(flow.hear(layer(0, 1), at(10 + silence)));
        assert_eq!(flow.highest(), layer(0, 1));
    }
}
