//! The end.

use std::time::Duration;

use sfu_core::command::CloseReason;
use sfu_core::error::CommandError;
use sfu_core::event::Event;
use sfu_server::{Config, RequestError, Sfu};

use crate::client::Link;
use crate::client::node::Node;
use crate::client::party::Party;

/// What an operator waits for a graceful stop.
const WITHIN: Duration = Duration::from_secs(5);

#[test]
fn a_shutdown_says_goodbye_to_everybody_and_frees_the_port() {
    let mut node = Node::start(&["127.0.0.1:0"], 3);
    let mut party = Party::new();
    let address = node.address();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::tcp(address));
    party.watch(&mut node, 20);
    let clock = sfu_net::clock::Clock::start();
    node.shutdown(WITHIN);
    assert!(clock.now() < sfu_model::time::Instant::START + WITHIN);
    // The goodbyes are in the clients' sockets by now.
    party.run_until(&mut node, "everybody has got a DTLS close", |clients, _| {
        clients.iter().all(|client| client.is_closed)
    });
    let reasons: Vec<CloseReason> = node
        .events
        .iter()
        .filter_map(|event| match event {
            Event::SessionClosed { reason, .. } => Some(*reason),
            Event::SessionConnected { .. }
            | Event::FirstPacketSent { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. }
            | Event::AddressValidated { .. }
            | Event::AddressForgotten { .. } => None,
        })
        .collect();
    assert_eq!(reasons, [CloseReason::Shutdown; 3]);
    let config = Config {
        listen: vec![address],
        advertise: Vec::new(),
        n_workers: 1,
    };
    let (_successor, _events) = Sfu::start(&config).unwrap();
}

#[test]
fn a_node_that_has_stopped_refuses_politely() {
    let node = Node::start(&["127.0.0.1:0"], 1);
    node.shutdown(WITHIN);
    let room = sfu_model::id::RoomId::parse("demo").unwrap();
    let session = sfu_net::entropy::session_id().unwrap();
    let publish = node
        .sfu
        .publish(session, room.clone(), String::new(), false);
    assert_eq!(node.block_on(publish), Err(RequestError::Stopped));
    let play = node.sfu.play(session, room, String::new());
    assert_eq!(
        node.block_on(play),
        Err(RequestError::Refused(CommandError::RoomEmpty))
    );
    assert!(node.sfu.rooms().is_empty());
    assert!(node.stats().is_empty());
}

#[test]
fn the_last_handle_takes_the_threads_with_it() {
    let node = Node::start(&["127.0.0.1:0"], 2);
    let address = node.address();
    drop(node);
    let config = Config {
        listen: vec![address],
        advertise: Vec::new(),
        n_workers: 1,
    };
    let clock = sfu_net::clock::Clock::start();
    let deadline = clock.now() + WITHIN;
    // Nobody is left who could tell when the port is free.
    while Sfu::start(&config).is_err() {
        assert!(clock.now() < deadline, "the port is still taken");
        std::thread::yield_now();
    }
}
