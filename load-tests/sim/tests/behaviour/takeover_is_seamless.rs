//! A publisher that takes a live room over: its viewers see one continuous sender and a short freeze at most.

use std::time::Duration;

use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::World;
use sfu_core::command::CloseReason;

#[test]
fn viewers_of_every_codec_see_one_continuous_sender_over_a_takeover() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(10..) {
        let mut world = World::new(seed, 1);
        let first = world.publish("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(2));
        let taken_at = world.now();
        let second = world.take_over("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(4));

        let closed = world.browser(first).close_reason;
        assert_eq!(closed, Some(CloseReason::TakenOver));
        assert_eq!(world.browser(second).close_reason, None);
        let seen = world.viewer(viewer);
        let verdict = player::check(seen, &[0, 2], continuity::Bounds::STRICT);
        assert_eq!(verdict, Ok(()), "{codec:?}");
        let from_second = seen.video.iter().filter(|p| p.stamp.publisher == 2);
        assert!(from_second.count() > 250, "{codec:?}");
        // The old publisher's media goes on until the new one's first keyframe.
        let bound = Duration::from_millis(85);
        let verdict = freeze::check(&seen.decoder.shown, taken_at, world.now(), bound);
        assert_eq!(verdict, Ok(()), "{codec:?}");
    }
}

#[test]
fn without_asking_to_take_over_a_second_publisher_is_refused() {
    let mut world = World::new(14, 1);
    let camera = Camera::new(VIDEO_CODECS[0]);
    world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let second = world.publish("demo", camera).unwrap_err();
    assert_eq!(second.code(), Some("stream-busy"));
}

#[test]
fn a_takeover_that_never_sends_disturbs_nobody_and_is_reaped() {
    let mut world = World::new(15, 1);
    let camera = Camera::new(VIDEO_CODECS[0]);
    let first = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(1));
    let from = world.now();
    let second = world.take_over("demo", camera).unwrap();
    world.browser_mut(second).vanish();
    world.run_for(Duration::from_secs(20));

    assert_eq!(world.browser(first).close_reason, None);
    let reaped = world.browser(second).close_reason;
    assert_eq!(reaped, Some(CloseReason::NeverConnected));
    let shown = &world.viewer(viewer).decoder.shown;
    let verdict = freeze::check(shown, from, world.now(), Duration::from_millis(45));
    assert_eq!(verdict, Ok(()));
}
