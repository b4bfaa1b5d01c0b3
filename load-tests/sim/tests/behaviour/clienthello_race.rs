//! Somebody else's DTLS hello arrives before the client's own: it is dropped, answered with nothing, and changes nothing.

use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_model::drop_reason::DropReason;

/// The head of a DTLS 1.2 ClientHello record with an invalid cipher list.
const HELLO: [u8; 32] = [
    22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 254, 253, 0,
    0, 0, 0, 0,
];

#[test]
fn hellos_from_addresses_that_did_not_pass_ice_change_nothing() {
    let mut world = World::new(110, 1);
    let attacker = SocketAddr::from(([203, 0, 113, 9], 666));
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    let mut n_hellos: u64 = 0;
    let mut viewers = Vec::new();
    for turn in 0..2_000_u64 {
        world.inject(attacker, HELLO.to_vec());
        n_hellos += 1;
        if turn > 300 && turn % 100 == 0 {
            viewers.push(world.watch("demo").unwrap());
        }
        world.run_for(Duration::from_millis(1));
    }
    world.run_for(Duration::from_secs(1));

    assert_eq!(world.n_sent_to(attacker), 0);
    assert!(world.browser(publisher).connected_at.is_some());
    assert!(!viewers.is_empty());
    for viewer in viewers {
        let connected_at = world.browser(viewer).connected_at.expect("connected");
        let took = connected_at - world.browser(viewer).joined_at;
        assert!(took < Duration::from_millis(150), "{took:?}");
        assert!(!world.viewer(viewer).decoder.shown.is_empty());
    }
    let (_, worker) = world.node().workers().next().unwrap();
    let dropped = worker.stats().drops.get(DropReason::UnvalidatedSource);
    assert_eq!(dropped, n_hellos);
}

#[test]
fn media_from_an_address_that_did_not_pass_ice_goes_nowhere() {
    let mut world = World::new(111, 1);
    let attacker = SocketAddr::from(([203, 0, 113, 9], 666));
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let (_, worker) = world.node().workers().next().unwrap();
    let n_in = worker.stats().packets_in;
    let mut rtp = vec![0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7];
    rtp.resize(200, 0);
    for _ in 0..50 {
        world.inject(attacker, rtp.clone());
    }
    world.run_for(Duration::from_millis(100));
    let (_, worker) = world.node().workers().next().unwrap();
    assert_eq!(worker.stats().drops.get(DropReason::UnvalidatedSource), 50);
    assert!(worker.stats().packets_in - n_in < 50);
    assert_eq!(world.n_sent_to(attacker), 0);
}
