//! Media between workers.

use std::collections::HashSet;

use sfu_core::event::{Event, Role};
use sfu_model::drop_reason::DropReason;
use sfu_model::id::WorkerId;
use sfu_server::WorkerStats;

use crate::client::Link;
use crate::client::h264::assert_continuous;
use crate::client::node::Node;
use crate::client::party::Party;

fn workers_with(stats: &[WorkerStats], has: impl Fn(&WorkerStats) -> bool) -> HashSet<WorkerId> {
    stats
        .iter()
        .filter(|worker| has(worker))
        .map(|worker| worker.worker)
        .collect()
}

#[test]
fn a_player_on_another_worker_sees_an_unbroken_stream() {
    let mut node = Node::start(&["127.0.0.1:0"], 4);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 150);
    assert_continuous(party.clients[1].stamps());
    let stats = node.stats();
    let publishers = workers_with(&stats, |worker| worker.core.n_publishers > 0);
    let players = workers_with(&stats, |worker| worker.core.n_subscribers > 0);
    assert!(
        publishers.is_disjoint(&players),
        "{publishers:?} {players:?}"
    );
    assert_eq!(node.drops(DropReason::MailboxFull), 0);
}

#[test]
fn a_stream_crosses_to_a_worker_once_however_many_watch_there() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    for _ in 0..12 {
        party.play(&node, "demo", Link::udp("127.0.0.1"));
    }
    party.watch(&mut node, 60);
    for player in &party.clients[1..] {
        assert_continuous(player.stamps());
    }
    let stats = node.stats();
    assert!(
        stats.iter().all(|worker| worker.core.n_subscribers > 1),
        "{stats:?}"
    );
    let sum = |of: fn(&WorkerStats) -> u64| stats.iter().map(of).sum::<u64>();
    let (taken, linked) = (sum(|w| w.core.packets_in), sum(|w| w.core.packets_linked));
    assert!(
        linked > 0 && linked <= taken,
        "{linked} of {taken} packets crossed"
    );
}

#[test]
fn a_burst_leaves_in_one_call() {
    let mut node = Node::start(&["127.0.0.1:0"], 1);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 300);
    let stats = node.stats().remove(0);
    let (sockets, packets_out) = (stats.sockets, stats.core.packets_out);
    // Reports and checks travel alone: what is left of the calls carried media, three packets of a picture at a time.
    let alone = sockets.datagrams_out - packets_out;
    let calls = sockets.calls_out - alone;
    assert!(
        packets_out * 2 >= calls * 5,
        "{packets_out} in {calls}: {sockets:?}"
    );
    assert!(
        sockets.datagrams_in * 2 > sockets.messages_in * 3,
        "{sockets:?}"
    );
    assert_eq!(sockets.runs_cut_by_hand, 0);
}

#[test]
fn datagrams_that_the_kernel_gives_to_the_wrong_worker_arrive() {
    let mut node = Node::start(&["127.0.0.1:0"], 4);
    let mut party = Party::new();
    let rooms = ["one", "two", "three", "four"];
    for room in rooms {
        party.publish_live(&mut node, room, Link::udp("127.0.0.1"));
    }
    for index in 0..28 {
        party.play(&node, rooms[index % rooms.len()], Link::udp("127.0.0.1"));
    }
    party.watch(&mut node, 40);
    for player in &party.clients[rooms.len()..] {
        assert_continuous(player.stamps());
    }
    // Three of four senders hash to another worker than their own; which ones is the kernel's secret, so that a single worker
    // may have none.
    let strays = node.stats().iter().fold((0, 0), |(out, into), worker| {
        (
            out + worker.thread.strays_out,
            into + worker.thread.strays_in,
        )
    });
    assert!(strays.0 > 100 && strays.1 > 100, "{strays:?}");
    assert_eq!(node.drops(DropReason::MailboxFull), 0);
    assert_eq!(node.drops(DropReason::UnvalidatedSource), 0);
}

#[test]
fn the_node_knows_who_publishes_and_who_plays() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    for _ in 0..3 {
        party.play(&node, "demo", Link::udp("127.0.0.1"));
    }
    party.watch(&mut node, 10);
    assert_eq!(node.sfu.rooms()[0].n_viewers, 3);
    let room = node.sfu.rooms()[0].room.clone();
    let status = node.block_on(node.sfu.room(&room)).unwrap();
    assert!(status.is_live);
    assert_eq!(
        (status.n_subscribers, status.publisher),
        (3, Some(party.clients[0].session))
    );
    assert!(status.tracks[0].encodings[0].is_flowing);
    party.run_until(&mut node, "everybody is said to be connected", |_, node| {
        let connected = |event: &&Event| matches!(event, Event::SessionConnected { .. });
        node.events.iter().filter(connected).count() == 4
    });
    node.block_on(node.sfu.end_room(room));
    party.run_until(&mut node, "everybody is closed", |clients, node| {
        clients.iter().all(|client| client.is_closed) && node.sfu.rooms().is_empty()
    });
    let closed = |wanted: Role| {
        let is_it =
            |event: &&Event| matches!(event, Event::SessionClosed { role, .. } if *role == wanted);
        node.events.iter().filter(is_it).count()
    };
    assert_eq!((closed(Role::Publisher), closed(Role::Subscriber)), (1, 3));
}
