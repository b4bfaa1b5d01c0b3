//! However many workers a node has, the same viewers see the same pictures, and a room crosses to a worker once.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_sim::oracle::{continuity, player};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::{BrowserId, World};
use sfu_model::codec::Codec;
use sfu_model::id::WorkerId;

/// A picture's identity: publisher, rank, frame.
type Picture = (u32, u8, u32);

fn run(seed: u64, n_workers: usize, codec: Codec) -> (World, Vec<BrowserId>) {
    let mut world = World::new(seed, n_workers);
    let camera = Camera::new(codec).simulcast();
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let mut viewers = Vec::new();
    for _ in 0..8 {
        viewers.push(world.watch("demo").unwrap());
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(1));
    world
        .browser_mut(publisher)
        .publisher()
        .unwrap()
        .pause(2, true);
    world.run_for(Duration::from_secs(3));
    world.take_over("demo", camera).unwrap();
    world.run_for(Duration::from_secs(3));
    (world, viewers)
}

fn pictures(world: &World, viewer: BrowserId) -> BTreeSet<Picture> {
    let shown = &world.viewer(viewer).decoder.shown;
    shown
        .iter()
        .map(|s| (s.stamp.publisher, s.stamp.rank, s.stamp.frame))
        .collect()
}

#[test]
fn four_workers_serve_the_same_pictures_as_one() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(160..) {
        let (one, viewers) = run(seed, 1, codec);
        let alone: Vec<_> = viewers.iter().map(|v| pictures(&one, *v)).collect();
        let (four, viewers) = run(seed, 4, codec);
        for (viewer, alone) in viewers.iter().zip(alone) {
            let seen = four.viewer(*viewer);
            let verdict = player::check(seen, &[0, 9], continuity::Bounds::STRICT);
            assert_eq!(verdict, Ok(()), "{codec:?}");
            let together = pictures(&four, *viewer);
            let n_other = alone.symmetric_difference(&together).count();
            // Crossing takes 50 us: a keyframe request or a switch may meet the next frame instead of this one.
            assert!(
                n_other <= 6,
                "{codec:?}: {n_other} of {} differ",
                alone.len()
            );
            assert!(alone.len() > 135);
        }
    }
}

#[test]
fn a_room_crosses_to_another_worker_once() {
    let (mut world, _) = run(170, 4, Codec::Vp8);
    let origin = WorkerId(0);
    let n_in = world.node().worker(origin).unwrap().stats().packets_in;
    for other in 1..4 {
        let n_crossed = world.n_link_packets(origin, WorkerId(other));
        assert!(n_crossed > n_in / 2, "{n_crossed} of {n_in}");
        assert!(n_crossed <= n_in, "{n_crossed} of {n_in}");
        assert_eq!(world.n_link_packets(WorkerId(other), origin), 0);
    }
}
