//! Full rings, in order and out of it.

use std::net::SocketAddr;

use mio::{Poll, Token};
use sfu_core::link::{LinkMessage, RoomMark};
use sfu_model::datagram::Transport;
use sfu_model::id::{EncodingId, RoomId, TrackId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};

use super::*;
use crate::parcel::PARCELS_MAX;

fn outbox() -> (Outbox, Receiver<Delivery>, Poll) {
    let poll = Poll::new().unwrap();
    let bell = Arc::new(Bell::new(poll.registry(), Token(0)).unwrap());
    let (slot, inbox) = Slot::new(bell);
    (Outbox::new(slot), inbox, poll)
}

fn room(number: usize) -> RoomId {
    RoomId::parse(&format!("room-{number}")).unwrap()
}

fn subscribe(number: usize) -> Delivery {
    Delivery::Link {
        from: WorkerId(0),
        message: LinkMessage::Subscribe {
            room: room(number),
            mark: RoomMark(0),
        },
    }
}

fn keyframe_request(number: usize) -> Delivery {
    let reason = KeyframeReason::Join;
    let request = KeyframeRequest {
        track: TrackId(1),
        encoding: EncodingId(1),
        reason,
    };
    let message = LinkMessage::RequestKeyframe {
        room: room(number),
        request,
    };
    Delivery::Link {
        from: WorkerId(0),
        message,
    }
}

fn stray() -> Datagram<'static> {
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    Datagram {
        transport: Transport::Udp,
        source: address,
        destination: address,
        bytes: b"stray",
    }
}

fn fill(outbox: &mut Outbox) {
    for number in 0..RING_MAX {
        assert_eq!(outbox.post(subscribe(number)), Posted::Yes);
    }
    assert_eq!(outbox.backlog(), 0);
}

#[test]
fn control_survives_a_full_ring_in_order() {
    let (mut outbox, inbox, _poll) = outbox();
    fill(&mut outbox);
    for number in RING_MAX..RING_MAX + 10 {
        assert_eq!(outbox.post(subscribe(number)), Posted::Yes);
    }
    assert_eq!(outbox.backlog(), 10);
    let mut received = Vec::new();
    while let Ok(delivery) = inbox.try_recv() {
        let Delivery::Link {
            message: LinkMessage::Subscribe { room, .. },
            ..
        } = delivery
        else {
            panic!("{delivery:?}");
        };
        received.push(room);
        outbox.flush();
    }
    assert_eq!(received, (0..RING_MAX + 10).map(room).collect::<Vec<_>>());
    assert_eq!(outbox.backlog(), 0);
}

#[test]
fn data_is_dropped_by_a_full_ring_and_never_overtakes_control() {
    let (mut outbox, inbox, _poll) = outbox();
    fill(&mut outbox);
    assert_eq!(outbox.post(subscribe(RING_MAX)), Posted::Yes);
    // One place is free now, but control waits for it.
    inbox.try_recv().unwrap();
    assert_eq!(outbox.post_stray(&stray()), Posted::Yes);
    assert_eq!(outbox.post_stray(&stray()), Posted::Yes);
    assert_eq!(outbox.flush(), 2);
    assert_eq!(outbox.backlog(), 0);
}

#[test]
fn a_crowded_backlog_drops_what_repeats_itself_only() {
    let (mut outbox, _inbox, _poll) = outbox();
    fill(&mut outbox);
    for number in 0..BACKLOG_HIGH {
        assert_eq!(outbox.post(keyframe_request(number)), Posted::Yes);
    }
    assert_eq!(outbox.post(keyframe_request(0)), Posted::Dropped);
    assert_eq!(outbox.post(subscribe(0)), Posted::Yes);
    assert_eq!(outbox.backlog(), BACKLOG_HIGH + 1);
}

#[test]
fn a_turn_of_strays_is_one_delivery() {
    let (mut outbox, inbox, _poll) = outbox();
    for _ in 0..3 {
        assert_eq!(outbox.post_stray(&stray()), Posted::Yes);
    }
    assert_eq!(outbox.flush(), 0);
    let Ok(Delivery::Strays(loan)) = inbox.try_recv() else {
        panic!("no parcel came")
    };
    assert_eq!(loan.parcel().n_datagrams(), 3);
    assert!(inbox.try_recv().is_err());
}

#[test]
fn a_late_worker_gets_every_stray_even_when_each_turn_made_a_parcel() {
    let (mut outbox, inbox, _poll) = outbox();
    let n_turns = 3 * PARCELS_MAX;
    for _ in 0..n_turns {
        assert_eq!(outbox.post_stray(&stray()), Posted::Yes);
        assert_eq!(outbox.flush(), 0);
    }
    assert!(outbox.must_retry());
    let mut n_received = 0;
    while outbox.must_retry() || n_received < n_turns {
        while let Ok(Delivery::Strays(loan)) = inbox.try_recv() {
            n_received += loan.parcel().n_datagrams();
        }
        assert_eq!(outbox.flush(), 0);
    }
    assert_eq!(n_received, n_turns);
}

#[test]
fn a_worker_that_has_ended_takes_nothing_and_holds_nobody_up() {
    let (mut outbox, inbox, _poll) = outbox();
    fill(&mut outbox);
    assert_eq!(outbox.post(subscribe(0)), Posted::Yes);
    drop(inbox);
    outbox.flush();
    assert_eq!(outbox.backlog(), 0);
    assert_eq!(outbox.post(subscribe(0)), Posted::Dropped);
}
