//! The wire in virtual time: what comes out of it, when, in which order, and what is counted.
#![expect(clippy::indexing_slicing, reason = "a test indexes what it made")]

use std::time::Duration;

use freshet_emulator::wire::{IN_FLIGHT_MAX, Wire};
use freshet_sim::network::{Bottleneck, Conditions, Direction, PerMille};
use sfu_model::time::Instant;

/// An IPv4 packet of this size with an RTP packet in UDP.
fn packet(number: u16, n_bytes: usize) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut packet = vec![0; n_bytes];
    packet[0] = 0x45;
    packet[9] = 17;
    packet[28..32].copy_from_slice(&[0x80, 96, high, low]);
    packet
}

fn at(ms: u64) -> Instant {
    Instant::START + Duration::from_millis(ms)
}

/// The numbers of the packets that have arrived by now.
fn arrived(wire: &mut Wire, now: Instant) -> Vec<u16> {
    let mut numbers = Vec::new();
    while let Some(arrived) = wire.poll_arrived(now) {
        numbers.push(u16::from_be_bytes([arrived.packet[30], arrived.packet[31]]));
        wire.give_back(arrived, true);
    }
    numbers
}

#[test]
fn packets_come_out_whole_in_order_and_not_before_their_time() {
    let mut wire = Wire::new(1);
    for number in 0..3 {
        wire.handle_packet(Direction::Down, &packet(number, 100), at(0));
    }
    assert_eq!(wire.poll_timeout(), Some(at(10)));
    assert!(wire.poll_arrived(at(9)).is_none());
    let first = wire.poll_arrived(at(12)).expect("it is due");
    assert_eq!(first.packet, packet(0, 100));
    assert_eq!(first.direction, Direction::Down);
    wire.give_back(first, false);
    assert_eq!(arrived(&mut wire, at(12)), [1, 2]);
    assert_eq!(wire.poll_timeout(), None);
    let down = wire.statistics().down;
    assert_eq!(
        (down.packets, down.delivered, down.dropped_refused),
        (3, 2, 1)
    );
    assert_eq!(down.late_ms.max, 2);
    assert_eq!(wire.statistics().up.packets, 0);
}

#[test]
fn a_bottleneck_spreads_a_burst_and_drops_what_its_queue_cannot_hold() {
    let mut wire = Wire::new(1);
    // A packet of 1000 bytes each 10 ms, and room for 200 ms of them.
    let conditions = Conditions::default().through(Bottleneck::of(800_000));
    wire.set(Direction::Down, conditions);
    for number in 0..30 {
        wire.handle_packet(Direction::Down, &packet(number, 1_000), at(0));
    }
    assert_eq!(arrived(&mut wire, at(20)), [0]);
    assert_eq!(arrived(&mut wire, at(30)), [1]);
    assert_eq!(arrived(&mut wire, at(1_000)).len(), 18);
    let down = wire.statistics().down;
    assert_eq!((down.delivered, down.dropped_queue), (20, 10));
    assert_eq!(down.queue_ms.max, 200);
}

#[test]
fn one_seed_loses_the_same_packets_and_each_is_counted_once() {
    let run = |seed| {
        let mut wire = Wire::new(seed);
        wire.set(Direction::Up, Conditions::default().losing(PerMille(100)));
        for number in 0..5_000 {
            wire.handle_packet(Direction::Up, &packet(number, 60), at(u64::from(number)));
        }
        let numbers = arrived(&mut wire, at(10_000));
        (numbers, wire.statistics())
    };
    let (numbers, statistics) = run(3);
    assert_eq!(run(3), (numbers.clone(), statistics));
    assert_ne!(run(4).0, numbers);
    assert!((400..600).contains(&statistics.up.dropped_line));
    assert_eq!(statistics.up.delivered + statistics.up.dropped_line, 5_000);
}

#[test]
fn a_cut_holds_back_what_comes_and_not_what_is_on_its_way() {
    let mut wire = Wire::new(1);
    wire.handle_packet(Direction::Down, &packet(0, 60), at(0));
    wire.set(Direction::Down, Conditions::default().cut());
    wire.handle_packet(Direction::Down, &packet(1, 60), at(1));
    wire.set(Direction::Down, Conditions::default());
    wire.handle_packet(Direction::Down, &packet(2, 60), at(2));
    assert_eq!(arrived(&mut wire, at(100)), [0, 2]);
    assert_eq!(wire.statistics().down.dropped_cut, 1);
}

#[test]
fn a_full_wire_drops_and_says_so() {
    let mut wire = Wire::new(1);
    for _ in 0..IN_FLIGHT_MAX + 5 {
        wire.handle_packet(Direction::Up, &packet(0, 60), at(0));
    }
    let up = wire.statistics().up;
    assert_eq!(up.dropped_full, 5);
    assert_eq!(up.packets, IN_FLIGHT_MAX as u64 + 5);
    assert_eq!(arrived(&mut wire, at(10)).len(), IN_FLIGHT_MAX);
}
