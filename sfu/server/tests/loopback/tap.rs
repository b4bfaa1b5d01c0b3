//! A room that somebody taps.

use std::sync::Mutex;
use std::time::Duration;

use sfu_core::error::CommandError;
use sfu_model::codec::MediaKind;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::RoomId;
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};
use sfu_model::packet::Packet;
use sfu_server::{RequestError, Tap};

use crate::client::Link;
use crate::client::h264::assert_continuous;
use crate::client::node::Node;
use crate::client::party::Party;

/// How long a test looks for what is there already.
const GLANCE: Duration = Duration::from_millis(1);

fn demo() -> RoomId {
    RoomId::parse("demo").unwrap()
}

/// What is waiting in a tap; and whether it has ended.
fn drain(node: &Node, tap: &mut Tap) -> (Vec<Packet>, bool) {
    node.block_on(async {
        let mut packets = Vec::new();
        loop {
            match tokio::time::timeout(GLANCE, tap.next()).await {
                Ok(Some(turn)) => packets.extend(turn),
                Ok(None) => return (packets, true),
                Err(_) => return (packets, false),
            }
        }
    })
}

#[test]
fn a_tap_gets_every_packet_once_beside_the_players() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let mut tap = node.block_on(node.sfu.tap(demo())).unwrap();
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 150);
    assert_continuous(party.clients[1].stamps());
    let (packets, has_ended) = drain(&node, &mut tap);
    assert!(!has_ended);
    let video = packets
        .iter()
        .filter(|p| p.codec.kind() == MediaKind::Video);
    let numbers: Vec<u64> = video.map(|p| p.sequence.0).collect();
    assert!(numbers.len() >= 150, "{}", numbers.len());
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(tap.tracks().len(), 1, "{:?}", tap.tracks());
    assert_eq!(node.drops(DropReason::MailboxFull), 0);
}

#[test]
fn a_room_that_nobody_watches_gives_keyframes_to_its_tap() {
    let mut node = Node::start(&["127.0.0.1:0"], 1);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let tap = Mutex::new(node.block_on(node.sfu.tap(demo())).unwrap());
    let mut seen: Option<KeyframeRequest> = None;
    for _ in 0..3 {
        let found = Mutex::new(None);
        party.run_until(&mut node, "a keyframe", |_, node| {
            let mut tap = tap.lock().unwrap();
            if let Some(request) = seen {
                tap.request_keyframe(request);
            }
            let (packets, _) = drain(node, &mut tap);
            let request = |p: &Packet| KeyframeRequest {
                track: p.track,
                encoding: p.encoding,
                reason: KeyframeReason::Join,
            };
            let first = packets.first().map(request);
            let keyframe = packets.iter().find(|p| p.facts.starts_keyframe);
            let mut found = found.lock().unwrap();
            // The first round only learns whom to ask.
            *found = if seen.is_none() {
                first
            } else {
                keyframe.map(request)
            };
            found.is_some()
        });
        seen = found.into_inner().unwrap();
    }
}

#[test]
fn a_tap_ends_with_its_room_and_cannot_be_made_where_nobody_publishes() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let refused = node.block_on(node.sfu.tap(demo()));
    assert_eq!(
        refused.err(),
        Some(RequestError::Refused(CommandError::RoomEmpty))
    );
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let mut first = node.block_on(node.sfu.tap(demo())).unwrap();
    let second = Mutex::new(node.block_on(node.sfu.tap(demo())).unwrap());
    assert!(drain(&node, &mut first).1, "a room has one tap");
    node.block_on(node.sfu.end_room(demo()));
    party.run_until(&mut node, "the tap ends", |_, node| {
        drain(node, &mut second.lock().unwrap()).1
    });
}

#[test]
fn a_room_is_sent_no_more_when_its_tap_is_dropped() {
    let mut node = Node::start(&["127.0.0.1:0"], 1);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let tap = node.block_on(node.sfu.tap(demo())).unwrap();
    let taken = |node: &Node| node.sum(|core| core.packets_in);
    let before = taken(&node);
    party.run_until(&mut node, "packets for the tap", |_, node| {
        taken(node) > before + 100
    });
    drop(tap);
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 30);
    let linked = node.sum(|core| core.packets_linked);
    assert!(linked >= 100, "{linked}");
    party.watch(&mut node, 60);
    assert_eq!(node.sum(|core| core.packets_linked), linked);
}
