//! Tables of who goes where.

use std::time::Duration;

use sfu_core::command::CloseReason;

use super::*;

fn room(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

fn session(number: u128) -> SessionId {
    SessionId::from_random(number)
}

fn connect(placement: &mut Placement, number: u128, name: &str) {
    placement.on_event(&Event::SessionConnected {
        session: session(number),
        room: room(name),
        role: Role::Publisher,
        after: Duration::ZERO,
    });
}

fn close(placement: &mut Placement, number: u128, name: &str, role: Role) {
    let (session, room) = (session(number), room(name));
    placement.on_event(&Event::SessionClosed {
        session,
        room,
        role,
        reason: CloseReason::Requested,
    });
}

/// A placement with a connected publisher of each room: session 1 in the first, 2 in the second, ...
fn live(n_workers: usize, rooms: &[&str]) -> Placement {
    let mut placement = Placement::new(n_workers);
    for (number, name) in (1..).zip(rooms) {
        placement
            .seat_publisher(session(number), &room(name))
            .unwrap();
        connect(&mut placement, number, name);
    }
    placement
}

fn seat_viewers(placement: &mut Placement, name: &str, numbers: std::ops::Range<u128>) -> Vec<u8> {
    numbers
        .map(|number| {
            placement
                .seat_subscriber(session(number), &room(name))
                .unwrap()
                .worker
                .0
        })
        .collect()
}

#[test]
fn publishers_of_different_rooms_spread_over_the_workers() {
    let mut placement = Placement::new(3);
    let origins = ["a", "b", "c", "d"].map(|name| {
        let number = u128::from(name.as_bytes()[0]);
        placement
            .seat_publisher(session(number), &room(name))
            .unwrap()
            .0
    });
    assert_eq!(origins, [0, 1, 2, 0]);
}

#[test]
fn viewers_of_one_room_use_every_worker_in_the_end() {
    let mut placement = live(4, &["hit"]);
    let seats = seat_viewers(&mut placement, "hit", 100..116);
    let viewers_of = |worker| seats.iter().filter(|seat| **seat == worker).count();
    // The publisher weighs as much as four viewers.
    assert_eq!([0, 1, 2, 3].map(viewers_of), [1, 5, 5, 5]);
}

#[test]
fn a_viewer_stays_with_its_publisher_where_that_is_as_good() {
    let mut placement = live(2, &["a", "b"]);
    assert_eq!(seat_viewers(&mut placement, "b", 100..101), [1]);
}

#[test]
fn whoever_takes_over_meets_the_publisher_before_it() {
    let mut placement = live(4, &["a", "b"]);
    seat_viewers(&mut placement, "b", 100..101);
    let origin = placement.room(&room("b")).unwrap().0;
    assert_eq!(
        placement.seat_publisher(session(50), &room("b")),
        Ok(origin)
    );
    close(&mut placement, 2, "b", Role::Publisher);
    close(&mut placement, 50, "b", Role::Publisher);
    // A viewer is left, so the room is: its next publisher comes to the same place.
    assert_eq!(
        placement.seat_publisher(session(51), &room("b")),
        Ok(origin)
    );
}

#[test]
fn a_room_is_playable_once_its_publisher_is_connected() {
    let mut placement = Placement::new(2);
    let play = |placement: &mut Placement, number| {
        placement
            .seat_subscriber(session(number), &room("a"))
            .map(|_| ())
    };
    assert_eq!(play(&mut placement, 9), Err(CommandError::RoomEmpty));
    placement.seat_publisher(session(1), &room("a")).unwrap();
    assert_eq!(play(&mut placement, 9), Err(CommandError::RoomEmpty));
    connect(&mut placement, 1, "a");
    assert_eq!(play(&mut placement, 9), Ok(()));
    close(&mut placement, 1, "a", Role::Publisher);
    assert_eq!(play(&mut placement, 10), Err(CommandError::RoomEmpty));
}

#[test]
fn a_room_goes_with_its_last_session() {
    let mut placement = live(2, &["a"]);
    seat_viewers(&mut placement, "a", 100..102);
    assert_eq!(placement.rooms()[0].n_viewers, 2);
    close(&mut placement, 1, "a", Role::Publisher);
    placement.release(session(100));
    assert_eq!(placement.rooms().len(), 1);
    close(&mut placement, 101, "a", Role::Subscriber);
    assert!(placement.rooms().is_empty());
    assert_eq!(placement.loads, [0, 0]);
}

#[test]
fn a_session_is_released_once() {
    let mut placement = live(1, &["a"]);
    assert!(placement.release(session(1)).is_some());
    assert!(placement.release(session(1)).is_none());
    assert_eq!(placement.loads, [0]);
}

#[test]
fn a_session_id_that_is_taken_is_refused_and_changes_nothing() {
    let mut placement = live(2, &["a"]);
    let again = placement.seat_publisher(session(1), &room("b"));
    assert_eq!(again, Err(CommandError::DuplicateSession));
    assert_eq!(placement.rooms().len(), 1);
    assert_eq!(placement.loads, [PUBLISHER_LOAD, 0]);
}

#[test]
fn live_and_silent_are_remembered() {
    let mut placement = live(1, &["a"]);
    let publisher = session(1);
    placement.on_event(&Event::RoomLive {
        room: room("a"),
        publisher,
        codecs: vec![Codec::Vp8],
    });
    assert!(placement.rooms()[0].is_live);
    let seat = placement.seat_subscriber(session(9), &room("a")).unwrap();
    assert_eq!(seat.codecs, [Codec::Vp8]);
    placement.on_event(&Event::RoomSilent { room: room("a") });
    assert!(!placement.rooms()[0].is_live);
}

#[test]
fn a_lost_worker_takes_its_sessions_and_says_who_must_know() {
    let mut placement = live(2, &["a", "b"]);
    // Room a is of worker 0, room b of worker 1; each is watched from both.
    for (number, name) in [(100, "a"), (101, "b"), (102, "b"), (103, "a")] {
        placement
            .seat_subscriber(session(number), &room(name))
            .unwrap();
    }
    let on_zero: Vec<u128> = (100..104)
        .filter(|number| placement.worker_of(session(*number)) == Some(WorkerId(0)))
        .collect();
    let loss = placement.lose_worker(WorkerId(0));
    assert_eq!(loss.sessions.len(), 1 + on_zero.len());
    for number in on_zero {
        assert_eq!(placement.worker_of(session(number)), None);
    }
    let watched_a = (100..104).filter_map(|number| placement.sessions.get(&session(number)));
    let expected: Vec<(WorkerId, RoomId)> = watched_a
        .filter(|placed| placed.room == room("a"))
        .map(|placed| (placed.worker, placed.room.clone()))
        .take(1)
        .collect();
    assert_eq!(loss.orphans, expected);
    assert!(
        loss.watched
            .iter()
            .all(|(origin, name)| (*origin, name) == (WorkerId(1), &room("b")))
    );
    assert_eq!(placement.loads[0], 0);
}
