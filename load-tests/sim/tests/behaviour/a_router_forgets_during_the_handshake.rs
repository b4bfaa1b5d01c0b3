//! The router before a viewer forgets it while the node's last flight is under way. The viewer repeats its own from another
//! address, and the answer must find it there, long before the node sends media there.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::event::Event;
use sfu_model::time::Instant;

/// The viewer repeats its flight after 50, 150, 350 and 750 ms, each by chance a quarter sooner or later. Its new address is
/// nobody's until its next check has passed, which comes before the fourth; two round trips of 20 ms to get there and back, and
/// as much before it.
const FOURTH_REPETITION_ANSWERED: Duration = Duration::from_millis(940 + 80);

#[test]
fn a_repeated_flight_is_answered_where_it_came_from() {
    for seed in 1..9 {
        let mut world = World::new(seed, 1);
        let camera = Camera::new(H264);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(1));
        let viewer = world.watch("demo").unwrap();
        let session = world.browser(viewer).session;
        let limit = Duration::from_millis(200);
        let is_done = |world: &World| session_connected_at(world, session).is_some();
        assert!(world.run_until(limit, is_done), "seed {seed}");
        assert_eq!(world.browser(viewer).connected_at, None, "seed {seed}");
        let seen_as = world.rebind(viewer);
        world.run_for(Duration::from_secs(4));

        let browser = world.browser(viewer);
        let took = browser.connected_at.expect("connected") - browser.joined_at;
        assert!(took > Duration::from_millis(500), "its flight was not lost");
        assert!(took < FOURTH_REPETITION_ANSWERED, "seed {seed}: {took:?}");
        assert!(world.n_sent_to(seen_as) > 0);
        assert!(world.viewer(viewer).decoder.shown.len() > 40);
        assert!(world.browser(publisher).close_reason.is_none());
    }
}

fn session_connected_at(world: &World, id: sfu_model::id::SessionId) -> Option<Instant> {
    let is_it =
        |event: &Event| matches!(event, Event::SessionConnected { session, .. } if *session == id);
    let mut events = world.events().iter();
    events
        .find(|(_, _, event)| is_it(event))
        .map(|(at, ..)| *at)
}
