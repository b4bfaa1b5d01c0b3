//! A publisher with layers and its viewers.

use std::time::Duration;

use freshet_sim::decoder::Shown;
use freshet_sim::layers::Scalability;
use freshet_sim::oracle::{continuity, player};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{Command, Reply};
use sfu_model::codec::Codec;
use sfu_model::layer::Layer;
use sfu_model::time::Instant;

pub(crate) const VP9: Codec = Codec::Vp9 { profile_id: 0 };
pub(crate) const AV1: Codec = Codec::Av1 { profile: 0 };

/// What browsers send, and what they can be made to.
pub(crate) const MODES: [(Codec, Scalability); 11] = [
    (Codec::Vp8, Scalability::full(1, 2)),
    (Codec::Vp8, Scalability::full(1, 3)),
    (H264, Scalability::full(1, 3)),
    (VP9, Scalability::full(1, 3)),
    (VP9, Scalability::full(3, 3)),
    (VP9, Scalability::key_only(3, 3)),
    (AV1, Scalability::full(1, 3)),
    (AV1, Scalability::full(2, 1)),
    (AV1, Scalability::full(3, 3)),
    (AV1, Scalability::key_only(2, 3)),
    (AV1, Scalability::key_only(3, 3)),
];

/// A picture that is late by no more than this is no freeze: two frames and the way of a keyframe request.
pub(crate) const SMOOTH: Duration = Duration::from_millis(85);

/// About 1 Mbit/s, a fifth of it for each of the smaller sizes.
pub(crate) fn camera((codec, mode): (Codec, Scalability)) -> Camera {
    Camera::new(codec).scalable(mode)
}

/// The highest layer of an encoding.
pub(crate) fn top(mode: Scalability) -> Layer {
    Layer {
        spatial: mode.spatial - 1,
        temporal: mode.temporal - 1,
    }
}

/// Exactly this, or what is below it.
pub(crate) fn choice(spatial: u8, temporal: u8) -> LayerChoice {
    LayerChoice {
        spatial: Some(spatial),
        temporal: Some(temporal),
        ..LayerChoice::default()
    }
}

/// Going down to a lower resolution takes a keyframe: what is between keyframes of the larger one does not contain it.
pub(crate) fn goes_down_with_a_keyframe((codec, mode): (Codec, Scalability)) -> bool {
    mode.is_key_only && codec == AV1
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) publisher: BrowserId,
}

impl Stage {
    /// A publisher that has been there for a while.
    pub(crate) fn new(seed: u64, camera: Camera) -> Self {
        let mut world = World::new(seed, 2);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(2));
        Self { world, publisher }
    }

    pub(crate) fn run_for(&mut self, seconds: u64) {
        self.world.run_for(Duration::from_secs(seconds));
    }

    pub(crate) fn choose(&mut self, viewer: BrowserId, choice: LayerChoice) {
        let session = self.world.browser(viewer).session;
        let command = Command::ChooseLayer { session, choice };
        assert_eq!(self.world.command(session, command), Ok(Reply::Done));
    }

    /// Pictures that a viewer was shown that were captured from a moment on.
    pub(crate) fn shown_since(&self, viewer: BrowserId, from: Instant) -> Vec<Shown> {
        let shown = &self.world.viewer(viewer).decoder.shown;
        let since = shown.iter().filter(|s| s.stamp.captured_at >= from);
        since.copied().collect()
    }

    /// The highest layers of those pictures.
    pub(crate) fn layer_since(&self, viewer: BrowserId, from: Instant) -> Option<Layer> {
        let shown = self.shown_since(viewer, from);
        let layers = shown.iter().map(|s| s.stamp.place.layer);
        layers.reduce(|a, b| Layer {
            spatial: a.spatial.max(b.spatial),
            temporal: a.temporal.max(b.temporal),
        })
    }

    /// Keyframes that the publisher was asked for so far.
    pub(crate) fn n_keyframe_requests(&mut self) -> usize {
        let publisher = self.world.browser_mut(self.publisher).publisher();
        publisher.unwrap().keyframe_requests.len()
    }

    /// All oracles, where nothing is lost.
    pub(crate) fn assert_strict(&self, viewer: BrowserId, publishers: &[u32], case: &str) {
        let seen = self.world.viewer(viewer);
        let verdict = player::check(seen, publishers, continuity::Bounds::STRICT);
        assert_eq!(verdict, Ok(()), "{case}");
    }
}
