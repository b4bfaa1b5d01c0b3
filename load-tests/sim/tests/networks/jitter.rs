//! A path that carries everything and delays at random, as a machine does that has much else to do: no reason for a worse
//! picture.

use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::World;

/// Encodings of about 0.26, 0.77 and 2.6 Mbit/s.
fn camera() -> Camera {
    Camera {
        packets_per_frame: 10,
        payload_bytes: 1_000,
        ..Camera::live(H264).simulcast()
    }
}

/// How long the viewer watches.
const WATCHED: Duration = Duration::from_secs(60);

/// How soon the largest encoding must be shown after the viewer came.
const TOP_WITHIN: Duration = Duration::from_secs(2);

/// Watches over 50 Mbit/s; the largest encoding must come soon and stay.
fn verdict(seed: u64, jitter_ms: u64) -> Result<(), String> {
    let mut world = World::new(seed, 1);
    world.publish("demo", camera()).unwrap();
    world.run_for(Duration::from_secs(2));
    let joined_at = world.now();
    let viewer = world.watch("demo").unwrap();
    let line = Conditions {
        latency: Duration::from_millis(5),
        jitter: Duration::from_millis(jitter_ms),
        ..Conditions::default()
    };
    world.set_path(viewer, line.through(Bottleneck::of(50_000_000)));
    world.run_for(WATCHED);
    let seen = world.viewer(viewer);
    let shown = &seen.decoder.shown;
    let top = shown.iter().position(|s| s.stamp.rank == 2);
    let Some((top, first)) = top.and_then(|n| Some((n, shown.get(n)?))) else {
        return Err("never the largest encoding".into());
    };
    if first.at - joined_at > TOP_WITHIN {
        return Err(format!("the largest after {:?}", first.at - joined_at));
    }
    let left: Vec<Duration> = shown[top..]
        .windows(2)
        .filter(|pair| pair[0].stamp.rank == 2 && pair[1].stamp.rank < 2)
        .map(|pair| pair[1].at - joined_at)
        .collect();
    if !left.is_empty() {
        return Err(format!("left the largest at {left:?}"));
    }
    let smooth = smoothness_since(seen, first.at, world.now(), camera().frame_interval);
    if smooth.n_freezes > 0 {
        return Err(format!("{smooth:?}"));
    }
    Ok(())
}

#[test]
fn a_busy_machine_costs_no_quality() {
    let runs = [5, 25, 30]
        .into_iter()
        .flat_map(|ms| (51..56).map(move |seed| (ms, seed)));
    let missed: Vec<_> = runs
        .filter_map(|(ms, seed)| Some((ms, seed, verdict(seed, ms).err()?)))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_path_without_room_for_it_fails() {
    let slow = Conditions::default().through(Bottleneck::of(1_500_000));
    let mut world = World::new(51, 1);
    world.publish("demo", camera()).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.set_path(viewer, slow);
    world.run_for(Duration::from_secs(20));
    let shown = &world.viewer(viewer).decoder.shown;
    let since = shown.len() / 2;
    assert!(shown[since..].iter().all(|s| s.stamp.rank < 2));
}
