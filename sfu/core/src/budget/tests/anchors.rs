//! The figures of libwebrtc's own tests (`goog_cc_network_control_unittest`): 100 ms one way, feedback each 100 ms.

use std::ops::RangeInclusive;

use super::link::Link;
use super::scene::Scene;

#[track_caller]
fn assert_kbps(scene: &Scene, range: RangeInclusive<u64>) {
    let kbps = scene.estimate().as_bps() / 1_000;
    assert!(range.contains(&kbps), "{kbps} kbit/s\n{}", scene.history());
}

#[test]
fn the_estimate_follows_the_link() {
    let mut scene = Scene::new(Link::new(500, 100));
    scene.run(25);
    assert_kbps(&scene, 350..=550);
    scene.link.rate = sfu_model::rate::Bitrate::from_kbps(800);
    scene.run(20);
    assert_kbps(&scene, 600..=900);
    scene.link.rate = sfu_model::rate::Bitrate::from_kbps(100);
    scene.run(50);
    assert_kbps(&scene, 65..=115);
}

#[test]
fn ten_percent_of_loss_at_200_ms_leave_a_picture() {
    let mut link = Link::new(2_000, 100);
    link.loss = 0.1;
    let mut scene = Scene::new(link);
    scene.run(60);
    assert_kbps(&scene, 100..=2_200);
    assert!(scene.estimator.loss() > 0.05, "{}", scene.estimator.loss());
}

#[test]
fn two_percent_of_loss_cost_nothing() {
    let rates = [0.0, 0.02].map(|loss| {
        let mut link = Link::new(3_000, 50);
        link.loss = loss;
        let mut scene = Scene::new(link);
        scene.run(60);
        scene.arrived(300..600).as_kbps()
    });
    assert!(rates[1] > rates[0] * 0.9, "{rates:?}");
}
