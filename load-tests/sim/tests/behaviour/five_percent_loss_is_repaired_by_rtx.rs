//! Five of a hundred datagrams lost on both legs, either way: what NACK and RTX repair, players do not notice.

use std::time::Duration;

use freshet_sim::network::{Conditions, Direction, PerMille};
use freshet_sim::oracle::{continuity, decodability, freeze};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::World;

/// What may stay lost of 20 s of video: a retransmission is lost again once in twenty, and asked for again.
const MISSING_MAX: u64 = 3;

#[test]
fn five_percent_loss_on_both_legs_is_repaired() {
    let bounds = continuity::Bounds {
        missing_max: MISSING_MAX,
        ..continuity::Bounds::STRICT
    };
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(50..) {
        let mut world = World::new(seed, 1);
        let publisher = world.publish("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(1));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(1));
        let from = world.now();
        let lossy = Conditions::default().losing(PerMille(50));
        world.set_path(publisher, lossy);
        world.set_path(viewer, lossy);
        world.run_for(Duration::from_secs(20));

        let address = world.browser(viewer).address;
        let lost = world.network().carried(address, Direction::Down).lost;
        assert!(lost > 80, "the network lost {lost} on the last leg alone");
        let seen = world.viewer(viewer);
        assert_eq!(continuity::check(&seen.video, bounds), Ok(()), "{codec:?}");
        assert_eq!(decodability::check(&seen.decoder, 500), Ok(()), "{codec:?}");
        let shown = &seen.decoder.shown;
        let verdict = freeze::check(shown, from, world.now(), Duration::from_millis(600));
        assert_eq!(verdict, Ok(()), "{codec:?}");
    }
}
