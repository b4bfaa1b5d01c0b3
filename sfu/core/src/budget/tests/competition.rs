//! Links that are shared.

use std::time::Duration;

use sfu_model::rate::Bitrate;

use super::link::Link;
use super::reno::Reno;
use super::scene::Scene;

/// What we and they get of 4 Mbit/s, from the 20th second of the contest to the 80th.
fn shares(queue_ms: u64) -> (Bitrate, Bitrate, String) {
    let mut link = Link::new(4_000, 25);
    link.queue_max = Duration::from_millis(queue_ms);
    let mut scene = Scene::new(link);
    scene.estimator.set_wanted(Bitrate::from_kbps(4_000));
    scene.run(10);
    scene.reno = Some(Reno::new(Duration::from_millis(25)));
    let acknowledged = |scene: &Scene| {
        scene
            .reno
            .as_ref()
            .map_or(0, |reno| reno.acknowledged_bytes)
    };
    scene.run(20);
    let before = acknowledged(&scene);
    scene.run(60);
    let theirs = acknowledged(&scene) - before;
    let theirs = Bitrate::of(theirs, Duration::from_secs(60)).unwrap();
    (scene.arrived(300..900), theirs, scene.history())
}

#[test]
fn a_tcp_flow_leaves_a_quarter_and_gets_one() {
    for queue_ms in [150, 300, 600] {
        let (ours, theirs, history) = shares(queue_ms);
        let quarter = Bitrate::from_kbps(1_000);
        assert!(
            ours >= quarter && theirs >= quarter,
            "{queue_ms} ms: ours {ours}, theirs {theirs}\n{history}"
        );
    }
}

#[test]
fn behind_a_short_buffer_a_tcp_flow_still_leaves_a_picture() {
    // Reno refills a buffer of 100 ms within a second, and grows ten times as quickly as we do in each.
    let (ours, theirs, history) = shares(100);
    assert!(
        ours >= Bitrate::from_kbps(600) && theirs >= Bitrate::from_kbps(1_000),
        "ours {ours}, theirs {theirs}\n{history}"
    );
}
