//! What is so whatever the network does and whatever is sent.

use std::time::Duration;

use proptest::prelude::*;
use sfu_model::codec::Codec;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::packet::Packet;
use sfu_model::rtp::SeqNo;
use sfu_model::time::{Instant, MediaTime};

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

/// What the network does to one packet.
#[derive(Clone, Copy, Debug)]
struct Fate {
    delay_ms: u64,
    is_lost: bool,
    comes_twice: bool,
}

fn fates(delay_ms_max: u64, lost: f64) -> impl Strategy<Value = Vec<Fate>> {
    let fate = (
        0..delay_ms_max,
        proptest::bool::weighted(lost),
        proptest::bool::weighted(0.1),
    );
    let fate = fate.prop_map(|(delay_ms, is_lost, comes_twice)| Fate {
        delay_ms,
        is_lost,
        comes_twice,
    });
    proptest::collection::vec(fate, 150)
}

/// Fifty pictures, each tenth a keyframe, one to five packets each, as they come.
fn sent(fates: &[Fate]) -> Vec<Packet> {
    let mut sender = Sender::video(0);
    let pictures = (0..50_u64).flat_map(|n| {
        let n_packets = 1 + usize::try_from(n * 7 % 5).unwrap();
        sender.picture(at_ms(1_000 + 40 * n), n % 10 == 0, n_packets)
    });
    let mut packets = Vec::new();
    for (mut packet, fate) in pictures.zip(fates.iter().cycle()) {
        packet.received_at += Duration::from_millis(fate.delay_ms);
        if !fate.is_lost {
            packets.push(packet.clone());
        }
        if fate.comes_twice {
            packet.received_at += Duration::from_millis(fate.delay_ms);
            packets.push(packet);
        }
    }
    packets.sort_by_key(|packet| packet.received_at);
    packets
}

/// The number that its sender put into each picture.
fn numbers(bench: &Bench) -> Vec<u32> {
    let number = |data: &[u8]| {
        let at = if data[0] & 1 == 0 { 10 } else { 3 };
        u32::from_be_bytes(data[at..at + 4].try_into().unwrap())
    };
    bench
        .video(0)
        .iter()
        .map(|frame| number(&frame.data))
        .collect()
}

fn codecs() -> impl Strategy<Value = Codec> {
    prop_oneof![
        Just(Codec::Opus),
        Just(Codec::Vp8),
        Just(Codec::Vp9 { profile_id: 0 }),
        Just(Codec::H264 {
            profile_level_id: 0x42_e01f,
            packetization_mode: 1
        }),
        Just(Codec::Av1 { profile: 0 }),
    ]
}

/// A packet of nonsense.
fn nonsense() -> impl Strategy<Value = Packet> {
    let numbers = (0..3_u64, 0..3_u64, 0..6_u8, any::<u8>());
    let clocks = (0..300_u64, any::<u64>(), any::<u32>(), any::<u32>());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let payload = proptest::collection::vec(any::<u8>(), 0..40);
    (codecs(), numbers, clocks, flags, payload).prop_map(
        |(codec, numbers, clocks, flags, payload)| {
            let mut packet = Sender::video(numbers.2).packet(at_ms(1_000), &payload);
            packet.codec = codec;
            packet.track = TrackId(numbers.0);
            packet.encoding = EncodingId(numbers.1);
            packet.sequence = SeqNo(if flags.2 { clocks.0 } else { clocks.1 });
            packet.time = MediaTime(if flags.1 {
                clocks.1
            } else {
                u64::from(numbers.3)
            });
            packet.captured_at = Instant::from_nanos(u64::from(clocks.2) * 1_000);
            packet.received_at = Instant::from_nanos(u64::from(clocks.3) * 1_000);
            packet.facts.starts_keyframe = flags.0;
            packet.marker = flags.1;
            packet
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    #[test]
    fn frames_whose_packets_came_in_time_are_emitted_once_and_in_order(fates in fates(300, 0.0)) {
        let mut bench = Bench::new();
        bench.arrive(sent(&fates));
        prop_assert_eq!(numbers(&bench), (1..=50).collect::<Vec<_>>());
        prop_assert_eq!(bench.frames.counters().packets_given_up, 0);
    }

    #[test]
    fn under_any_loss_and_delay_times_rise_and_pictures_can_be_decoded(fates in fates(900, 0.1)) {
        let mut bench = Bench::new();
        bench.arrive(sent(&fates));
        bench.run_to(at_ms(60_000));
        let numbers = numbers(&bench);
        // After a break a keyframe, otherwise the very next picture.
        for (pair, frames) in numbers.windows(2).zip(bench.video(0).windows(2)) {
            prop_assert!(pair[0] < pair[1]);
            let is_next = pair[0] + 1 == pair[1];
            prop_assert!(is_next || (frames[1].is_keyframe && frames[1].discontinuity.is_some()));
        }
    }

    #[test]
    fn nonsense_is_survived_and_times_rise(
        packets in proptest::collection::vec((nonsense(), 0..500_u64), 1..200)
    ) {
        let mut bench = Bench::new();
        for (packet, after_ms) in packets {
            let now = bench.now + Duration::from_millis(after_ms);
            bench.run_to(now);
            bench.arrive([Packet { received_at: packet.received_at.min(now), ..packet }]);
        }
        bench.frames.handle_publisher_gone(bench.now);
        prop_assert_eq!(bench.frames.poll_timeout(), None);
    }
}
