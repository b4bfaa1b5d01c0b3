//! A participant changes its network: after an ICE restart by PATCH the old path is cut, and media goes on.

use std::time::Duration;

use freshet_sim::network::{Conditions, Direction};
use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_model::drop_reason::DropReason;

fn live_world(seed: u64) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed, 2);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    (world, publisher, viewer)
}

fn cut_and_go_on(mut world: World, roaming: BrowserId, viewer: BrowserId) {
    let old = world.browser(roaming).address;
    assert_eq!(world.roam(roaming), Ok(true));
    assert_ne!(world.browser(roaming).address, old);
    world.run_for(Duration::from_millis(500));
    for direction in [Direction::Up, Direction::Down] {
        world
            .network()
            .set(old, direction, Conditions::default().cut());
    }
    let cut_at = world.now();
    world.run_for(Duration::from_secs(40));

    let seen = world.viewer(viewer);
    let shown = &seen.decoder.shown;
    let verdict = freeze::check(shown, cut_at, world.now(), Duration::from_millis(45));
    assert_eq!(verdict, Ok(()));
    assert_eq!(
        player::check(seen, &[0], continuity::Bounds::STRICT),
        Ok(())
    );
    assert_eq!(world.browser(roaming).close_reason, None);
    let new = world.browser(roaming).address;
    assert!(
        world.n_sent_to(new) > 10,
        "the node answers on the new path"
    );
}

/// What comes from an address that the client has left by a restart is let in no longer (WI-30).
fn leave_the_old_path(mut world: World, roaming: BrowserId) {
    let old = world.browser(roaming).address;
    let n_dropped = |world: &mut World| -> u64 {
        let workers = world.node().workers();
        workers
            .map(|(_, worker)| worker.stats().drops.get(DropReason::UnvalidatedSource))
            .sum()
    };
    let mut rtp = vec![0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7];
    rtp.resize(200, 0);
    let before = n_dropped(&mut world);
    world.inject(old, rtp.clone());
    world.run_for(Duration::from_millis(500));
    assert_eq!(n_dropped(&mut world), before, "it has passed ICE");

    assert_eq!(world.roam(roaming), Ok(true));
    world.run_for(Duration::from_secs(2));
    let before = n_dropped(&mut world);
    for _ in 0..50 {
        world.inject(old, rtp.clone());
    }
    world.run_for(Duration::from_millis(500));
    assert_eq!(n_dropped(&mut world), before + 50);
}

#[test]
fn a_viewer_leaves_its_old_path() {
    let (world, _, viewer) = live_world(83);
    leave_the_old_path(world, viewer);
}

#[test]
fn a_publisher_leaves_its_old_path() {
    let (world, publisher, _) = live_world(84);
    leave_the_old_path(world, publisher);
}

#[test]
fn a_viewer_goes_on_over_its_new_path() {
    let (world, _, viewer) = live_world(80);
    cut_and_go_on(world, viewer, viewer);
}

#[test]
fn a_publisher_goes_on_over_its_new_path() {
    let (world, publisher, viewer) = live_world(81);
    cut_and_go_on(world, publisher, viewer);
}

#[test]
fn a_restart_after_the_cut_brings_media_back() {
    let (mut world, _, viewer) = live_world(82);
    world.set_path(viewer, Conditions::default().cut());
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.roam(viewer), Ok(true));
    let restarted_at = world.now();
    world.run_for(Duration::from_secs(3));
    let shown = &world.viewer(viewer).decoder.shown;
    let back = shown
        .iter()
        .find(|s| s.at > restarted_at)
        .expect("a picture");
    assert!(
        back.at - restarted_at < Duration::from_millis(500),
        "{:?}",
        back.at - restarted_at
    );
}
