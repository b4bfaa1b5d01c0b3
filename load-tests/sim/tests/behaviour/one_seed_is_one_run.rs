//! A seed decides everything that matters: run twice, the same packets reach the same players at the same moments.

use std::time::Duration;

use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trace;
use freshet_sim::world::World;

fn run(seed: u64) -> u64 {
    let mut world = World::new(seed, 2);
    let publisher = world
        .publish("demo", Camera::new(H264).simulcast())
        .unwrap();
    world.run_for(Duration::from_secs(1));
    let lossy = Conditions {
        jitter: Duration::from_millis(3),
        reordered: PerMille(10),
        ..Conditions::default().losing(PerMille(80))
    };
    let viewers = [world.watch("demo").unwrap(), world.watch("demo").unwrap()];
    world.set_path(publisher, lossy);
    world.set_path(viewers[0], lossy);
    world.run_for(Duration::from_secs(6));
    assert!(world.viewer(viewers[0]).video.len() > 100);
    trace::decisions(&world)
}

#[test]
fn a_seed_run_twice_decides_the_same() {
    for seed in 1..6 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

#[test]
fn another_seed_decides_otherwise() {
    assert_ne!(run(1), run(2));
}
