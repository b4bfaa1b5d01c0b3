//! A publisher goes from layers inside one encoding to simulcast and back, and to another codec: its viewers stay, and see
//! one continuous sender, whether they have all of it or chose less.

use std::time::Duration;

use freshet_sim::layers::Scalability;
use freshet_sim::publisher::Camera;
use sfu_core::budget::choice::LayerChoice;
use sfu_model::codec::Codec;

use crate::stage::{MODES, Stage, camera, choice};

/// Publishes these one after the other; by turns with a goodbye, and in place of one that is still there.
fn change(seed: u64, cameras: &[Camera], chosen: LayerChoice, name: &str) {
    let mut stage = Stage::new(seed, cameras[0]);
    let viewers = [(); 2].map(|()| stage.world.watch("demo").unwrap());
    stage.run_for(4);
    stage.choose(viewers[0], chosen);
    stage.run_for(2);
    let mut publishers = vec![0];
    for (turn, camera) in cameras[1..].iter().enumerate() {
        if turn % 2 == 0 {
            stage.world.leave(stage.publisher).unwrap();
            stage.world.run_for(Duration::from_millis(500));
        } else {
            stage.world.browser_mut(stage.publisher).vanish();
        }
        stage.publisher = stage.world.take_over("demo", *camera).unwrap();
        publishers.push(stage.world.browser(stage.publisher).number);
        stage.run_for(4);
        let from = stage.world.now();
        stage.run_for(1);
        for viewer in viewers {
            let shown = stage.shown_since(viewer, from);
            // A quarter of the pictures, where the lowest frame rate was chosen.
            assert!(shown.len() >= 6, "{name}, turn {turn}: {}", shown.len());
        }
    }
    for viewer in viewers {
        stage.assert_strict(viewer, &publishers, name);
    }
}

#[test]
fn layers_and_simulcast_follow_each_other() {
    for ((codec, mode), seed) in MODES.into_iter().zip(740..) {
        let scalable = camera((codec, mode));
        let simulcast = Camera::new(codec).simulcast();
        let plain = Camera::new(codec);
        let turns = [scalable, simulcast, scalable, plain, scalable];
        let name = format!("{codec:?} {mode:?}");
        change(seed, &turns, choice(0, 0), &name);
    }
}

#[test]
fn codecs_with_layers_follow_each_other() {
    let turns: Vec<Camera> = MODES.into_iter().map(camera).collect();
    let backward: Vec<Camera> = turns.iter().rev().copied().collect();
    change(760, &turns, choice(0, 1), "forward");
    change(761, &backward, choice(0, 0), "backward");
}

#[test]
fn simulcast_of_temporal_layers_is_switched_and_thinned() {
    let mode = Scalability::full(1, 3);
    let codecs = [
        Codec::Vp8,
        crate::stage::VP9,
        crate::stage::AV1,
        freshet_sim::publisher::H264,
    ];
    for (codec, seed) in codecs.into_iter().zip(770..) {
        let mut stage = Stage::new(seed, camera((codec, mode)).simulcast());
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(4);
        for (spatial, temporal) in [(0, 0), (2, 1), (1, 2), (2, 0), (0, 2), (1, 0), (2, 2)] {
            stage.choose(viewer, choice(spatial, temporal));
            stage.run_for(3);
            let from = stage.world.now();
            stage.run_for(1);
            let shown = stage.shown_since(viewer, from);
            let stamps = || shown.iter().map(|s| s.stamp);
            assert!(stamps().all(|s| s.rank == spatial), "{codec:?}");
            let highest = stamps().map(|s| s.place.layer.temporal).max();
            assert_eq!(highest, Some(temporal), "{codec:?}");
        }
        stage.assert_strict(viewer, &[0], &format!("{codec:?}"));
    }
}
