//! Clocks that are wrong: participants' that are set or run fast, and a node whose machine was suspended. Nothing is lost.

use std::time::Duration;

use freshet_sim::clock::LocalClock;
use freshet_sim::oracle::{continuity, player};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::{BrowserId, World};
use sfu_model::time::Instant;

const HOUR: Duration = Duration::from_secs(3_600);

fn nothing_was_lost(world: &World, viewer: BrowserId, from: Instant) {
    let seen = world.viewer(viewer);
    let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
    assert_eq!(verdict, Ok(()));
    let interval = Camera::live(H264).frame_interval;
    let smoothness = smoothness_since(seen, from, world.now(), interval);
    assert_eq!(smoothness.n_freezes, 0, "{smoothness:?}");
    assert!(smoothness.shown.0 >= 999, "{smoothness:?}");
}

fn live_world(
    seed: u64,
    publisher: LocalClock,
    viewer: LocalClock,
) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed, 2);
    world.set_newcomers_clock(publisher);
    let publisher = world
        .publish("demo", Camera::live(H264).simulcast())
        .unwrap();
    world.run_for(Duration::from_secs(2));
    world.set_newcomers_clock(viewer);
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    (world, publisher, viewer)
}

#[test]
fn a_wall_clock_that_is_set_by_an_hour_or_a_second_loses_nothing() {
    let clock = LocalClock::default();
    let (mut world, publisher, viewer) = live_world(71, clock, clock);
    let from = world.now();
    let second = Duration::from_secs(1);
    for behind in [HOUR, HOUR * 2, HOUR, HOUR + second, HOUR, HOUR - second] {
        world.browser_mut(publisher).engine().set_wall_clock(behind);
        // Sender reports come every few seconds, and what they say is used by a change of encoding.
        world.run_for(Duration::from_secs(8));
        let source = world.browser_mut(publisher).publisher().unwrap();
        source.pause(2, true);
        world.run_for(Duration::from_millis(300));
        let source = world.browser_mut(publisher).publisher().unwrap();
        source.pause(2, false);
        world.run_for(Duration::from_secs(2));
    }
    let seen = world.viewer(viewer);
    let bounds = continuity::Bounds {
        // The pauses: three tenths of a second without a packet, which no number tells of.
        missing_max: 0,
        ..continuity::Bounds::STRICT
    };
    assert_eq!(player::check(seen, &[0], bounds), Ok(()));
    let longest = freshet_sim::oracle::freeze::longest(&seen.decoder.shown, from, world.now());
    assert!(longest.lasted < Duration::from_millis(500), "{longest:?}");
}

#[test]
fn clocks_that_are_off_and_run_fast_or_slow_lose_nothing() {
    for (seed, ppm) in (72..).zip([-200, 200]) {
        let clock = |fast_ppm| LocalClock {
            ahead: HOUR,
            fast_ppm,
        };
        let (mut world, _, viewer) = live_world(seed, clock(-ppm), clock(ppm));
        let from = world.now();
        world.run_for(Duration::from_secs(60));
        nothing_was_lost(&world, viewer, from);
    }
}

#[test]
fn a_node_that_was_suspended_for_thirty_seconds_goes_on() {
    let clock = LocalClock::default();
    let (mut world, publisher, viewer) = live_world(75, clock, clock);
    world.suspend_node(Duration::from_secs(30));
    world.run_for(Duration::from_secs(30));
    let woke_at = world.now();
    // Browsers have noticed long since; both sessions are still there.
    for participant in [publisher, viewer] {
        assert_eq!(world.browser(participant).close_reason, None);
        assert_eq!(world.roam(participant), Ok(true));
    }
    world.run_for(Duration::from_secs(5));
    let shown = &world.viewer(viewer).screen.shown;
    let first = shown.iter().find(|s| s.stamp.captured_at >= woke_at);
    let after = first.expect("a picture again").at - woke_at;
    assert!(after <= Duration::from_secs(3), "{after:?}");
}
