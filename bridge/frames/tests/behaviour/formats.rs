//! Parameter sets and sizes that change, or seem to.

use std::sync::Arc;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::codec::Codec;
use sfu_model::frame::{Discontinuity, Format};
use sfu_model::packet::{Dimensions, Packet};

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

const LOW: Source = Source::Video { rank: 0 };

const H264: Codec = Codec::H264 {
    profile_level_id: 0x42_c01f,
    packetization_mode: 1,
};

/// Constrained Baseline 3.1, 1280x720, id 0; and the same of level 3.2.
const SPS_31: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4];
const SPS_32: &[u8] = &[0x67, 0x42, 0xc0, 0x20, 0xda, 0x01, 0x40, 0x16, 0xe4];
/// Id 0 of SPS 0; and id 1 of SPS 0.
const PPS_0: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
const PPS_1: &[u8] = &[0x68, 0x53, 0x8f, 0x20];
/// A slice that begins a picture: first_mb_in_slice 0, slice_type 7 (I), PPS 0; and one of PPS 1.
const IDR: &[u8] = &[0x65, 0x88, 0x84, 0x21];
const IDR_1: &[u8] = &[0x65, 0x88, 0x44, 0x21];
/// slice_type 5 (P), PPS 0.
const DELTA: &[u8] = &[0x41, 0x9a, 0x24, 0x6c];

fn sender() -> Sender {
    Sender {
        codec: H264,
        ..Sender::video(0)
    }
}

/// One packet a unit.
fn apart(sender: &mut Sender, ms: u64, units: &[&[u8]]) -> Vec<Packet> {
    let mut packets: Vec<_> = units
        .iter()
        .map(|unit| sender.packet(at_ms(ms), unit))
        .collect();
    for packet in &mut packets {
        packet.facts.starts_keyframe = packet.payload[0] & 0x1f == 7;
    }
    packets.last_mut().unwrap().marker = true;
    packets
}

/// All units in one packet (RFC 6184 section 5.7.1).
fn aggregated(sender: &mut Sender, ms: u64, units: &[&[u8]]) -> Vec<Packet> {
    let mut payload = vec![0x78];
    for unit in units {
        payload.extend(u16::try_from(unit.len()).unwrap().to_be_bytes());
        payload.extend(*unit);
    }
    let mut packet = sender.packet(at_ms(ms), &payload);
    packet.facts.starts_keyframe = true;
    packet.marker = true;
    vec![packet]
}

fn formats(bench: &Bench) -> Vec<Arc<Format>> {
    bench
        .video(0)
        .iter()
        .map(|frame| frame.format.clone())
        .collect()
}

fn sample(units: &[&[u8]]) -> Vec<u8> {
    let length = |unit: &[u8]| u32::try_from(unit.len()).unwrap().to_be_bytes();
    units
        .iter()
        .flat_map(|unit| [&length(unit), *unit].concat())
        .collect()
}

#[test]
fn parameter_sets_in_packets_of_their_own_and_in_an_aggregate_make_the_same_sample() {
    for make in [apart, aggregated] {
        let (mut bench, mut sender) = (Bench::new(), sender());
        bench.arrive(make(
            &mut sender,
            1_000,
            &[SPS_31, PPS_0, &[0x06, 5, 1, 9], IDR],
        ));
        bench.arrive(apart(&mut sender, 1_040, &[&[0x09, 0xf0], DELTA]));
        let video = bench.video(0);
        assert_eq!(*video[0].data, *sample(&[&[0x06, 5, 1, 9], IDR]));
        assert_eq!(*video[1].data, *sample(&[DELTA]));
        let expected = Format::H264 {
            sps: SPS_31.into(),
            pps: PPS_0.into(),
            size: Dimensions {
                width: 1_280,
                height: 720,
            },
        };
        assert_eq!(*video[0].format, expected);
        assert!(video[0].is_keyframe && !video[1].is_keyframe);
    }
}

#[test]
fn parameter_sets_that_are_repeated_with_each_keyframe_are_no_change() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    for n in 0..20 {
        // Trailing zeros are of no unit.
        let sps = [SPS_31, if n % 2 == 0 { &[][..] } else { &[0, 0] }].concat();
        bench.arrive(aggregated(
            &mut sender,
            1_000 + 100 * n,
            &[&sps, PPS_0, IDR],
        ));
    }
    let formats = formats(&bench);
    assert_eq!(formats.len(), 20);
    assert!(
        formats
            .iter()
            .all(|format| Arc::ptr_eq(format, &formats[0]))
    );
    assert_eq!(bench.warnings(), []);
}

#[test]
fn a_picture_has_the_parameter_sets_that_it_names() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    bench.arrive(apart(&mut sender, 1_000, &[SPS_31, PPS_0, PPS_1, IDR]));
    bench.arrive(apart(&mut sender, 4_000, &[SPS_31, PPS_0, PPS_1, IDR_1]));
    let pps = |format: &Format| match format {
        Format::H264 { pps, .. } => pps.to_vec(),
        Format::Vp8 { .. }
        | Format::Vp9 { .. }
        | Format::Av1 { .. }
        | Format::Opus { .. }
        | Format::Aac { .. } => panic!("{format:?}"),
    };
    let formats = formats(&bench);
    assert_eq!([pps(&formats[0]), pps(&formats[1])], [PPS_0, PPS_1]);
}

#[test]
fn new_parameter_sets_are_taken_at_a_keyframe() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    bench.arrive(apart(&mut sender, 1_000, &[SPS_31, PPS_0, IDR]));
    bench.arrive(apart(&mut sender, 1_040, &[DELTA]));
    bench.arrive(apart(&mut sender, 1_080, &[SPS_32, PPS_0, IDR]));
    bench.arrive(apart(&mut sender, 1_120, &[DELTA]));
    let formats = formats(&bench);
    assert_eq!(formats.len(), 4);
    assert_eq!(formats[0], formats[1]);
    assert_ne!(formats[1], formats[2]);
    assert!(Arc::ptr_eq(&formats[2], &formats[3]));
    assert_eq!(bench.breaks(LOW), []);
}

#[test]
fn parameter_sets_that_flap_change_once_in_two_seconds_and_the_studio_is_told() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    for n in 0..200 {
        let sps = if n % 2 == 0 { SPS_31 } else { SPS_32 };
        bench.arrive(apart(&mut sender, 1_000 + 100 * n, &[sps, PPS_0, IDR]));
    }
    let formats = formats(&bench);
    let changes = formats.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((9..=11).contains(&changes), "{changes} in 20 s");
    assert!(
        formats.len() > 90,
        "those of the present format are shown: {}",
        formats.len()
    );
    assert!(bench.warnings().contains(&(LOW, Warning::ChangingFormat)));
    let lost = bench
        .breaks(LOW)
        .into_iter()
        .all(|(_, why)| why == Discontinuity::Lost);
    assert!(lost);
}

#[test]
fn a_keyframe_whose_parameter_sets_never_came_is_told_and_another_is_wanted() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    let mut packets = apart(&mut sender, 1_000, &[IDR]);
    packets[0].facts.starts_keyframe = true;
    bench.arrive(packets);
    assert_eq!(bench.warnings(), [(LOW, Warning::NoParameterSets)]);
    assert_eq!(bench.wishes().len(), 1);
    bench.arrive(apart(&mut sender, 1_040, &[SPS_31, PPS_0, IDR]));
    assert_eq!(bench.video(0).len(), 1);
}

#[test]
fn payloads_that_the_format_does_not_allow_end_the_pictures_until_a_keyframe() {
    // A fragment without its first, an aggregate that is cut, a unit inside fragments, an interleaved one.
    let first: &[u8] = &[0x7c, 0x81, 1, 2];
    let bad: [&[&[u8]]; 5] = [
        &[&[0x7c, 0x41, 1]],
        &[&[0x78, 0, 9, 0x41, 1]],
        &[first, DELTA],
        &[first, first],
        &[&[0x79, 0, 0]],
    ];
    for units in bad {
        let (mut bench, mut sender) = (Bench::new(), sender());
        bench.arrive(apart(&mut sender, 1_000, &[SPS_31, PPS_0, IDR]));
        bench.arrive(apart(&mut sender, 1_040, units));
        bench.arrive(apart(&mut sender, 1_080, &[DELTA]));
        bench.arrive(apart(&mut sender, 1_120, &[SPS_31, PPS_0, IDR]));
        assert_eq!(bench.video(0).len(), 2, "{units:?}");
        assert_eq!(bench.warnings(), [(LOW, Warning::Malformed)], "{units:?}");
        assert_eq!(bench.breaks(LOW), [(1, Discontinuity::Lost)], "{units:?}");
    }
}

#[test]
fn pictures_of_one_time_are_told_apart_by_their_first_slices() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    bench.arrive(apart(&mut sender, 1_000, &[SPS_31, PPS_0, IDR]));
    for n in 1..=4 {
        // The clock stands still.
        sender.rtp_base -= 40 * 90;
        let units: [&[u8]; 2] = [&[0x06, 5, 1, 9], DELTA];
        bench.arrive(match n % 2 {
            0 => apart(&mut sender, 1_000 + 40 * n, &units),
            _ => aggregated(&mut sender, 1_000 + 40 * n, &units),
        });
    }
    sender.rtp_base -= 40 * 90;
    bench.arrive(apart(&mut sender, 1_200, &[SPS_32, PPS_0, IDR]));
    assert_eq!(bench.video(0).len(), 6);
    let Format::H264 { sps, .. } = &*bench.video(0)[5].format else {
        panic!("another codec");
    };
    assert_eq!(**sps, *SPS_32, "they are of the keyframe behind them");
    assert_eq!(bench.warnings(), [(LOW, Warning::BrokenTimestamps)]);
}

#[test]
fn a_slice_behind_the_end_of_its_picture_is_no_picture() {
    let (mut bench, mut sender) = (Bench::new(), sender());
    bench.arrive(apart(&mut sender, 1_000, &[SPS_31, PPS_0, IDR]));
    // Its first macroblock is the second of the picture; and a unit that is no slice.
    bench.arrive(apart(&mut sender, 1_000, &[&[0x65, 0x44, 0x42, 0x10]]));
    bench.arrive(apart(&mut sender, 1_000, &[&[0x0c, 0xff, 0x80]]));
    bench.arrive(apart(&mut sender, 1_040, &[DELTA]));
    assert_eq!(bench.video(0).len(), 2);
    assert_eq!(bench.warnings(), []);
}

#[test]
fn a_size_that_changes_is_another_format() {
    let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
    bench.arrive(sender.picture_of(at_ms(1_000), Some(320), 2));
    bench.arrive(sender.picture_of(at_ms(1_040), None, 2));
    bench.arrive(sender.picture_of(at_ms(1_080), Some(640), 2));
    let widths: Vec<_> = formats(&bench)
        .iter()
        .map(|f| f.size().unwrap().width)
        .collect();
    assert_eq!(widths, [320, 320, 640]);
}

#[test]
fn a_codec_that_changes_begins_at_a_keyframe() {
    let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
    bench.arrive(sender.picture_of(at_ms(1_000), Some(320), 2));
    sender.codec = H264;
    bench.arrive(apart(&mut sender, 1_040, &[DELTA]));
    bench.arrive(apart(&mut sender, 1_080, &[SPS_31, PPS_0, IDR]));
    let video = bench.video(0);
    assert!(matches!(*video[1].format, Format::H264 { .. }));
    assert_eq!(bench.breaks(LOW), [(1, Discontinuity::Lost)]);
}
