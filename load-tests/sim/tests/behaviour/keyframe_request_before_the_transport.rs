//! A keyframe request for a publisher that is not connected yet, as a late message of another worker can be, is no reason
//! to wake: the core has nothing to do before the transport is up.

use std::time::Duration;

use freshet_sim::network::Conditions;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::link::LinkMessage;
use sfu_model::id::{EncodingId, RoomId, TrackId, WorkerId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};

#[test]
fn a_request_before_the_transport_is_up_does_not_keep_the_worker_busy() {
    let mut world = World::new(180, 1);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.set_path(publisher, Conditions::default().cut());
    world.browser_mut(publisher).vanish();
    let now = world.now();
    let room = RoomId::parse("demo").unwrap();
    let sfu = world.node().worker(WorkerId(0)).unwrap();
    for encoding in 0..10 {
        let request = KeyframeRequest {
            track: TrackId(encoding),
            encoding: EncodingId(encoding),
            reason: KeyframeReason::Join,
        };
        let room = room.clone();
        sfu.handle_link(
            WorkerId(1),
            LinkMessage::RequestKeyframe { room, request },
            now,
        );
    }
    let later = now + Duration::from_secs(1);
    sfu.handle_timeout(later);
    assert!(sfu.poll_timeout().is_some_and(|at| at > later));
}
