//! However many viewers want a keyframe, few requests reach the publisher.

use std::time::Duration;

use freshet_sim::oracle::request_spacing;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::limits::KEYFRAME_REQUEST_INTERVAL;

#[test]
fn a_hundred_joins_in_a_second_cost_one_request_per_interval_and_encoding() {
    let mut world = World::new(70, 2);
    let publisher = world
        .publish("demo", Camera::new(H264).simulcast())
        .unwrap();
    world.run_for(Duration::from_secs(2));
    let n_before = world
        .browser_mut(publisher)
        .publisher()
        .unwrap()
        .keyframe_requests
        .len();
    let joined_at = world.now();
    let viewers: Vec<_> = (0..100)
        .map(|_| {
            let viewer = world.watch("demo").unwrap();
            world.run_for(Duration::from_millis(10));
            viewer
        })
        .collect();
    world.run_for(Duration::from_secs(1));

    let requests = world
        .browser_mut(publisher)
        .publisher()
        .unwrap()
        .keyframe_requests
        .clone();
    assert_eq!(
        request_spacing::check(&requests, KEYFRAME_REQUEST_INTERVAL),
        Ok(())
    );
    let n_asked = requests.len() - n_before;
    // Four or five for the encoding that they begin with, and a few for the one that they are raised to.
    assert!(
        (3..=8).contains(&n_asked),
        "{n_asked} requests for 100 joins"
    );
    for viewer in viewers {
        let first = world
            .viewer(viewer)
            .decoder
            .shown
            .first()
            .expect("a picture");
        let after = first.at - world.browser(viewer).joined_at;
        assert!(after < Duration::from_millis(500), "{after:?}");
    }
    assert!(world.now() > joined_at);
}
