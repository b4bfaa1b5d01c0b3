//! A player that joins in the middle of a stream begins with a keyframe, soon.

use std::time::Duration;

use freshet_sim::oracle::{continuity, decodability, freeze, isolation, latency};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::World;

/// Two round trips for ICE, two for DTLS, one for the keyframe, at 10 ms each way, and half a frame.
const FIRST_PICTURE_MAX: Duration = Duration::from_millis(250);

#[test]
fn a_late_joiner_begins_with_a_keyframe_of_every_codec() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(1..) {
        let mut world = World::new(seed, 1);
        world.publish("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(5));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(5));

        let (now, joined_at) = (world.now(), world.browser(viewer).joined_at);
        let seen = world.viewer(viewer);
        let shown = &seen.decoder.shown;
        let first = shown.first().expect("a picture").at;
        assert!(
            first - joined_at < FIRST_PICTURE_MAX,
            "{codec:?}: {:?}",
            first - joined_at
        );
        assert_eq!(decodability::check(&seen.decoder, 115), Ok(()), "{codec:?}");
        assert_eq!(
            continuity::check(&seen.video, continuity::Bounds::STRICT),
            Ok(())
        );
        assert_eq!(
            continuity::check(&seen.audio, continuity::Bounds::STRICT),
            Ok(())
        );
        assert_eq!(
            freeze::check(shown, first, now, Duration::from_millis(45)),
            Ok(())
        );
        assert_eq!(isolation::check(seen, &[0]), Ok(()));
        let bounds = latency::Latency {
            p50: Duration::from_millis(20),
            p99: Duration::from_millis(20),
        };
        assert_eq!(latency::check(shown, bounds), Ok(()), "{codec:?}");
        assert!(seen.audio.len() > 230, "{} audio packets", seen.audio.len());
    }
}
