//! Whoever may watch can make a check that authenticates, and say that it comes from anywhere: media of the session that is
//! heard there goes on, on one worker and on several.

use std::net::SocketAddr;
use std::time::Duration;

use aws_lc_rs::hmac;
use freshet_sim::network::Conditions;
use freshet_sim::oracle::freeze;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_core::event::Event;
use sfu_model::drop_reason::DropReason;

/// More addresses than a session may have.
const N_ADDRESSES: u16 = 16;

fn of_answer(world: &mut World, browser: BrowserId, attribute: &str) -> String {
    let answer = world.browser_mut(browser).engine().answer().to_owned();
    let line = answer.lines().find_map(|line| line.strip_prefix(attribute));
    line.expect("an attribute").to_owned()
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    let mut bytes = [kind.to_be_bytes(), length.to_be_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A check of a session by somebody who has its credentials (RFC 8445 section 7.2.2), which nominates.
fn check(world: &mut World, of: BrowserId, n: u16) -> Vec<u8> {
    let ufrag = of_answer(world, of, "a=ice-ufrag:");
    let password = of_answer(world, of, "a=ice-pwd:");
    let username = format!("{ufrag}:{}", world.browser_mut(of).engine().ufrag());
    let mut attributes = attribute(0x0006, username.as_bytes());
    attributes.extend(attribute(0x0024, &0x6e_00_1e_ff_u32.to_be_bytes())); // PRIORITY
    attributes.extend(attribute(0x802a, &[9; 8])); // ICE-CONTROLLING
    attributes.extend(attribute(0x0025, &[])); // USE-CANDIDATE
    let mut request = vec![0x00, 0x01];
    // MESSAGE-INTEGRITY is part of the length that it covers (RFC 8489 section 14.5).
    let length = u16::try_from(attributes.len() + 24).unwrap();
    request.extend(length.to_be_bytes());
    request.extend([0x21, 0x12, 0xa4, 0x42]);
    request.extend([0x41; 10]);
    request.extend(n.to_be_bytes());
    request.extend(attributes);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let integrity = hmac::sign(&key, &request);
    request.extend(attribute(0x0008, integrity.as_ref()));
    request
}

/// A stream with viewers on all workers, one of whom tells everybody else's addresses as its own, over and over.
fn plunder(n_workers: usize) -> World {
    let mut world = World::new(130, n_workers);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewers = [(); 4].map(|()| world.watch("demo").unwrap());
    world.run_for(Duration::from_secs(2));
    let [attacker, others @ ..] = viewers;
    let victims = [publisher, others[0], others[1], others[2]];
    let addresses = victims.map(|victim| world.browser(victim).address);
    let from = world.now();
    for n in 0..200 {
        for address in addresses {
            let request = check(&mut world, attacker, n);
            world.inject(address, request);
        }
        // Those that it has, it is to lose to others.
        let own = SocketAddr::from(([203, 0, 113, 9], 1_000 + n % N_ADDRESSES));
        let request = check(&mut world, attacker, n);
        world.inject(own, request);
        world.run_for(Duration::from_millis(50));
    }
    for viewer in others {
        let shown = &world.viewer(viewer).decoder.shown;
        let verdict = freeze::check(shown, from, world.now(), Duration::from_millis(45));
        assert_eq!(verdict, Ok(()));
    }
    for victim in victims {
        assert_eq!(world.browser(victim).close_reason, None);
    }
    world
}

#[test]
fn on_the_same_worker() {
    let mut world = plunder(1);
    let (_, worker) = world.node().workers().next().unwrap();
    assert!(worker.stats().drops.get(DropReason::AddressHeld) >= 700);
}

#[test]
fn on_another_worker() {
    let world = plunder(4);
    let lets_in = |e: &Event| matches!(e, Event::AddressValidated { .. });
    let n_let_in = world.events().iter().filter(|(_, _, e)| lets_in(e)).count();
    assert!(n_let_in > 700, "{n_let_in}: its checks authenticate");
}

#[test]
fn an_address_at_which_nobody_is_heard_any_more_is_anybodys() {
    let mut world = World::new(131, 2);
    world.publish("demo", Camera::new(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let (gone, stays) = (world.watch("demo").unwrap(), world.watch("demo").unwrap());
    world.run_for(Duration::from_secs(2));
    let address = world.browser(gone).address;
    let cut = Conditions {
        is_cut: true,
        ..Conditions::default()
    };
    world.set_path(gone, cut);
    world.run_for(Duration::from_secs(3));
    let request = check(&mut world, stays, 0);
    world.set_path(gone, Conditions::default());
    world.inject(address, request);
    world.run_for(Duration::from_millis(15));
    let is_let_in =
        |e: &Event| matches!(e, Event::AddressValidated { address: a, .. } if *a == address);
    let events = world.events().iter();
    assert_eq!(events.filter(|(_, _, e)| is_let_in(e)).count(), 2);
}
