//! abs-capture-time and playout-delay pass the node, and the node knows how old pictures are when they leave.

use std::time::Duration;

use freshet_sim::layers::Scalability;
use freshet_sim::publisher::{Camera, PLAYOUT_DELAY, VIDEO_CODECS, wall_time};
use freshet_sim::world::World;
use sfu_core::budget::choice::LayerChoice;
use sfu_core::capture_delays::CaptureDelays;
use sfu_core::command::Command;
use sfu_model::codec::Codec;

/// The engines convert to and from floating-point seconds.
const ROUNDING: Duration = Duration::from_micros(2);

#[test]
fn a_picture_brings_its_capture_time_and_the_offset_of_its_clock() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(90..) {
        let camera = Camera {
            says_times: true,
            ..Camera::new(codec).simulcast()
        };
        let mut world = World::new(seed, 2);
        world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(8));
        world.watch("demo").unwrap();
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(4));
        let seen = world.viewer(viewer);
        assert!(
            seen.capture_times.len() > 80,
            "{}",
            seen.capture_times.len()
        );
        for (stamp, time) in &seen.capture_times {
            assert_eq!(stamp.packet_index, 0, "only the packets that said it");
            let captured = wall_time(stamp.captured_at);
            let error = captured
                .duration_since(time.capture_time)
                .unwrap_or_else(|e| e.duration());
            assert!(error < ROUNDING, "{stamp:?} says {time:?}");
        }
        let mut offsets = seen.capture_times.iter().map(|(_, time)| time.clock_offset);
        let first = offsets.next().flatten().expect("reports have told it");
        let drift = |offset: Option<i64>| offset.map(|offset| (offset - first).abs() >> 32);
        assert!(
            offsets.all(|offset| drift(offset) == Some(0)),
            "it is one clock"
        );
    }
}

#[test]
fn who_joins_is_told_how_long_pictures_may_be_held_back() {
    let camera = Camera {
        says_times: true,
        ..Camera::new(VIDEO_CODECS[0])
    };
    let mut world = World::new(95, 2);
    world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(5));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    let seen = world.viewer(viewer);
    let told = seen
        .playout_delays
        .first()
        .map(|(_, min, max)| (*min, *max));
    assert_eq!(told, Some(PLAYOUT_DELAY));
    assert!(seen.playout_delays.len() < 10, "not with every picture");
}

/// Also to a viewer of the smallest size of several in one encoding, who never gets the packets that the publisher ends pictures
/// with.
#[test]
fn the_age_of_pictures_is_counted_as_they_leave() {
    counts_ages(96, Camera::new(VIDEO_CODECS[0]), LayerChoice::default());
    let smallest = LayerChoice {
        spatial: Some(0),
        ..LayerChoice::default()
    };
    for (codec, seed) in [Codec::Vp9 { profile_id: 0 }, Codec::Av1 { profile: 0 }]
        .into_iter()
        .zip(97..)
    {
        let camera = Camera::new(codec).scalable(Scalability::full(3, 3));
        counts_ages(seed, camera, smallest);
    }
}

fn counts_ages(seed: u64, camera: Camera, choice: LayerChoice) {
    let mut world = World::new(seed, 1);
    world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    let session = world.browser(viewer).session;
    let chosen = Command::ChooseLayer { session, choice };
    world.command(session, chosen).unwrap();
    world.run_for(Duration::from_secs(20));
    let n_shown = world.viewer(viewer).decoder.shown.len() as u64;
    let stats = world.node().workers().map(|(_, worker)| worker.stats());
    let delays = stats.fold(CaptureDelays::default(), |sum, stats| {
        sum.plus(&stats.capture_delays)
    });
    assert!(n_shown > 400, "{n_shown}");
    assert!(
        delays.count() + 200 > n_shown,
        "{delays:?} of {n_shown} pictures"
    );
    assert!(delays.sum < Duration::from_millis(100) * 500, "{delays:?}");
    assert_eq!((delays.implausible, delays.beyond), (0, 0));
}
