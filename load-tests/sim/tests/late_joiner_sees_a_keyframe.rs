//! A player that joins in the middle of a stream begins with a keyframe, soon.

use std::time::Duration;

use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::World;

#[test]
fn a_late_joiner_sees_a_keyframe() {
    for codec in VIDEO_CODECS {
        let mut world = World::new(1, 1);
        world.publish("demo", Camera::new(codec)).unwrap();
        world.run_for(Duration::from_secs(5));
        eprintln!("{:#?}", world.events());
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(3));
        let seen = world.viewer(viewer);
        eprintln!(
            "{codec:?} {} audio, {} video, {} shown",
            seen.audio.len(),
            seen.video.len(),
            seen.decoder.shown.len()
        );
        assert!(seen.decoder.shown.len() > 60);
    }
}
