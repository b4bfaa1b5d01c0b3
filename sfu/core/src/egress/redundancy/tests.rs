//! Which frames travel with which.

use sfu_model::codec::Codec;
use sfu_model::packet::PayloadFacts;
use sfu_model::time::MediaTime;

use super::*;
use crate::red::Red;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;

fn pt(value: u8) -> PayloadType {
    PayloadType::new(value).unwrap()
}

fn sound(encoding: u64, sequence: u64, n_bytes: usize) -> Packet {
    let mut packet = packet(encoding, sequence, sequence * 960);
    packet.codec = Codec::Opus;
    packet.facts = PayloadFacts::default();
    packet.payload = vec![sequence as u8; n_bytes].into();
    packet
}

fn outgoing(packet: &Packet, red: Option<u8>) -> Outgoing {
    Outgoing {
        payload_type: pt(111),
        red_payload_type: red.map(pt),
        repair_payload_type: None,
        numbers: Rewritten {
            sequence: packet.sequence,
            time: packet.time,
            marker: packet.marker,
            codec: CodecNumbers::None,
        },
        is_empty: false,
        is_doubtful: false,
    }
}

/// Sends these to somebody who takes RED; what each carries: how many ticks back, and the frame's first byte.
fn carried(redundancy: &mut Redundancy, packets: &[Packet]) -> Vec<Vec<(u16, u8)>> {
    let mut cache = PacketCache::default();
    let mut all = Vec::new();
    for packet in packets {
        cache.insert(packet.clone());
        let carried = redundancy.carried(packet, &outgoing(packet, Some(63)), &cache);
        let mut payload = Vec::new();
        carried.write(&mut payload);
        assert_eq!(payload.len(), carried.n_bytes());
        assert_eq!(
            carried.payload_type(),
            (!payload.is_empty()).then(|| pt(63))
        );
        if payload.is_empty() {
            all.push(Vec::new());
            continue;
        }
        payload.extend_from_slice(&packet.payload);
        assert!(payload.len() <= PAYLOAD_BYTES_MAX);
        let red = Red::parse(&payload).expect("what we write");
        assert_eq!(
            (red.payload_type, red.primary),
            (pt(111), &packet.payload[..])
        );
        all.push(red.redundant().map(|r| (r.offset, r.payload[0])).collect());
    }
    all
}

fn lossy() -> Redundancy {
    let mut redundancy = Redundancy::default();
    redundancy.on_report(PACKETS, LOSSY);
    redundancy
}

#[test]
fn a_packet_carries_one_frame_and_two_on_a_lossy_path() {
    let packets: Vec<Packet> = (10..14).map(|n| sound(1, n, 80)).collect();
    let one = carried(&mut Redundancy::default(), &packets);
    assert_eq!(
        one,
        [vec![], vec![(960, 10)], vec![(960, 11)], vec![(960, 12)]]
    );
    let two = carried(&mut lossy(), &packets);
    let expected = [
        vec![],
        vec![(960, 10)],
        vec![(1_920, 10), (960, 11)],
        vec![(1_920, 11), (960, 12)],
    ];
    assert_eq!(two, expected);
}

#[test]
fn what_was_lost_before_us_is_left_out() {
    let packets = [sound(1, 10, 80), sound(1, 12, 80), sound(1, 13, 80)];
    let all = carried(&mut lossy(), &packets);
    assert_eq!(all, [vec![], vec![(1_920, 10)], vec![(960, 12)]]);
}

#[test]
fn another_encoding_begins_without_the_past() {
    let packets = [
        sound(1, 10, 80),
        sound(2, 70, 80),
        sound(2, 71, 80),
        sound(2, 72, 80),
    ];
    let mut cache = PacketCache::default();
    // It was there before this subscriber got it.
    cache.insert(sound(2, 69, 80));
    let mut redundancy = lossy();
    let mut n_carried = Vec::new();
    for packet in &packets {
        cache.insert(packet.clone());
        let carried = redundancy.carried(packet, &outgoing(packet, Some(63)), &cache);
        n_carried.push(carried.frames.iter().flatten().count());
    }
    assert_eq!(n_carried, [0, 0, 1, 2]);
}

#[test]
fn what_no_header_can_tell_or_no_datagram_holds_goes_alone() {
    // 360 ms of silence between the two is beyond 14 bits.
    let mut after = sound(1, 11, 80);
    after.time = MediaTime(10 * 960 + 17_280);
    assert_eq!(
        carried(&mut lossy(), &[sound(1, 10, 80), after]),
        [vec![], vec![]]
    );
    let large: Vec<Packet> = (10..13).map(|n| sound(1, n, 400)).collect();
    let expected = [vec![], vec![(960, 10)], vec![(960, 11)]];
    assert_eq!(carried(&mut lossy(), &large), expected);
    let huge: Vec<Packet> = (10..12).map(|n| sound(1, n, 1_050)).collect();
    assert_eq!(carried(&mut lossy(), &huge), [vec![], vec![]]);
    let empty = [sound(1, 10, 0), sound(1, 11, 80)];
    assert_eq!(carried(&mut lossy(), &empty), [vec![], vec![]]);
}

#[test]
fn who_takes_none_gets_none() {
    let (first, second) = (sound(1, 10, 80), sound(1, 11, 80));
    let mut cache = PacketCache::default();
    cache.insert(first);
    let mut redundancy = lossy();
    let carried = redundancy.carried(&second, &outgoing(&second, None), &cache);
    assert_eq!((carried.payload_type(), carried.n_bytes()), (None, 0));
}

#[test]
fn a_path_without_room_is_not_filled_with_what_was_sent_before() {
    let sound = Bitrate::from_kbps(50);
    let mut redundancy = lossy();
    for (estimate, n_frames) in [(100, 0), (399, 0), (400, 1), (599, 1), (600, 2), (9_000, 2)] {
        redundancy.fit(sound, Some(Bitrate::from_kbps(estimate)), false);
        assert_eq!(redundancy.n_frames(), n_frames, "{estimate} kbit/s");
    }
    for (estimate, n_frames) in [(111, 0), (112, 1), (167, 2)] {
        redundancy.fit(sound, Some(Bitrate::from_kbps(estimate)), true);
        assert_eq!(redundancy.n_frames(), n_frames, "{estimate} kbit/s, alone");
    }
    let mut good = Redundancy::default();
    good.fit(sound, Some(Bitrate::from_kbps(112)), true);
    assert_eq!(good.n_frames(), 0, "nothing is lost");
    redundancy.fit(sound, Some(Bitrate::from_kbps(100)), false);
    redundancy.fit(sound, None, false);
    assert_eq!(redundancy.n_frames(), 2, "it is not estimated any more");
}

#[test]
fn it_takes_three_good_reports_to_send_less() {
    let mut redundancy = Redundancy::default();
    redundancy.on_report(PACKETS, LOSSY - 1);
    assert_eq!(redundancy.n_frames(), 1);
    for fraction in [LOSSY, 0, 0, LOSSY, 0, 0] {
        redundancy.on_report(PACKETS, fraction);
        assert_eq!(redundancy.n_frames(), 2);
    }
    redundancy.on_report(PACKETS, 0);
    assert_eq!(redundancy.n_frames(), 1);
}
