//! Layered streams, whole and badly forwarded: a player shows the one and complains of the other.

use sfu_model::codec::Codec;
use sfu_model::layer::Layer;
use sfu_model::packet::Dimensions;

use super::*;
use crate::layers::Scalability;
use crate::publisher::H264;
use crate::receiver::Wire;
use crate::source::{Encoder, Made, Source};

const VP9: Codec = Codec::Vp9 { profile_id: 0 };
const AV1: Codec = Codec::Av1 { profile: 0 };
const INTERVAL: Duration = Duration::from_millis(40);
/// A keyframe comes every so many pictures: not where the temporal pattern ends.
const KEY_INTERVAL: usize = 17;
const N_PICTURES: usize = 50;

/// The packets of a stream as they leave their publisher, by picture.
fn stream(codec: Codec, mode: Scalability) -> Vec<Vec<Made>> {
    let encoder = Encoder {
        codec,
        rank: 2,
        dimensions: Dimensions {
            width: 1_280,
            height: 704,
        },
        mode,
        frame_interval: INTERVAL,
        packets_per_frame: 9,
        payload_bytes: 200,
    };
    let mut now = Instant::START;
    let mut source = Source::new(encoder, 1, 7, now);
    let picture = |n: usize| {
        source.wants_keyframe |= n.is_multiple_of(KEY_INTERVAL);
        let made = source.poll(now);
        now += INTERVAL;
        made
    };
    (0..N_PICTURES).map(picture).collect()
}

fn stamp(made: &Made) -> Stamp {
    Stamp::read(&made.payload).expect("a stamp")
}

/// What somebody forwards of a stream: what passes is numbered without gaps, and the last of each picture is marked.
fn forwarded(pictures: &[Vec<Made>], passes: impl Fn(&Stamp) -> bool) -> Vec<Made> {
    let mut out: Vec<Made> = Vec::new();
    for picture in pictures {
        let n_before = out.len();
        let passing = picture.iter().filter(|made| passes(&stamp(made)));
        out.extend(passing.cloned());
        if let Some(last) = out
            .get_mut(n_before..)
            .and_then(|picture| picture.last_mut())
        {
            last.marker = true;
        }
    }
    for (sequence, made) in (100..).zip(&mut out) {
        made.sequence = sequence;
    }
    out
}

fn within(spatial: u8, temporal: u8) -> impl Fn(&Stamp) -> bool {
    move |stamp| stamp.place.layer.is_within(Layer { spatial, temporal })
}

fn play(codec: Codec, packets: &[Made], has_descriptors: bool) -> Decoder {
    let mut decoder = Decoder::default();
    for made in packets {
        let stamp = stamp(made);
        let descriptor = made.descriptor.as_deref().filter(|_| has_descriptors);
        let packet = Packet {
            sequence: made.sequence,
            time: u64::from(made.timestamp),
            marker: made.marker,
            wire: Wire::read(codec, &made.payload, descriptor).expect("a payload"),
            stamp,
        };
        let _ = decoder.receive(packet, stamp.captured_at);
    }
    decoder
}

fn first_complaint(codec: Codec, packets: &[Made]) -> Option<Why> {
    let decoder = play(codec, packets, true);
    decoder.broken.first().map(|broken| broken.why)
}

const MODES: [(Codec, Scalability); 9] = [
    (Codec::Vp8, Scalability::full(1, 2)),
    (Codec::Vp8, Scalability::full(1, 3)),
    (VP9, Scalability::full(1, 3)),
    (VP9, Scalability::full(3, 3)),
    (VP9, Scalability::key_only(3, 3)),
    (H264, Scalability::full(1, 3)),
    (AV1, Scalability::full(1, 3)),
    (AV1, Scalability::full(3, 3)),
    (AV1, Scalability::key_only(2, 3)),
];

#[test]
fn a_whole_stream_is_shown_picture_by_picture() {
    for (codec, mode) in MODES {
        let packets = forwarded(&stream(codec, mode), |_| true);
        let decoder = play(codec, &packets, true);
        assert_eq!(decoder.broken, [], "{codec:?} {mode:?}");
        assert_eq!(decoder.shown.len(), N_PICTURES, "{codec:?} {mode:?}");
        let top = |shown: &Shown| shown.stamp.place.layer.spatial == mode.spatial - 1;
        assert!(decoder.shown.iter().all(top));
    }
}

#[test]
fn lower_layers_are_shown_where_their_numbers_say_so() {
    // VP9 keeps its numbers, and the temporal layers of a Dependency Descriptor have one chain.
    for (codec, mode) in [
        (VP9, Scalability::full(3, 3)),
        (VP9, Scalability::key_only(3, 3)),
        (H264, Scalability::full(1, 3)),
    ] {
        let pictures = stream(codec, mode);
        let decoder = play(codec, &forwarded(&pictures, within(0, 1)), true);
        assert_eq!(decoder.broken, [], "{codec:?} {mode:?}");
        assert!(decoder.shown.len() * 2 >= N_PICTURES, "{codec:?} {mode:?}");
    }
}

#[test]
fn a_picture_whose_last_layer_left_without_the_marker_is_waited_for() {
    for (codec, mode) in [
        (VP9, Scalability::full(3, 3)),
        (AV1, Scalability::key_only(2, 3)),
    ] {
        let pictures = stream(codec, mode);
        let mut packets = forwarded(&pictures, |stamp| stamp.place.layer.spatial == 0);
        packets.iter_mut().for_each(|made| made.marker = false);
        let complaint = first_complaint(codec, &packets);
        assert_eq!(complaint, Some(Why::Unmarked), "{codec:?}");
    }
}

#[test]
fn a_picture_that_is_marked_before_its_end_is_noticed() {
    let mut packets = forwarded(&stream(VP9, Scalability::full(3, 3)), |_| true);
    let ends_base = |made: &&mut Made| {
        let stamp = stamp(made);
        stamp.place.layer.spatial == 0 && stamp.packet_index + 1 == stamp.n_packets
    };
    let ends = packets.iter_mut().filter(ends_base);
    ends.for_each(|made| made.marker = true);
    assert_eq!(first_complaint(VP9, &packets), Some(Why::MarkedBefore));
}

#[test]
fn pictures_of_several_sizes_never_assemble_without_descriptors() {
    for mode in [Scalability::full(3, 3), Scalability::key_only(2, 3)] {
        let pictures = stream(AV1, mode);
        let all = play(AV1, &forwarded(&pictures, |_| true), false);
        assert_eq!(all.shown.len(), 0, "{mode:?}");
        assert!(all.needs_keyframe, "{mode:?}");
        let smallest = forwarded(&pictures, |stamp| stamp.place.layer.spatial == 0);
        let smallest = play(AV1, &smallest, false);
        assert_eq!(
            (smallest.broken, smallest.shown.len()),
            (vec![], N_PICTURES)
        );
    }
}

#[test]
fn a_chain_that_is_said_to_be_sent_and_does_not_come_is_noticed() {
    // No mask says that only the smallest size is sent.
    for mode in [Scalability::full(2, 1), Scalability::key_only(2, 3)] {
        let pictures = stream(AV1, mode);
        let packets = forwarded(&pictures, |stamp| stamp.place.layer.spatial == 0);
        assert_eq!(first_complaint(AV1, &packets), Some(Why::CannotFollow));
    }
}

#[test]
fn a_frame_that_refers_to_what_was_left_out_is_noticed() {
    // More passes from an arbitrary picture on.
    for (codec, mode, from) in [
        (Codec::Vp8, Scalability::full(1, 3), 6),
        (AV1, Scalability::full(1, 3), 7),
        (VP9, Scalability::full(1, 3), 3),
        (AV1, Scalability::full(2, 1), 5),
        (VP9, Scalability::key_only(2, 1), 5),
    ] {
        let pictures = stream(codec, mode);
        let joins_at = Instant::START + INTERVAL * from;
        let packets = forwarded(&pictures, |stamp| {
            stamp.captured_at >= joins_at || within(0, 0)(stamp)
        });
        let complaint = first_complaint(codec, &packets);
        assert!(
            matches!(complaint, Some(Why::MissingReference | Why::CannotFollow)),
            "{codec:?} {mode:?}: {complaint:?}"
        );
    }
}

#[test]
fn counters_that_leave_a_gap_cannot_be_followed() {
    // VP8's picture ids have gaps where the highest temporal layer was.
    let pictures = stream(Codec::Vp8, Scalability::full(1, 3));
    let packets = forwarded(&pictures, within(0, 1));
    let complaint = first_complaint(Codec::Vp8, &packets);
    assert_eq!(complaint, Some(Why::CannotFollow));
    // TL0PICIDX of VP9, in its fifth octet, jumps with the ninth picture.
    let pictures = stream(VP9, Scalability::full(1, 3));
    let mut packets = forwarded(&pictures, |_| true);
    let jumped_at = Instant::START + INTERVAL * 8;
    for made in &mut packets {
        if stamp(made).captured_at >= jumped_at {
            made.payload[4] = made.payload[4].wrapping_add(1);
        }
    }
    assert_eq!(first_complaint(VP9, &packets), Some(Why::CannotFollow));
}

#[test]
fn a_frame_that_lost_a_packet_without_a_gap_is_broken() {
    for (codec, mode) in MODES {
        let pictures = stream(codec, mode);
        let cut_at = Instant::START + INTERVAL * 4;
        let packets = forwarded(&pictures, |stamp| {
            stamp.captured_at != cut_at || stamp.packet_index != 1
        });
        let complaint = first_complaint(codec, &packets);
        assert_eq!(complaint, Some(Why::MixedPackets), "{codec:?} {mode:?}");
    }
}
