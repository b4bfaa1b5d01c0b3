//! A keyframe request that cannot leave, as a late message of another worker can be, is no reason to wake: for a publisher
//! that is not connected yet, or for a track that has no keyframes.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::link::LinkMessage;
use sfu_model::id::{EncodingId, RoomId, TrackId, WorkerId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};

/// Asks for a keyframe of every encoding of the worker; true when it then wants to be driven later than at once.
fn rests_after_requests(world: &mut World) -> bool {
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
        let message = LinkMessage::RequestKeyframe { room, request };
        sfu.handle_link(WorkerId(1), message, now);
    }
    let later = now + Duration::from_secs(1);
    sfu.handle_timeout(later);
    sfu.poll_timeout().is_some_and(|at| at > later)
}

#[test]
fn a_request_before_the_transport_is_up_does_not_keep_the_worker_busy() {
    let mut world = World::new(180, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    assert!(rests_after_requests(&mut world));
}

#[test]
fn a_request_for_sound_does_not_keep_the_worker_busy() {
    let mut world = World::new(181, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    assert!(rests_after_requests(&mut world));
}
