//! Encodings of one picture, and sound beside them.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::frame::Discontinuity;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::bench::Bench;
use crate::sender::{Sender, at_ms, at_us};

/// A number that looks like chance and is the same each time.
fn jitter(n: u64, below: u64) -> u64 {
    (n.wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
        >> 33)
        % below
}

/// 30 pictures a second of three encodings, a keyframe every two seconds. Until `report_ms` capture times are by arrival, which
/// differs by encoding; the first keyframe of each comes behind those of the smaller ones.
fn simulcast(senders: &mut [Sender], from_ms: u64, to_ms: u64, report_ms: u64) -> Vec<Packet> {
    let mut packets = Vec::new();
    for n in 0..(to_ms - from_ms) * 30 / 1_000 {
        let captured = at_us(from_ms * 1_000 + n * 1_000_000 / 30);
        for (rank, sender) in (0_u64..).zip(senders.iter_mut()) {
            let late =
                if n == 0 { 12 * rank } else { 2 * rank } * 1_000 + jitter(n * 3 + rank, 9_000);
            let by_arrival =
                captured + sender.delay + Duration::from_millis(if n == 0 { 12 } else { 2 } * rank);
            for mut packet in sender.picture(captured, n % 60 == 0, 2) {
                packet.received_at += Duration::from_micros(late);
                if captured < at_ms(report_ms) {
                    packet.captured_at = by_arrival;
                }
                packets.push(packet);
            }
        }
    }
    packets.sort_by_key(|packet| packet.received_at);
    packets
}

/// The times of each encoding, by picture.
fn times(bench: &Bench, n_encodings: u8) -> Vec<Vec<u64>> {
    (0..n_encodings)
        .map(|rank| bench.times(Source::Video { rank }))
        .collect()
}

#[test]
fn pictures_that_were_captured_at_once_have_the_same_time_in_all_encodings() {
    let mut senders = [0, 1, 2].map(Sender::video);
    let mut bench = Bench::new();
    bench.arrive(simulcast(&mut senders, 1_000, 21_000, 2_500));
    let times = times(&bench, 3);
    assert_eq!(times[0].len(), 600);
    // The first pictures may be half of one apart, while nothing but their arrival is known.
    for rank in [1, 2] {
        let unequal = (0..600)
            .filter(|n| times[0][*n] != times[rank][*n])
            .collect::<Vec<_>>();
        assert!(unequal.iter().all(|n| *n < 2), "{rank}: {unequal:?}");
        for n in unequal {
            assert!(times[0][n].abs_diff(times[rank][n]) <= 1_500, "{rank}: {n}");
        }
    }
    assert_eq!(bench.warnings(), []);
}

#[test]
fn an_encoding_that_begins_later_joins_the_pictures_of_the_others() {
    let mut senders = [0, 1].map(Sender::video);
    let (low, high) = senders.split_at_mut(1);
    let mut packets = simulcast(low, 1_000, 11_000, 0);
    packets.extend(simulcast(high, 5_000, 11_000, 0));
    packets.sort_by_key(|packet| packet.received_at);
    let mut bench = Bench::new();
    bench.arrive(packets);
    let times = times(&bench, 2);
    assert_eq!(times[1], times[0][120..]);
}

#[test]
fn an_encoding_that_was_taken_for_the_picture_before_is_set_right_when_reports_tell() {
    let mut senders = [0, 1].map(Sender::video);
    let mut packets = simulcast(&mut senders, 1_000, 16_000, 0);
    for packet in &mut packets {
        // Before its first report the higher one seems a picture later than it is.
        if packet.layer.spatial == 1 {
            packet.received_at += Duration::from_millis(34);
            if packet.received_at < at_ms(3_000) {
                packet.captured_at += Duration::from_millis(34);
            }
        }
    }
    packets.sort_by_key(|packet| packet.received_at);
    let mut bench = Bench::new();
    bench.arrive(packets);
    let times = times(&bench, 2);
    assert_ne!(times[0][10], times[1][10]);
    assert_eq!(times[0][300..], times[1][300..]);
}

#[test]
fn two_encodings_that_change_their_ranks_begin_anew_where_they_are() {
    let mut senders = [0, 1].map(Sender::video);
    let mut bench = Bench::new();
    bench.arrive(simulcast(&mut senders, 1_000, 3_000, 0));
    senders.swap(0, 1);
    (senders[0].rank, senders[1].rank) = (0, 1);
    bench.arrive(simulcast(&mut senders, 3_000, 5_000, 0));
    for rank in [0, 1] {
        let source = Source::Video { rank };
        assert_eq!(bench.video(rank).len(), 120);
        assert_eq!(bench.breaks(source), [(60, Discontinuity::Lost)]);
    }
}

/// Frames of sound and pictures, by the time that they were captured.
struct Sync {
    bench: Bench,
    captured: BTreeMap<Source, Vec<Instant>>,
}

/// Sound and pictures for so long, from publishers as they are.
fn together(audio: &mut Sender, video: &mut Sender, seconds: u64, fps: u64) -> Sync {
    let mut bench = Bench::new();
    let mut captured: BTreeMap<Source, Vec<Instant>> = BTreeMap::new();
    let step = 1_000 / fps;
    for ms in (1_000..1_000 + seconds * 1_000).step_by(20) {
        let at = at_ms(ms);
        captured.entry(Source::Audio).or_default().push(at);
        let mut packets = vec![audio.sound(at)];
        if (ms - 1_000) % step < 20 {
            captured
                .entry(Source::Video { rank: 0 })
                .or_default()
                .push(at);
            packets.extend(video.picture(at, (ms - 1_000) % 2_000 < 20, 1));
        }
        packets.sort_by_key(|packet| packet.received_at);
        for mut packet in packets {
            packet.received_at = packet.received_at.max(bench.now);
            bench.arrive([packet]);
        }
    }
    Sync { bench, captured }
}

impl Sync {
    /// By how much each frame is later than it was captured, in microseconds, against the stream's own zero.
    fn lateness(&self, source: Source) -> Vec<i64> {
        let zero = self.bench.frames.began_at().unwrap();
        let of = |(frame, captured): (&&sfu_model::frame::Frame, &Instant)| {
            let time = zero + frame.format.clock_rate().duration(frame.time.0);
            (time.as_nanos().cast_signed() - captured.as_nanos().cast_signed()) / 1_000
        };
        let frames = self.bench.of(source);
        assert_eq!(frames.len(), self.captured[&source].len(), "{source}");
        frames.iter().zip(&self.captured[&source]).map(of).collect()
    }

    /// The 95th percentile of how far sound and pictures are apart after `skip` of each second's frames.
    fn apart_p95(&self, skip: usize) -> i64 {
        let (audio, video) = (
            self.lateness(Source::Audio),
            self.lateness(Source::Video { rank: 0 }),
        );
        let ratio = audio.len() / video.len();
        let pairs = audio.iter().step_by(ratio).zip(&video).skip(skip);
        let mut apart: Vec<i64> = pairs.map(|(a, v)| (a - v).abs()).collect();
        apart.sort_unstable();
        apart[apart.len() * 95 / 100]
    }
}

#[test]
fn clocks_that_drift_are_followed_for_hours_and_nothing_jumps() {
    // What crystals are off by; sound and pictures may have a clock each.
    for (audio_ppm, video_ppm) in [(100, 100), (-100, 30)] {
        let (mut audio, mut video) = (Sender::audio(), Sender::video(0));
        (audio.fast_ppm, video.fast_ppm) = (audio_ppm, video_ppm);
        let sync = together(&mut audio, &mut video, 2 * 3_600, 25);
        for source in [Source::Audio, Source::Video { rank: 0 }] {
            let worst = sync
                .lateness(source)
                .iter()
                .map(|us| us.abs())
                .max()
                .unwrap();
            assert!(worst <= 9_000, "{source}: {worst} us");
            assert_eq!(sync.bench.breaks(source), []);
        }
        assert!(sync.apart_p95(0) <= 15_000, "{}", sync.apart_p95(0));
        let times = sync.bench.times(Source::Audio);
        let steps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let uneven = steps.filter(|step| step.abs_diff(960) > 3).count();
        assert_eq!(
            uneven, 0,
            "a packet is never stretched by more than three samples"
        );
        assert_eq!(sync.bench.frames.counters().silences, 0);
        assert_eq!(sync.bench.warnings(), []);
    }
}

#[test]
fn a_sender_report_that_is_318_ms_wrong_is_not_believed() {
    for error in [-318, 318] {
        let (mut audio, mut video) = (Sender::audio(), Sender::video(0));
        audio.report_error_ms = error;
        let sync = together(&mut audio, &mut video, 20, 25);
        let apart = sync.apart_p95(0);
        assert!(apart <= 45_000, "{apart} us");
        let warnings = sync.bench.warnings();
        assert_eq!(warnings[0], (Source::Audio, Warning::UntrustedReports));
    }
}

#[test]
fn the_first_report_sets_lips_right_within_two_seconds() {
    let (mut audio, mut video) = (Sender::audio(), Sender::video(0));
    // An encoder of pictures that takes 90 ms, of which nothing is known for five seconds.
    video.delay = Duration::from_millis(110);
    let mut bench = Bench::new();
    let mut packets = Vec::new();
    for n in 0..500_u64 {
        let at = at_ms(1_000 + 40 * n);
        for ms in [0, 20] {
            let mut packet = audio.sound(at + Duration::from_millis(ms));
            packet.captured_at += Duration::from_millis(20);
            packets.push(packet);
        }
        for mut packet in video.picture(at, n % 50 == 0, 1) {
            let known = if n < 125 { 110 } else { 20 };
            packet.captured_at += Duration::from_millis(known);
            packets.push(packet);
        }
    }
    packets.sort_by_key(|packet| packet.received_at);
    bench.arrive(packets);
    let (audio, video) = (
        bench.times(Source::Audio),
        bench.times(Source::Video { rank: 0 }),
    );
    let apart_ms = |n: usize| (video[n] / 90).abs_diff(audio[2 * n] / 48);
    assert_eq!(apart_ms(100), 90);
    for n in 175..500 {
        assert!(apart_ms(n) <= 6, "{n}: {} ms", apart_ms(n));
    }
    assert_eq!(bench.breaks(Source::Video { rank: 0 }), []);
    assert_eq!(video.len(), 500, "no picture was left out");
}
