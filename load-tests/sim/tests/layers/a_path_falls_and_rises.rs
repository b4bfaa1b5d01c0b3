//! A path that becomes a third of what it was, and what it was again: layers inside the encoding follow it, and no picture
//! comes that cannot be decoded.

use std::time::Duration;

use freshet_sim::layers::Scalability;
use freshet_sim::network::{Bottleneck, Conditions, Direction};
use freshet_sim::oracle::decodability;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::BrowserId;
use sfu_model::codec::Codec;

use crate::stage::{AV1, Stage, VP9, camera, goes_down_with_a_keyframe, top};

/// The modes with something to give up that is worth a third.
const MODES: [(Codec, Scalability); 7] = [
    (Codec::Vp8, Scalability::full(1, 3)),
    (H264, Scalability::full(1, 3)),
    (VP9, Scalability::full(3, 3)),
    (VP9, Scalability::key_only(3, 3)),
    (AV1, Scalability::full(1, 3)),
    (AV1, Scalability::full(3, 3)),
    (AV1, Scalability::key_only(3, 3)),
];

/// A second of the lower rate: what is queued when the path falls is late, and not lost.
const QUEUE_BYTES: u64 = 150_000;

fn become_like(stage: &mut Stage, viewer: BrowserId, rate_bps: u64) {
    let address = stage.world.browser(viewer).address;
    let line = Conditions::default().with_round_trip(Duration::from_millis(50));
    let network = stage.world.network();
    network.set(address, Direction::Up, line);
    let bottleneck = Bottleneck::of(rate_bps).queueing(QUEUE_BYTES);
    network.set(address, Direction::Down, line.through(bottleneck));
}

#[test]
fn layers_follow_a_path_down_and_up() {
    for (case, seed) in MODES.into_iter().zip(840..) {
        let name = format!("{case:?}");
        // With three sizes 0.2, 0.8 and 2.6 Mbit/s, and 1.8 of the last; with one 2 Mbit/s, half of it for each picture left out.
        let many = Camera {
            packets_per_frame: 9,
            ..camera(case)
        };
        let mut stage = Stage::new(seed, many);
        let viewer = stage.world.watch("demo").unwrap();
        become_like(&mut stage, viewer, 4_000_000);
        stage.run_for(15);
        let at_top = stage.world.now();
        stage.run_for(1);
        assert_eq!(
            stage.layer_since(viewer, at_top),
            Some(top(case.1)),
            "{name}"
        );
        let n_requests = stage.n_keyframe_requests();
        let fell_at = stage.world.now();
        become_like(&mut stage, viewer, 1_200_000);
        stage.run_for(8);
        if !goes_down_with_a_keyframe(case) {
            assert_eq!(stage.n_keyframe_requests(), n_requests, "{name}");
        }
        let settled_at = stage.world.now();
        stage.run_for(4);
        let low = stage.layer_since(viewer, settled_at).unwrap();
        assert!(low < top(case.1), "{name}: {low:?}");
        let until = stage.world.now();
        let seen = stage.world.viewer(viewer);
        let interval = many.frame_interval * if case.1.spatial > 1 { 1 } else { 2 };
        let frozen = smoothness_since(seen, fell_at, until, interval).frozen;
        assert!(frozen < Duration::from_millis(1_500), "{name}: {frozen:?}");
        become_like(&mut stage, viewer, 4_000_000);
        stage.run_for(25);
        let from = stage.world.now();
        stage.run_for(1);
        assert_eq!(stage.layer_since(viewer, from), Some(top(case.1)), "{name}");
        let seen = stage.world.viewer(viewer);
        assert_eq!(decodability::check(&seen.decoder, 500), Ok(()), "{name}");
    }
}
