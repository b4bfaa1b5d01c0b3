//! A client whose certificate is not the one its offer names gets no media, and its media goes nowhere.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::command::CloseReason;
use sfu_core::event::Event;

fn with_another_fingerprint(offer: String) -> String {
    let lines = offer
        .lines()
        .map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(digest) => {
                let first = if digest.starts_with("00") { "FF" } else { "00" };
                format!("a=fingerprint:sha-256 {first}{}\r\n", &digest[2..])
            }
            None => format!("{line}\r\n"),
        });
    let tampered: String = lines.collect();
    assert_ne!(tampered, offer);
    tampered
}

#[test]
fn a_viewer_with_a_wrong_fingerprint_gets_no_media() {
    let mut world = World::new(130, 1);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.join("demo", None, with_another_fingerprint).unwrap();
    world.run_for(Duration::from_secs(20));
    let session = world.browser(viewer).session;
    let reason = world.browser(viewer).close_reason;
    assert_eq!(reason, Some(CloseReason::HandshakeFailed));
    let seen = world.viewer(viewer);
    assert!(seen.audio.is_empty() && seen.video.is_empty());
    for (_, _, event) in world.events() {
        match event {
            Event::SessionConnected { session: s, .. }
            | Event::FirstPacketSent { session: s, .. } => {
                assert_ne!(*s, session);
            }
            Event::SessionClosed { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. }
            | Event::AddressValidated { .. }
            | Event::AddressForgotten { .. } => {}
        }
    }
}

#[test]
fn a_publisher_with_a_wrong_fingerprint_never_goes_live() {
    let mut world = World::new(131, 1);
    let camera = Camera::new(H264);
    let publisher = world
        .join("demo", Some((camera, false)), with_another_fingerprint)
        .unwrap();
    world.run_for(Duration::from_secs(20));
    let reason = world.browser(publisher).close_reason;
    assert_eq!(reason, Some(CloseReason::HandshakeFailed));
    let is_live = |e: &Event| matches!(e, Event::RoomLive { .. });
    assert!(!world.events().iter().any(|(_, _, e)| is_live(e)));
    let (_, worker) = world.node().workers().next().unwrap();
    assert_eq!(worker.stats().packets_in, 0);
}
