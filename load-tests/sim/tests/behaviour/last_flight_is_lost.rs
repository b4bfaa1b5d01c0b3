//! The last flight of a viewer's handshake is lost, and so is what its first repetition is answered with: the node answers the
//! next ones too, and the viewer sees its picture within half a second.

use std::time::Duration;

use freshet_sim::network::{Conditions, Direction};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_core::event::Event;

/// How long the path to the viewer is cut, from a moment before the node's last flight. A browser repeats its own after 50, 150,
/// 350 and 750 ms, each by chance a quarter sooner or later.
const CUT: Duration = Duration::from_millis(200);

/// The third repetition, the first after the cut, and two round trips of 20 ms.
const CONNECTED_WITHIN: Duration = Duration::from_millis(440 + 80);

#[test]
fn repeated_flights_are_answered_as_often_as_it_takes() {
    let mut all = Vec::new();
    for seed in 1..17 {
        let (mut world, _) = world_with_viewer(seed);
        let joined_at = world.elapsed();
        let limit = Duration::from_millis(500);
        assert!(world.run_until(limit, node_is_done), "seed {seed}");
        let node_took = world.elapsed() - joined_at;

        // The same run, but for the cut.
        let (mut world, viewer) = world_with_viewer(seed);
        world.run_for(node_took - Duration::from_millis(1));
        let address = world.browser(viewer).address;
        let cut = Conditions::default().cut();
        world.network().set(address, Direction::Down, cut);
        world.run_for(CUT);
        let is_done = node_is_done(&world);
        assert!(is_done && world.browser(viewer).connected_at.is_none());
        let whole = Conditions::default();
        world.network().set(address, Direction::Down, whole);
        world.run_for(Duration::from_secs(6));

        let browser = world.browser(viewer);
        let took = browser.connected_at.expect("connected") - browser.joined_at;
        assert!(!world.viewer(viewer).decoder.shown.is_empty());
        all.push(took - node_took);
    }
    all.sort_unstable();
    println!("from the lost flight to the one that arrived: {all:?}");
    let last = all.last().copied().unwrap();
    assert!(last < CONNECTED_WITHIN, "{all:?}");
}

fn world_with_viewer(seed: u64) -> (World, BrowserId) {
    let mut world = World::new(seed, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    (world, viewer)
}

/// Publisher and viewer are connected, by what the node knows.
fn node_is_done(world: &World) -> bool {
    let is_it = |event: &Event| matches!(event, Event::SessionConnected { .. });
    world
        .events()
        .iter()
        .filter(|(.., event)| is_it(event))
        .count()
        == 2
}
