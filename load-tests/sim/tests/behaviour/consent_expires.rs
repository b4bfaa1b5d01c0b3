//! Consent to send is renewed by checks (RFC 7675 section 5.1). Thirty seconds after the last, a session ends.

use std::time::Duration;

use freshet_sim::network::Conditions;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::command::CloseReason;
use sfu_model::limits::CONSENT_TIMEOUT;

#[test]
fn a_viewer_that_vanishes_is_sent_nothing_after_thirty_seconds() {
    let mut world = World::new(90, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    world.browser_mut(viewer).vanish();
    // Its last check was at most three seconds before.
    world.run_for(CONSENT_TIMEOUT - Duration::from_secs(5));
    assert_eq!(world.browser(viewer).close_reason, None);
    world.run_for(Duration::from_secs(6));
    assert_eq!(
        world.browser(viewer).close_reason,
        Some(CloseReason::ConsentExpired)
    );
    let n_sent = world.n_sent_to(world.browser(viewer).address);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.n_sent_to(world.browser(viewer).address), n_sent);
    let (_, worker) = world.node().workers().next().unwrap();
    assert_eq!(worker.stats().n_subscribers, 0);
}

#[test]
fn a_cut_shorter_than_consent_is_survived() {
    let mut world = World::new(91, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    world.set_path(viewer, Conditions::default().cut());
    world.run_for(Duration::from_secs(5));
    world.set_path(viewer, Conditions::default());
    let back_at = world.now();
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.browser(viewer).close_reason, None);
    let shown = &world.viewer(viewer).decoder.shown;
    let first = shown.iter().find(|s| s.at > back_at).expect("a picture");
    assert!(
        first.at - back_at < Duration::from_secs(1),
        "{:?}",
        first.at - back_at
    );
}
