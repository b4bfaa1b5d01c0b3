//! A simulcast publisher: a viewer gets the best encoding that flows, loses it, and gets it back, as one continuous sender.

use std::time::Duration;

use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::{BrowserId, World};

fn rank_now(world: &World, viewer: BrowserId) -> u8 {
    world.viewer(viewer).video.last().unwrap().stamp.rank
}

fn pause(world: &mut World, publisher: BrowserId, rank: u8, is_paused: bool) {
    let publisher = world.browser_mut(publisher).publisher().unwrap();
    publisher.pause(rank, is_paused);
}

#[test]
fn a_subscriber_follows_the_best_encoding_that_flows() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(60..) {
        let mut world = World::new(seed, 1);
        let publisher = world
            .publish("demo", Camera::new(codec).simulcast())
            .unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(2));
        assert_eq!(rank_now(&world, viewer), 2, "{codec:?}");

        let died_at = world.now();
        pause(&mut world, publisher, 2, true);
        world.run_for(Duration::from_secs(3));
        assert_eq!(rank_now(&world, viewer), 1, "{codec:?}");
        let shown = &world.viewer(viewer).decoder.shown;
        // A second of silence until it counts as dead, then a keyframe of the next.
        let bound = Duration::from_millis(1_200);
        assert_eq!(
            freeze::check(shown, died_at, world.now(), bound),
            Ok(()),
            "{codec:?}"
        );

        pause(&mut world, publisher, 1, true);
        world.run_for(Duration::from_secs(3));
        assert_eq!(rank_now(&world, viewer), 0, "{codec:?}");

        let back_at = world.now();
        pause(&mut world, publisher, 2, false);
        world.run_for(Duration::from_secs(2));
        assert_eq!(rank_now(&world, viewer), 2, "{codec:?}");
        let shown = &world.viewer(viewer).decoder.shown;
        // On the way up the lower one goes on until the keyframe.
        let bound = Duration::from_millis(85);
        assert_eq!(
            freeze::check(shown, back_at, world.now(), bound),
            Ok(()),
            "{codec:?}"
        );

        let seen = world.viewer(viewer);
        let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
        assert_eq!(verdict, Ok(()), "{codec:?}");
    }
}
