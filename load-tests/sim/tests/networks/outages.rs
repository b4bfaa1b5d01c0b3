//! A link that is gone for a while, an address that changes: how soon there is a picture again.

use std::time::Duration;

use freshet_sim::network::Conditions;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_model::time::Instant;

fn live_world(seed: u64) -> (World, BrowserId, BrowserId) {
    live_world_of(seed, Camera::live(H264))
}

fn live_world_of(seed: u64, camera: Camera) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed, 2);
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    (world, publisher, viewer)
}

fn line() -> Conditions {
    Conditions::default().with_round_trip(Duration::from_millis(50))
}

/// From a moment to the next picture on the screen that is younger than it.
fn back_after(world: &World, viewer: BrowserId, since: Instant) -> Duration {
    let shown = &world.viewer(viewer).screen.shown;
    let first = shown.iter().find(|s| s.stamp.captured_at >= since);
    let after = first.expect("a picture again").at - since;
    println!("a picture after {after:?}");
    after
}

/// A viewer of either camera sees nothing for so long, over a city, a continent or an ocean: how soon a picture is back in the
/// worst of some worlds. What was sent meanwhile is missing, and asked for all at once when the first packet comes again.
fn back_after_blackout(lasted: Duration) -> Duration {
    let mut longest = Duration::ZERO;
    for (round_trip_ms, seed) in [20, 100, 200]
        .into_iter()
        .flat_map(|ms| (61..64).map(move |seed| (ms, seed)))
    {
        for camera in [Camera::live(H264), Camera::live(H264).simulcast()] {
            let (mut world, _, viewer) = live_world_of(seed, camera);
            let line = Conditions::default().with_round_trip(Duration::from_millis(round_trip_ms));
            world.set_path(viewer, line);
            // Not at the same moment between two pictures each time.
            world.run_for(Duration::from_millis(1_000 + 7 * seed));
            world.set_path(viewer, line.cut());
            world.run_for(lasted);
            world.set_path(viewer, line);
            let back_at = world.now();
            let watching = come_back(&mut world, viewer, lasted);
            world.set_path(watching, line);
            world.run_for(Duration::from_secs(6));
            longest = longest.max(back_after(&world, watching, back_at));
        }
    }
    longest
}

/// What the player does after a long silence: an ICE restart, and where its session is over (404), another one with the same
/// token.
fn come_back(world: &mut World, viewer: BrowserId, silence: Duration) -> BrowserId {
    if silence < Duration::from_secs(30) {
        return viewer;
    }
    match world.roam(viewer) {
        Ok(true) => viewer,
        Ok(false) => panic!("the restart's answer is not usable"),
        Err(error) => {
            assert_eq!(error.code, "no-such-session");
            world.watch("demo").unwrap()
        }
    }
}

#[test]
fn half_a_second_of_blackout_is_over_in_half_a_second() {
    let after = back_after_blackout(Duration::from_millis(500));
    assert!(after <= Duration::from_millis(500), "{after:?}");
}

#[test]
fn seconds_of_blackout_are_over_in_one() {
    for lasted in [3, 5] {
        let after = back_after_blackout(Duration::from_secs(lasted));
        assert!(after <= Duration::from_secs(1), "{lasted} s: {after:?}");
    }
}

#[test]
fn after_thirty_seconds_of_blackout_the_player_restarts_or_joins_again() {
    let after = back_after_blackout(Duration::from_secs(30));
    assert!(after <= Duration::from_secs(3), "{after:?}");
}

#[test]
fn an_address_that_changes_costs_less_than_two_seconds() {
    let (mut world, _, viewer) = live_world(64);
    let changed_at = world.now();
    world.set_path(viewer, line().cut());
    // As long as a browser takes to notice that its interface is another, at most.
    world.run_for(Duration::from_millis(1_000));
    assert_eq!(world.roam(viewer), Ok(true));
    world.run_for(Duration::from_secs(4));
    let after = back_after(&world, viewer, changed_at);
    assert!(after <= Duration::from_secs(2), "{after:?}");
}

/// A router that forgets tells nobody: the node follows with the browser's next check (RFC 8445 section 7.3.1.3, a
/// peer-reflexive address), which comes every few seconds.
#[test]
fn a_router_that_forgets_a_viewer_is_followed_without_a_restart() {
    let (mut world, _, viewer) = live_world(65);
    let rebound_at = world.now();
    let seen_as = world.rebind(viewer);
    world.run_for(Duration::from_secs(10));
    assert!(world.n_sent_to(seen_as) > 100, "the node follows");
    let after = back_after(&world, viewer, rebound_at);
    assert!(after <= Duration::from_secs(6), "{after:?}");
    assert_eq!(world.browser(viewer).close_reason, None);
}

#[test]
fn a_router_that_forgets_a_publisher_is_followed_without_a_restart() {
    let (mut world, publisher, viewer) = live_world(66);
    let rebound_at = world.now();
    world.rebind(publisher);
    world.run_for(Duration::from_secs(10));
    let after = back_after(&world, viewer, rebound_at);
    assert!(after <= Duration::from_secs(6), "{after:?}");
    assert_eq!(world.browser(publisher).close_reason, None);
}

#[test]
fn a_router_that_forgets_is_overtaken_by_a_restart() {
    let (mut world, _, viewer) = live_world(67);
    let rebound_at = world.now();
    world.rebind(viewer);
    world.run_for(Duration::from_millis(500));
    assert_eq!(world.roam(viewer), Ok(true));
    world.run_for(Duration::from_secs(4));
    let after = back_after(&world, viewer, rebound_at);
    assert!(after <= Duration::from_secs(2), "{after:?}");
}
