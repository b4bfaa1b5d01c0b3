//! Paths that answer nothing for a while.

use sfu_model::rate::Bitrate;

use super::link::Link;
use super::scene::Scene;
use crate::budget::limited_by::LimitedBy;

const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;

fn settled() -> Scene {
    let mut scene = Scene::new(Link::new(3_000, 50));
    scene.media = KBPS(2_500);
    scene.estimator.set_wanted(KBPS(3_000));
    scene.run(20);
    assert!(scene.estimate() >= KBPS(2_000), "{}", scene.history());
    scene
}

#[test]
fn three_seconds_without_feedback_leave_next_to_nothing() {
    let mut scene = settled();
    scene.is_mute = true;
    scene.run(3);
    assert_eq!(scene.estimator.limited_by(), LimitedBy::Silence);
    scene.run(1);
    assert!(scene.estimate() < KBPS(40), "{}", scene.history());
}

#[test]
fn a_path_that_comes_back_is_used_again_at_once() {
    for seconds in [1, 5, 30] {
        let mut scene = settled();
        scene.link.loss = 1.0;
        scene.run(seconds);
        scene.link.loss = 0.0;
        scene.run(2);
        let history = scene.history();
        assert!(scene.estimate() >= KBPS(1_000), "{seconds} s\n{history}");
        scene.run(8);
        assert!(
            scene.estimate() >= KBPS(2_000),
            "{seconds} s\n{}",
            scene.history()
        );
    }
}
