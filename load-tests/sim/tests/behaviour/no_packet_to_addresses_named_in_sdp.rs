//! An address that is only named in SDP is never sent anything (RFC 8445 section 19.5.1).

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, JoinError, World};

/// Loopback, the metadata service of clouds, a victim.
const NAMED: [&str; 3] = ["127.0.0.1 8080", "169.254.169.254 80", "198.51.100.7 53"];

fn naming_victims(offer: String) -> String {
    let mut tampered = String::new();
    for line in offer.lines() {
        tampered.push_str(line);
        tampered.push_str("\r\n");
        if line.starts_with("a=mid:") {
            for (address, foundation) in NAMED.iter().zip(1..) {
                let candidate =
                    format!("a=candidate:{foundation} 1 udp 2130706431 {address} typ host\r\n");
                tampered.push_str(&candidate);
            }
        }
    }
    assert_ne!(tampered, offer);
    tampered
}

/// Through the endpoints, which take candidates out of an offer, or to a worker, which gets them.
type Join = fn(&mut World, Option<(Camera, bool)>) -> Result<BrowserId, JoinError>;

fn nothing_is_sent_to_what_is_named(join: Join) {
    let mut world = World::new(140, 1);
    let camera = Camera::new(H264);
    let publisher = join(&mut world, Some((camera, false))).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = join(&mut world, None).unwrap();
    world.run_for(Duration::from_secs(20));

    assert!(
        world.viewer(viewer).decoder.shown.len() > 400,
        "it works as if they were not named"
    );
    let real = [publisher, viewer].map(|id| world.browser(id).address);
    let sent_to: Vec<_> = world.sent_to().collect();
    assert_eq!(sent_to, real);
}

#[test]
fn nothing_is_sent_to_addresses_that_are_only_named() {
    nothing_is_sent_to_what_is_named(|world, publishing| {
        world.join("demo", publishing, naming_victims)
    });
}

#[test]
fn a_worker_that_is_told_of_addresses_sends_nothing_to_them() {
    nothing_is_sent_to_what_is_named(|world, publishing| {
        world.join_at_worker("demo", publishing, naming_victims)
    });
}
