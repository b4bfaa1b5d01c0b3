//! Which frames fill which gaps.

use proptest::prelude::*;
use sfu_model::codec::Codec;
use sfu_model::rtp::PayloadType;
use sfu_model::time::Instant;

use super::*;
use crate::red::{write_primary_header, write_redundant_header};

const TICKS: u64 = 960;

fn pt(value: u8) -> PayloadType {
    PayloadType::new(value).unwrap()
}

/// The packet with this number, 20 ms after the one before; its payload is the low byte of its number.
fn plain(sequence: u64) -> ReceivedRtp {
    ReceivedRtp {
        rid: None,
        codec: Codec::Opus,
        red: None,
        sequence: SeqNo(sequence),
        time: MediaTime(sequence * TICKS),
        marker: false,
        extensions: Extensions::default(),
        sender_report: None,
        received_at: Instant::START,
        descriptor: None,
        payload: vec![sequence as u8].into(),
    }
}

/// The same as RED, with the frames that are so many packets back.
fn red(sequence: u64, back: &[u64]) -> ReceivedRtp {
    let mut payload = Vec::new();
    for back in back {
        write_redundant_header(&mut payload, pt(111), (back * TICKS) as u16, 1);
    }
    write_primary_header(&mut payload, pt(111));
    payload.extend(back.iter().map(|back| (sequence - back) as u8));
    payload.push(sequence as u8);
    ReceivedRtp {
        red: Some(pt(111)),
        payload: payload.into(),
        ..plain(sequence)
    }
}

/// Numbers that go on, each checked to carry the frame and the time of its number.
fn taken(recovery: &mut Recovery, rtp: ReceivedRtp) -> Vec<u64> {
    let Ok(unpacked) = recovery.unpack(rtp) else {
        return Vec::new();
    };
    let all = unpacked.recovered.into_iter().chain([unpacked.primary]);
    all.map(|rtp| {
        assert_eq!(*rtp.payload, [rtp.sequence.0 as u8]);
        assert_eq!(rtp.time, MediaTime(rtp.sequence.0 * TICKS));
        rtp.sequence.0
    })
    .collect()
}

#[test]
fn a_lost_packet_goes_on_before_the_one_that_carries_it() {
    let mut recovery = Recovery::default();
    assert_eq!(
        taken(&mut recovery, red(100, &[1])),
        [100],
        "nothing before the first"
    );
    assert_eq!(
        taken(&mut recovery, red(101, &[1])),
        [101],
        "nothing is missing"
    );
    assert_eq!(taken(&mut recovery, red(103, &[1])), [102, 103]);
    assert_eq!(taken(&mut recovery, red(106, &[2, 1])), [104, 105, 106]);
    assert_eq!(
        taken(&mut recovery, red(110, &[1])),
        [109, 110],
        "two stay lost"
    );
    // Frames that skip packets are placed by their times.
    assert_eq!(taken(&mut recovery, red(114, &[3, 1])), [111, 113, 114]);
}

#[test]
fn what_comes_late_goes_on_once() {
    let mut recovery = Recovery::default();
    taken(&mut recovery, plain(100));
    assert_eq!(taken(&mut recovery, red(103, &[1])), [102, 103]);
    let late = recovery.unpack(plain(102)).map(|_| ());
    assert_eq!(late, Err(DropReason::AlreadyRecovered));
    assert_eq!(taken(&mut recovery, plain(101)), [101], "nobody had it");
    assert!(recovery.unpack(plain(101)).is_err());
}

#[test]
fn a_silence_before_the_gap_misplaces_nothing() {
    let mut recovery = Recovery::default();
    taken(&mut recovery, plain(100));
    // 400 ms of silence, then two packets; the first of them is lost.
    let mut after = red(102, &[1]);
    after.time = MediaTime(100 * TICKS + 19_200 + 2 * TICKS);
    let unpacked = recovery.unpack(after).unwrap();
    let [lost] = &unpacked.recovered[..] else {
        panic!("{unpacked:?}")
    };
    assert_eq!(lost.sequence, SeqNo(101));
    assert_eq!(lost.time, MediaTime(100 * TICKS + 19_200 + TICKS));
}

#[test]
fn hostile_packets_recover_nothing() {
    let mut recovery = Recovery::default();
    taken(&mut recovery, plain(100));
    let with = |payload: &[u8]| ReceivedRtp {
        red: Some(pt(111)),
        payload: payload.into(),
        ..plain(103)
    };
    // Cut; of another codec; its own frame of another codec.
    let malformed = Err(DropReason::MalformedPayload);
    for payload in [
        &[][..],
        &[0xef, 0x0f, 0x00],
        &[0xef, 0x0f, 0x00, 0x09, 0x6f, 1],
        &[0x60, 1],
    ] {
        assert_eq!(recovery.unpack(with(payload)).map(|_| ()), malformed);
    }
    // Frames of the present, of before the gap, without a byte, and the same twice.
    let frames = [
        (0, 1),
        (3 * 960, 1),
        (16_383, 1),
        (960, 0),
        (960, 1),
        (960, 1),
    ];
    let mut payload = Vec::new();
    for (offset, length) in frames {
        write_redundant_header(&mut payload, pt(111), offset, length);
    }
    write_primary_header(&mut payload, pt(111));
    payload.extend([102, 102, 102, 102, 102, 103]);
    assert_eq!(taken(&mut recovery, with(&payload)), [102, 103]);
}

#[test]
fn a_stream_that_begins_anew_far_below_is_taken() {
    let mut recovery = Recovery::default();
    taken(&mut recovery, plain(70_000));
    assert_eq!(taken(&mut recovery, plain(1_000)), [1_000]);
    assert_eq!(taken(&mut recovery, red(1_002, &[1])), [1_001, 1_002]);
}

proptest! {
    /// Whatever is lost, late or twice: each number goes on at most once, and with two frames back only what is lost three
    /// times in a row stays lost.
    #[test]
    fn each_number_goes_on_once(fate in proptest::collection::vec(0_u8..4, 1..300)) {
        let mut recovery = Recovery::default();
        let mut gone_on = taken(&mut recovery, plain(1_000));
        let mut late = None;
        for (sequence, fate) in (1_001..).zip(&fate) {
            match fate {
                0 => {}
                1 => late = Some(sequence),
                _ => {
                    gone_on.extend(taken(&mut recovery, red(sequence, &[2, 1])));
                    if let Some(late) = late.take() {
                        gone_on.extend(taken(&mut recovery, red(late, &[2, 1])));
                    }
                }
            }
        }
        let n = gone_on.len();
        gone_on.sort_unstable();
        gone_on.dedup();
        prop_assert_eq!(gone_on.len(), n, "twice");
        let came = |at: usize| fate.get(at).is_some_and(|fate| *fate > 1);
        for (at, sequence) in (1_001..).enumerate().take(fate.len()) {
            if came(at) || came(at + 1) || came(at + 2) {
                prop_assert!(gone_on.contains(&sequence), "{} stays lost", sequence);
            }
        }
    }
}
