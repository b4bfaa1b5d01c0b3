//! A binding request that names a session but does not prove its password is dropped: no answer, no state, no harm.

use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::oracle::freeze;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_core::event::Event;
use sfu_model::drop_reason::DropReason;

fn node_ufrag(world: &mut World, browser: BrowserId) -> String {
    let answer = world.browser_mut(browser).engine().answer().to_owned();
    let line = answer.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:"));
    line.expect("a ufrag").to_owned()
}

/// A binding request with this USERNAME and a MESSAGE-INTEGRITY of nobody's (RFC 8489 section 14).
fn forged_request(ufrag: &str) -> Vec<u8> {
    let username = format!("{ufrag}:abcd");
    let mut attributes = vec![0x00, 0x06];
    attributes.extend(u16::try_from(username.len()).unwrap().to_be_bytes());
    attributes.extend(username.as_bytes());
    attributes.resize(attributes.len().next_multiple_of(4), 0);
    attributes.extend([0x00, 0x25, 0, 0]); // USE-CANDIDATE
    attributes.extend([0x00, 0x08, 0, 20]);
    attributes.extend([0x5a; 20]);
    let mut request = vec![0x00, 0x01];
    request.extend(u16::try_from(attributes.len()).unwrap().to_be_bytes());
    request.extend([0x21, 0x12, 0xa4, 0x42]);
    request.extend([7; 12]);
    request.extend(attributes);
    request
}

#[test]
fn a_forged_binding_request_is_ignored() {
    let mut world = World::new(120, 1);
    let attacker = SocketAddr::from(([203, 0, 113, 9], 666));
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(1));
    let ufrag = node_ufrag(&mut world, viewer);
    let from = world.now();
    for _ in 0..1_000 {
        world.inject(attacker, forged_request(&ufrag));
        world.inject(attacker, forged_request("nobody"));
        world.run_for(Duration::from_millis(2));
    }

    let (_, worker) = world.node().workers().next().unwrap();
    let drops = worker.stats().drops;
    // The last is still on its way.
    assert!(drops.get(DropReason::BadStunIntegrity) >= 990);
    assert!(drops.get(DropReason::UnknownUfrag) >= 990);
    assert_eq!(world.n_sent_to(attacker), 0);
    let validated =
        |e: &Event| matches!(e, Event::AddressValidated { address, .. } if *address == attacker);
    assert!(!world.events().iter().any(|(_, _, e)| validated(e)));
    let shown = &world.viewer(viewer).decoder.shown;
    let verdict = freeze::check(shown, from, world.now(), Duration::from_millis(45));
    assert_eq!(verdict, Ok(()));
    assert_eq!(world.browser(viewer).close_reason, None);
}
