//! Links that change.

use std::time::Duration;

use sfu_model::rate::Bitrate;

use super::link::Link;
use super::scene::Scene;

const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;

/// A scene that has settled on a link of this rate for 20 s.
fn settled(kbps: u64, wanted_kbps: u64) -> Scene {
    let mut scene = Scene::new(Link::new(kbps, 50));
    scene.estimator.set_wanted(KBPS(wanted_kbps));
    scene.media = KBPS(wanted_kbps);
    scene.run(20);
    scene
}

#[test]
fn a_cut_to_a_sixth_is_followed_within_two_seconds_and_drained_within_four() {
    for queue_ms in [100, 300, 1_000] {
        let mut scene = Scene::new(Link::new(3_000, 50));
        scene.link.queue_max = Duration::from_millis(queue_ms);
        scene.estimator.set_wanted(KBPS(3_000));
        scene.run(20);
        let before = scene.arrived(150..200);
        assert!(before > KBPS(2_100), "{before}\n{}", scene.history());
        scene.link.rate = KBPS(500);
        scene.run(15);
        let history = scene.history();
        let sent = scene.sent(220..230);
        assert!(sent <= KBPS(550), "{queue_ms}: {sent} after 2 s\n{history}");
        for sample in &scene.samples[240..] {
            assert!(
                sample.queue_delay < Duration::from_millis(150),
                "{queue_ms}: {sample:?}\n{history}"
            );
        }
        let used = scene.arrived(250..350);
        assert!(used > KBPS(350), "{queue_ms}: {used}\n{history}");
    }
}

#[test]
fn a_link_that_widens_sixfold_is_used_within_ten_seconds_and_kept() {
    let mut scene = settled(500, 3_000);
    scene.link.rate = KBPS(3_000);
    scene.run(40);
    let history = scene.history();
    let reached = (200..300).find(|tenth| scene.samples[*tenth].estimate >= KBPS(2_400));
    let reached = reached.unwrap_or_else(|| panic!("80 % within 10 s\n{history}"));
    let used = scene.arrived(300..310);
    assert!(used >= KBPS(2_400), "{used} after 10 s\n{history}");
    for sample in &scene.samples[reached..] {
        assert!(sample.estimate >= KBPS(1_920), "{sample:?}\n{history}");
    }
}

#[test]
fn a_link_that_was_next_to_nothing_is_used_again_without_a_probe() {
    let mut scene = Scene::new(Link::new(100, 100));
    scene.run(40);
    assert!(scene.estimate() <= KBPS(125), "{}", scene.history());
    scene.link.rate = KBPS(800);
    scene.run(30);
    assert_eq!(scene.n_probes, 0, "nothing was wanted");
    assert!(scene.estimate() >= KBPS(300), "{}", scene.history());
}

#[test]
fn a_link_that_swings_is_used_to_seven_tenths() {
    let mut scene = settled(3_000, 3_000);
    for half in 0..8 {
        scene.link.rate = KBPS(if half % 2 == 0 { 1_000 } else { 3_000 });
        scene.run(10);
    }
    let used = scene.arrived(200..1_000);
    assert!(used > KBPS(1_400), "{used}\n{}", scene.history());
}
