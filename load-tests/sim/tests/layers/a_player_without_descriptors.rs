//! A player that knows of no Dependency Descriptors gets of AV1 what it can put together: the smallest size. Whoever knows
//! of them gets the largest of the same stream.

use freshet_sim::layers::Scalability;
use freshet_sim::oracle::freeze;
use freshet_sim::publisher::H264;
use sfu_model::layer::Layer;

use crate::stage::{AV1, SMOOTH, Stage, VP9, camera, choice, top};

#[test]
fn av1_of_several_sizes_is_shown_in_its_smallest() {
    let modes = [
        Scalability::full(2, 1),
        Scalability::full(3, 3),
        Scalability::key_only(2, 3),
        Scalability::key_only(3, 3),
    ];
    for (mode, seed) in modes.into_iter().zip(700..) {
        let name = format!("{mode:?}");
        let mut stage = Stage::new(seed, camera((AV1, mode)));
        let plain = stage.world.watch_without_descriptors("demo").unwrap();
        let other = stage.world.watch("demo").unwrap();
        stage.run_for(8);
        // What is chosen above it does not come.
        stage.choose(plain, choice(mode.spatial - 1, mode.temporal - 1));
        stage.run_for(2);
        let from = stage.world.now();
        stage.run_for(2);
        let (until, top) = (stage.world.now(), top(mode));
        let smallest = Layer { spatial: 0, ..top };
        for (viewer, expected) in [(plain, smallest), (other, top)] {
            assert_eq!(stage.layer_since(viewer, from), Some(expected), "{name}");
            stage.assert_strict(viewer, &[0], &name);
            let shown = &stage.world.viewer(viewer).decoder.shown;
            assert_eq!(freeze::check(shown, from, until, SMOOTH), Ok(()), "{name}");
        }
        let largest = stage.world.viewer(plain).video.iter();
        assert_eq!(largest.map(|p| p.stamp.place.layer.spatial).max(), Some(0));
    }
}

#[test]
fn it_is_there_when_the_publisher_comes_back() {
    for (mode, seed) in [Scalability::full(3, 3), Scalability::key_only(2, 3)]
        .into_iter()
        .zip(710..)
    {
        let name = format!("{mode:?}");
        let mut stage = Stage::new(seed, camera((VP9, Scalability::key_only(3, 3))));
        let plain = stage.world.watch_without_descriptors("demo").unwrap();
        stage.run_for(4);
        stage.world.take_over("demo", camera((AV1, mode))).unwrap();
        stage.run_for(4);
        let from = stage.world.now();
        stage.run_for(2);
        stage.assert_strict(plain, &[0, 2], &name);
        assert_eq!(stage.shown_since(plain, from).len(), 50, "{name}");
    }
}

#[test]
fn frame_rates_need_no_descriptor_and_the_largest_comes() {
    for (codec, seed) in [H264, AV1].into_iter().zip(720..) {
        let mode = Scalability::full(1, 3);
        let mut stage = Stage::new(seed, camera((codec, mode)));
        let plain = stage.world.watch_without_descriptors("demo").unwrap();
        stage.run_for(6);
        for temporal in [0, 1, 2] {
            stage.choose(plain, choice(0, temporal));
            stage.run_for(2);
            let from = stage.world.now();
            stage.run_for(1);
            let layer = stage.layer_since(plain, from).unwrap();
            assert_eq!(layer.temporal, temporal, "{codec:?}");
        }
        stage.assert_strict(plain, &[0], &format!("{codec:?}"));
    }
}
