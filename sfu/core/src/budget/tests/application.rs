//! A sender that has less to send than the path carries: the usual case, since a layer has the rate that it has.

use sfu_model::rate::Bitrate;

use super::link::Link;
use super::scene::Scene;

const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;

#[test]
fn the_estimate_neither_falls_nor_inflates_while_little_is_sent() {
    let mut scene = Scene::new(Link::new(5_000, 50));
    scene.media = KBPS(300);
    scene.run(120);
    for sample in &scene.samples {
        let estimate = sample.estimate;
        assert!(
            estimate >= KBPS(300) && estimate <= KBPS(1_100),
            "{estimate}"
        );
    }
    assert_eq!(scene.n_probes, 0, "nothing more was wanted");
    scene.estimator.set_wanted(KBPS(5_000));
    scene.run(10);
    let found = scene.estimate();
    assert!(
        found >= KBPS(4_250) && found <= KBPS(5_300),
        "{found}\n{}",
        scene.history()
    );
}

#[test]
fn what_is_wanted_is_found_once_and_then_left_alone() {
    let mut scene = Scene::new(Link::new(8_000, 30));
    scene.media = KBPS(600);
    scene.estimator.set_wanted(KBPS(2_500));
    scene.run(5);
    assert!(scene.estimate() >= KBPS(2_500), "{}", scene.history());
    let n_probes = scene.n_probes;
    scene.run(60);
    assert_eq!(scene.n_probes, n_probes, "{}", scene.history());
    assert!(scene.estimate() >= KBPS(2_500), "{}", scene.history());
    assert!(scene.estimate() <= KBPS(3_200), "{}", scene.history());
}

#[test]
fn probes_of_a_full_link_cost_little_and_do_not_lower_the_estimate() {
    let mut scene = Scene::new(Link::new(1_000, 50));
    scene.media = KBPS(700);
    scene.estimator.set_wanted(KBPS(4_000));
    scene.run(120);
    let history = scene.history();
    let extra = scene.sent(100..1_200).saturating_sub(KBPS(700));
    assert!(extra <= KBPS(70), "{extra}\n{history}");
    for sample in &scene.samples[50..] {
        assert!(sample.estimate >= KBPS(650), "{sample:?}\n{history}");
        assert!(sample.estimate <= KBPS(1_150), "{sample:?}\n{history}");
    }
}
