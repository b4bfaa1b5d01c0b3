//! A session whose client never connects is gone fifteen seconds after its POST, and leaves nothing behind.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::command::CloseReason;
use sfu_model::limits::CONNECT_TIMEOUT;

#[test]
fn sessions_that_never_connect_are_reaped() {
    let mut world = World::new(100, 1);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let orphans = [world.watch("demo").unwrap(), world.watch("demo").unwrap()];
    let lonely = world.publish("lonely", Camera::new(H264)).unwrap();
    for orphan in orphans.into_iter().chain([lonely]) {
        world.browser_mut(orphan).vanish();
    }
    world.run_for(CONNECT_TIMEOUT - Duration::from_millis(1));
    assert_eq!(world.browser(orphans[0]).close_reason, None);
    world.run_for(Duration::from_millis(2));
    for orphan in orphans.into_iter().chain([lonely]) {
        let reason = world.browser(orphan).close_reason;
        assert_eq!(reason, Some(CloseReason::NeverConnected));
        let address = world.browser(orphan).address;
        let n_sent = world.n_sent_to(address);
        assert!(n_sent <= 1, "the answer to its only check, not {n_sent}");
    }
    assert_eq!(world.browser(publisher).close_reason, None);
    let (_, worker) = world.node().workers().next().unwrap();
    let stats = worker.stats();
    assert_eq!(
        (stats.n_publishers, stats.n_subscribers, stats.n_rooms),
        (1, 0, 1)
    );
}
