//! Ways to reach a worker.

use crate::client::Link;
use crate::client::h264::assert_continuous;
use crate::client::node::Node;
use crate::client::party::Party;

#[test]
fn tcp_alone_is_enough_wherever_the_connection_lands() {
    let mut node = Node::start(&["127.0.0.1:0"], 4);
    let mut party = Party::new();
    let address = node.address();
    party.publish_live(&mut node, "demo", Link::tcp(address));
    for _ in 0..12 {
        party.play(&node, "demo", Link::tcp(address));
    }
    party.watch(&mut node, 60);
    for player in &party.clients[1..] {
        assert_continuous(player.stamps());
    }
    let stats = node.stats();
    assert_eq!(
        stats
            .iter()
            .map(|worker| worker.n_connections)
            .sum::<usize>(),
        13
    );
    // Each worker has the connections of its own sessions, whoever accepted them.
    for worker in &stats {
        let n_sessions = worker.core.n_publishers + worker.core.n_subscribers;
        assert_eq!(worker.n_connections, n_sessions, "{worker:?}");
    }
}

#[test]
fn ipv6_works_over_udp_and_tcp() {
    let mut node = Node::start(&["[::1]:0"], 2);
    let mut party = Party::new();
    let address = node.address();
    party.publish_live(&mut node, "demo", Link::udp("::1"));
    party.play(&node, "demo", Link::udp("::1"));
    party.play(&node, "demo", Link::tcp(address));
    party.watch(&mut node, 60);
    assert_continuous(party.clients[1].stamps());
    assert_continuous(party.clients[2].stamps());
}

#[test]
fn one_node_serves_both_families_on_one_port() {
    let mut node = Node::start(&["127.0.0.1:0", "[::1]:0"], 2);
    let mut party = Party::new();
    let ports: Vec<u16> = node
        .sfu
        .listens_on()
        .iter()
        .map(|address| address.port())
        .collect();
    assert_eq!(ports[0], ports[1]);
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("::1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 60);
    assert_continuous(party.clients[1].stamps());
    assert_continuous(party.clients[2].stamps());
}

#[test]
fn a_closed_session_closes_its_connection() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    let address = node.address();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::tcp(address));
    party.watch(&mut node, 10);
    let session = party.clients[1].session;
    node.block_on(
        node.sfu
            .close(session, sfu_core::command::CloseReason::Requested),
    );
    party.run_until(
        &mut node,
        "the player heard it and its connection is gone",
        |clients, node| {
            clients[1].is_closed && node.stats().iter().all(|worker| worker.n_connections == 0)
        },
    );
}
