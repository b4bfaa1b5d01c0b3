//! A publisher comes back: with a goodbye, without one, with another codec. Its viewers stay, and see one continuous sender.

use std::time::Duration;

use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, H264, VIDEO_CODECS};
use freshet_sim::world::{BrowserId, World};
use sfu_core::event::Event;
use sfu_model::codec::Codec;

fn live_world(seed: u64, codec: Codec) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed, 1);
    let publisher = world.publish("demo", Camera::new(codec)).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    (world, publisher, viewer)
}

fn assert_continuous(world: &World, viewer: BrowserId, publishers: &[u32]) {
    let seen = world.viewer(viewer);
    let verdict = player::check(seen, publishers, continuity::Bounds::STRICT);
    assert_eq!(verdict, Ok(()));
    let last = seen.video.last().unwrap().stamp.publisher;
    assert_eq!(
        Some(&last),
        publishers.last(),
        "the last packets are the new publisher's"
    );
}

#[test]
fn after_a_goodbye_viewers_hold_the_last_frame_and_go_on() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(20..) {
        let (mut world, publisher, viewer) = live_world(seed, codec);
        world.leave(publisher).unwrap();
        world.run_for(Duration::from_secs(5));
        let is_silent = |e: &Event| matches!(e, Event::RoomSilent { .. });
        assert!(world.events().iter().any(|(_, _, e)| is_silent(e)));
        let back_at = world.now();
        world.publish("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(3));
        assert_continuous(&world, viewer, &[0, 2]);
        // ICE, DTLS and a keyframe after its POST, viewers see video again.
        let shown = &world.viewer(viewer).decoder.shown;
        let first = shown.iter().find(|s| s.stamp.publisher == 2).unwrap();
        assert!(first.at - back_at < Duration::from_millis(250), "{codec:?}");
    }
}

#[test]
fn a_reload_without_goodbye_takes_the_room_over() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(30..) {
        let (mut world, publisher, viewer) = live_world(seed, codec);
        let gone_at = world.now();
        world.browser_mut(publisher).vanish();
        world.run_for(Duration::from_millis(800));
        world.take_over("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(3));
        assert_continuous(&world, viewer, &[0, 2]);
        let shown = &world.viewer(viewer).decoder.shown;
        let bound = Duration::from_millis(1_050);
        assert_eq!(
            freeze::check(shown, gone_at, world.now(), bound),
            Ok(()),
            "{codec:?}"
        );
    }
}

#[test]
fn a_publisher_that_reloads_ten_times_is_one_sender() {
    let (mut world, mut publisher, viewer) = live_world(40, Codec::Vp8);
    let mut publishers = vec![0];
    for turn in 0..10_u64 {
        if turn % 2 == 0 {
            world.leave(publisher).unwrap();
        } else {
            world.browser_mut(publisher).vanish();
        }
        world.run_for(Duration::from_millis(137 * turn));
        publisher = world.take_over("demo", Camera::new(Codec::Vp8)).unwrap();
        publishers.push(world.browser(publisher).number);
        world.run_for(Duration::from_secs(1));
    }
    assert_continuous(&world, viewer, &publishers);
}

#[test]
fn a_publisher_may_come_back_with_another_codec() {
    let (mut world, publisher, viewer) = live_world(41, Codec::Vp8);
    world.leave(publisher).unwrap();
    world.run_for(Duration::from_secs(1));
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_continuous(&world, viewer, &[0, 2]);
    let types: std::collections::BTreeSet<u8> = world
        .viewer(viewer)
        .video
        .iter()
        .map(|p| p.payload_type)
        .collect();
    assert_eq!(types.len(), 2, "each codec under its own payload type");
}
