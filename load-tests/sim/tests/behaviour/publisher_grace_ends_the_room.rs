//! A room whose publisher stays away ends after the grace; until then its viewers stay, after it they are told.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::command::CloseReason;
use sfu_core::limits::PUBLISHER_GRACE;

#[test]
fn viewers_on_every_worker_are_closed_when_the_grace_is_over() {
    let mut world = World::new(150, 3);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewers = [(); 3].map(|()| world.watch("demo").unwrap());
    world.run_for(Duration::from_secs(1));
    world.leave(publisher).unwrap();
    world.run_for(PUBLISHER_GRACE - Duration::from_millis(100));
    for viewer in viewers {
        assert_eq!(world.browser(viewer).close_reason, None);
    }
    let late = world.watch("demo").unwrap_err();
    assert_eq!(late.code(), Some("stream-offline"));
    world.run_for(Duration::from_millis(200));
    for viewer in viewers {
        assert_eq!(
            world.browser(viewer).close_reason,
            Some(CloseReason::RoomEnded)
        );
    }
    for (_, worker) in world.node().workers() {
        let stats = worker.stats();
        assert_eq!((stats.n_subscribers, stats.n_rooms), (0, 0));
    }
}
