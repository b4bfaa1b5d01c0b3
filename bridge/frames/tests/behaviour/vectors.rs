//! What real encoders send comes out as they made it.

use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::codec::Codec;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::{Dimensions, LayerSizes, Packet};
use sfu_model::rtp::SeqNo;
use sfu_model::time::MediaTime;

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

const SIZE: Dimensions = Dimensions {
    width: 160,
    height: 90,
};

const H264: Codec = Codec::H264 {
    profile_level_id: 0x42_c01f,
    packetization_mode: 1,
};

/// The packets of a file, captured at the times that they say, and where keyframes begin by `begins`.
fn packets(file: &[u8], codec: Codec, begins: fn(&[u8]) -> bool) -> Vec<Packet> {
    let mut sender = Sender {
        codec,
        ..Sender::video(0)
    };
    let (mut rest, mut first, mut packets) = (file, None, Vec::new());
    while let [high, low, tail @ ..] = rest {
        let (rtp, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        rest = tail;
        let timestamp = u32::from_be_bytes(rtp[4..8].try_into().unwrap());
        let since = timestamp.wrapping_sub(*first.get_or_insert(timestamp));
        let at = at_ms(1_000) + Duration::from_micros(u64::from(since) * 1_000 / 90);
        let mut packet = sender.packet(at, &rtp[12..]);
        packet.time = MediaTime(u64::from(timestamp));
        packet.sequence = SeqNo(u64::from(u16::from_be_bytes([rtp[2], rtp[3]])));
        packet.marker = rtp[1] & 0x80 != 0;
        packet.facts.starts_keyframe = begins(&packet.payload);
        packet.received_at = packets
            .last()
            .map_or(at, |p: &Packet| p.received_at.max(at));
        packets.push(packet);
    }
    packets
}

fn played(packets: Vec<Packet>) -> (Bench, Vec<Frame>) {
    let mut bench = Bench::new();
    bench.arrive(packets);
    let frames = bench.video(0).into_iter().cloned().collect();
    (bench, frames)
}

/// The frames of an IVF file.
fn ivf(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (&file[32..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        frames.push(rest[12..12 + length].to_vec());
        rest = &rest[12 + length..];
    }
    frames
}

fn keys(frames: &[Frame]) -> Vec<usize> {
    let keys = frames
        .iter()
        .enumerate()
        .filter(|(_, frame)| frame.is_keyframe);
    keys.map(|(index, _)| index).collect()
}

#[track_caller]
fn assert_even(frames: &[Frame]) {
    let steps = frames
        .windows(2)
        .map(|pair| pair[1].time.0 - pair[0].time.0);
    assert!(
        steps.clone().all(|step| step == 9_000),
        "{:?}",
        steps.collect::<Vec<_>>()
    );
}

/// The NAL units of a byte stream (H.264 annex B), without parameter sets.
fn annex_b(file: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = (0..file.len() - 3)
        .filter(|at| file[*at..*at + 3] == [0, 0, 1])
        .collect();
    let ends = starts.iter().skip(1).copied().chain([file.len()]);
    let units = starts.iter().zip(ends).map(|(start, end)| {
        let unit = &file[start + 3..end];
        let length = unit.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        unit[..length].to_vec()
    });
    units
        .filter(|unit| !matches!(unit[0] & 0x1f, 7 | 8))
        .collect()
}

/// The NAL units of a sample.
fn units(data: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut units) = (data, Vec::new());
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        units.push(rest[4..4 + length].to_vec());
        rest = &rest[4 + length..];
    }
    units
}

/// A packet with an SPS: alone, or in an aggregate.
fn begins_h264(payload: &[u8]) -> bool {
    let kind = |byte: u8| byte & 0x1f;
    kind(payload[0]) == 7 || (kind(payload[0]) == 24 && kind(payload[3]) == 7)
}

#[test]
fn pictures_of_x264_come_out_unit_by_unit() {
    let sent = packets(include_bytes!("vectors/h264.rtp"), H264, begins_h264);
    let (bench, frames) = played(sent);
    assert_eq!(keys(&frames), [0, 6]);
    let got: Vec<Vec<u8>> = frames.iter().flat_map(|frame| units(&frame.data)).collect();
    // The last frame has its marker: nothing is held back.
    assert_eq!(got, annex_b(include_bytes!("vectors/h264.annexb")));
    assert_even(&frames);
    assert_eq!(frames[0].format.size(), Some(SIZE), "as it is cropped");
    assert!(frames.iter().all(|frame| frame.format == frames[0].format));
    let few = Warning::FewPictures { milli_fps: 0 };
    assert!(bench.warnings().iter().all(|(_, warning)| *warning == few));
}

#[test]
fn pictures_that_are_sent_before_they_are_shown_are_left_out_and_told() {
    let sent = packets(
        include_bytes!("vectors/h264_bframes.rtp"),
        H264,
        begins_h264,
    );
    let (bench, frames) = played(sent);
    assert_eq!(
        bench.warnings(),
        [(Source::Video { rank: 0 }, Warning::BFrames)]
    );
    let dropped = bench.frames.counters().frames_dropped;
    assert!(dropped >= 6, "{dropped}");
    assert_eq!(frames.len() as u64 + dropped, 12);
    assert_eq!(bench.wishes(), []);
}

#[test]
fn pictures_of_libvpx_come_out_as_frames_of_vp8() {
    let begins = |payload: &[u8]| {
        payload[0] & 0x10 != 0 && {
            let extended = payload[0] & 0x80 != 0;
            let at = if extended { 4 } else { 1 };
            payload[at] & 0x01 == 0
        }
    };
    let (_, frames) = played(packets(
        include_bytes!("vectors/vp8.rtp"),
        Codec::Vp8,
        begins,
    ));
    let got: Vec<Vec<u8>> = frames.iter().map(|frame| frame.data.to_vec()).collect();
    assert_eq!(got, ivf(include_bytes!("vectors/vp8.ivf")));
    assert_eq!(keys(&frames), [0, 6]);
    assert_eq!(*frames[0].format, Format::Vp8 { size: SIZE });
    assert_even(&frames);
}

#[test]
fn pictures_of_libvpx_come_out_as_frames_of_vp9() {
    // ffmpeg's descriptor is one octet; the frame says whether it is a keyframe.
    let begins = |payload: &[u8]| payload[0] & 0x08 != 0 && payload[1] & 0x04 == 0;
    let codec = Codec::Vp9 { profile_id: 0 };
    let (_, frames) = played(packets(include_bytes!("vectors/vp9.rtp"), codec, begins));
    let got: Vec<Vec<u8>> = frames.iter().map(|frame| frame.data.to_vec()).collect();
    assert_eq!(got, ivf(include_bytes!("vectors/vp9.ivf")));
    assert_eq!(keys(&frames), [0, 6]);
    let size = SIZE;
    assert_eq!(*frames[0].format, Format::Vp9 { profile: 0, size });
    assert_even(&frames);
}

#[test]
fn spatial_layers_of_vp9_become_a_superframe_with_an_index() {
    let encoded = ivf(include_bytes!("vectors/vp9.ivf"));
    let (low, high) = (&encoded[0], vec![0x84; 700]);
    let mut sender = Sender {
        codec: Codec::Vp9 { profile_id: 0 },
        ..Sender::video(0)
    };
    // B and E, then the frame; I=0 P=0 L=0 F=0, with P for the upper layer.
    let layer = |flags: u8, frame: &[u8]| [&[flags], frame].concat();
    let mut sent = vec![
        sender.packet(at_ms(1_000), &layer(0x0c, low)),
        sender.packet(at_ms(1_000), &layer(0x48, &high[..400])),
        sender.packet(at_ms(1_000), &layer(0x44, &high[400..])),
    ];
    sent[0].facts.starts_keyframe = true;
    let top = Dimensions {
        width: 320,
        height: 180,
    };
    let mut sizes = LayerSizes::from(SIZE);
    assert!(sizes.push(top));
    sent[0].facts.sizes = sizes;
    sent[2].marker = true;
    let (_, frames) = played(sent);
    // Annex B: 110, two bytes a length, two frames.
    let marker = 0b1100_1001;
    let [l0, l1] = u16::try_from(low.len()).unwrap().to_le_bytes();
    let [h0, h1] = 700_u16.to_le_bytes();
    let index = [marker, l0, l1, h0, h1, marker];
    assert_eq!(*frames[0].data, *[low, &high[..], &index].concat());
    assert_eq!(frames[0].format.size(), Some(top));
}

/// An OBU's header without its size flag, and what follows its size.
fn obus(data: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut obus) = (data, Vec::new());
    while !rest.is_empty() {
        let header = rest[0];
        let n_header = if header & 4 == 0 { 1 } else { 2 };
        assert_eq!(header & 2, 2, "it has a size");
        let (mut size, mut at) = (0, n_header);
        loop {
            size |= usize::from(rest[at] & 0x7f) << (7 * (at - n_header));
            at += 1;
            if rest[at - 1] & 0x80 == 0 {
                break;
            }
        }
        let mut obu = rest[..n_header].to_vec();
        obu[0] &= !2;
        obu.extend(&rest[at..at + size]);
        obus.push(obu);
        rest = &rest[at + size..];
    }
    obus
}

/// A temporal unit as a sender packs it (AV1 RTP section 4): small OBUs together with their lengths, large ones in fragments.
fn av1_packets(sender: &mut Sender, ms: u64, unit: &[u8]) -> Vec<Packet> {
    let elements: Vec<Vec<u8>> = obus(unit)
        .into_iter()
        .filter(|obu| obu[0] >> 3 != 2)
        .collect();
    let is_key = elements[0][0] >> 3 == 1;
    let mut payloads = Vec::new();
    let (small, large): (Vec<_>, Vec<_>) = elements.into_iter().partition(|obu| obu.len() < 100);
    if !small.is_empty() {
        let mut payload = vec![if is_key { 0x08 } else { 0 }];
        for element in &small {
            payload.push(u8::try_from(element.len()).unwrap());
            payload.extend(element);
        }
        payloads.push(payload);
    }
    for element in large {
        let chunks: Vec<_> = element.chunks(200).collect();
        for (index, chunk) in chunks.iter().enumerate() {
            let z = if index > 0 { 0x80 } else { 0 };
            let y = if index + 1 < chunks.len() { 0x40 } else { 0 };
            payloads.push([&[z | y | 0x10], *chunk].concat());
        }
    }
    let mut packets: Vec<_> = payloads
        .iter()
        .map(|p| sender.packet(at_ms(ms), p))
        .collect();
    packets[0].facts.starts_keyframe = is_key;
    packets.last_mut().unwrap().marker = true;
    packets
}

#[test]
fn temporal_units_of_libaom_come_out_with_the_sizes_that_the_wire_leaves_out() {
    let encoded = ivf(include_bytes!("vectors/av1.ivf"));
    let mut sender = Sender {
        codec: Codec::Av1 { profile: 0 },
        ..Sender::video(0)
    };
    let units = (0_u64..).zip(&encoded);
    let sent = units.flat_map(|(n, unit)| av1_packets(&mut sender, 1_000 + 100 * n, unit));
    let (_, frames) = played(sent.collect());
    assert_eq!(frames.len(), encoded.len());
    for (frame, unit) in frames.iter().zip(&encoded) {
        let expected: Vec<_> = obus(unit)
            .into_iter()
            .filter(|obu| obu[0] >> 3 != 2)
            .collect();
        assert_eq!(obus(&frame.data), expected);
    }
    assert_eq!(keys(&frames), [0, 4]);
    let Format::Av1 {
        sequence_header,
        size,
    } = &*frames[0].format
    else {
        panic!("{:?}", frames[0].format);
    };
    assert_eq!(*size, SIZE);
    assert_eq!(obus(sequence_header), obus(&frames[0].data)[..1]);
    assert_even(&frames);
}
