//! A worker that has done what was due rests until something else is: the world fails as soon as one is due again and again
//! at one time. What is here has kept one busy for nothing.

use std::time::Duration;

use freshet_sim::network::{Conditions, Direction};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;

#[test]
fn after_a_keyframe_of_any_size() {
    for packets_per_frame in 1..=24 {
        for payload_bytes in [900, 1_000, 1_100, 1_200] {
            let mut world = World::new(400 + u64::from(packets_per_frame), 1);
            // A burst is what comes in one turn.
            world.take_in_turns_of(Duration::from_millis(2));
            let camera = Camera {
                packets_per_frame,
                payload_bytes,
                ..Camera::new(H264)
            };
            world.publish("demo", camera).unwrap();
            world.run_for(Duration::from_millis(500));
            let viewer = world.watch("demo").unwrap();
            world.run_for(Duration::from_secs(1));
            assert!(!world.viewer(viewer).decoder.shown.is_empty());
        }
    }
}

#[test]
fn with_a_viewer_who_wants_sound_alone_and_says_nothing() {
    let mut world = World::new(430, 1);
    let camera = Camera::live(H264).simulcast();
    world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.join_at_worker("demo", None, sound_alone).unwrap();
    world.run_for(Duration::from_secs(2));
    let seen = world.viewer(viewer);
    assert!(seen.audio.len() > 50, "{} packets", seen.audio.len());
    assert!(seen.video.is_empty());
    // Longer than feedback may be away, and shorter than consent.
    let address = world.browser(viewer).address;
    let cut = Conditions::default().cut();
    world.network().set(address, Direction::Up, cut);
    world.run_for(Duration::from_secs(10));
}

/// The offer whose pictures are not wanted.
fn sound_alone(offer: String) -> String {
    let at = offer.find("m=video").expect("pictures");
    let (before, pictures) = offer.split_at(at);
    before.to_owned() + &pictures.replacen("a=recvonly", "a=inactive", 1)
}
