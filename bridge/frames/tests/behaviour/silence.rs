//! Sound that stops, and comes again.

use std::time::Duration;

use bridge_frames::source::Source;
use sfu_model::frame::{Discontinuity, Format, Frame};

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

/// Packets captured from one time to another, 20 ms each.
fn talk(bench: &mut Bench, sender: &mut Sender, from_ms: u64, to_ms: u64) {
    for ms in (from_ms..to_ms).step_by(20) {
        let packet = sender.sound(at_ms(ms));
        bench.arrive([packet]);
    }
}

/// What a packet says that it lasts (silence is of 2.5 to 20 ms, what the sender makes is of 20).
fn ticks(frame: &Frame) -> u64 {
    120 << ((frame.data[0] >> 3) & 0x03)
}

fn is_silence(frame: &&Frame) -> bool {
    frame.data[1..] == [0xff, 0xfe]
}

/// Every packet ends where the next begins.
#[track_caller]
fn assert_seamless(bench: &Bench) {
    let audio = bench.audio();
    for pair in audio.windows(2) {
        assert_eq!(pair[0].time.0 + ticks(pair[0]), pair[1].time.0);
    }
    assert_eq!(bench.breaks(Source::Audio), []);
}

#[test]
fn silence_is_made_120_ms_after_the_last_packet_and_keeps_pace() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    talk(&mut bench, &mut sender, 1_000, 2_000);
    let last_heard = bench.now;
    bench.run_to(last_heard + Duration::from_millis(119));
    assert_eq!(bench.audio().len(), 50);
    bench.run_to(at_ms(12_001));
    // From 2 s to 120 ms before now.
    let n_silences = bench.audio().iter().filter(|f| is_silence(f)).count();
    assert_eq!(n_silences, (10_000 - 120) / 20);
    assert_seamless(&bench);
    let first = bench.timed(Source::Audio)[50].0 - last_heard;
    assert!(first >= Duration::from_millis(120) && first < Duration::from_millis(141));
}

#[test]
fn sound_that_comes_again_follows_the_silence_without_hole_or_overlap() {
    for pause_ms in [140, 150, 400, 5_000, 5_017, 60_000] {
        let (mut bench, mut sender) = (Bench::new(), Sender::audio());
        talk(&mut bench, &mut sender, 1_000, 2_000);
        talk(&mut bench, &mut sender, 2_000 + pause_ms, 3_000 + pause_ms);
        let n_heard = bench.audio().iter().filter(|f| !is_silence(f)).count();
        assert_eq!(n_heard, 100, "{pause_ms}");
        let times = bench.times(Source::Audio);
        let span = times.last().unwrap() - times[0];
        assert_eq!(
            span,
            (2_000 + pause_ms - 20) * 48,
            "{pause_ms}: the time of capture"
        );
        if pause_ms % 5 == 0 {
            assert_seamless(&bench);
        }
    }
}

#[test]
fn a_packet_every_400_ms_is_heard_between_silences() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    for n in 0..10 {
        let packet = sender.sound(at_ms(1_000 + 400 * n));
        bench.arrive([packet]);
    }
    assert_eq!(bench.audio().iter().filter(|f| !is_silence(f)).count(), 10);
    assert_seamless(&bench);
}

#[test]
fn a_lost_packet_is_silence_after_200_ms() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    talk(&mut bench, &mut sender, 1_000, 2_000);
    let _lost = sender.sound(at_ms(2_000));
    talk(&mut bench, &mut sender, 2_020, 3_000);
    assert_eq!(bench.audio().iter().filter(|f| is_silence(f)).count(), 1);
    assert_eq!(bench.audio().len(), 100);
    assert_seamless(&bench);
    let (out_at, _) = bench.timed(Source::Audio)[50];
    assert_eq!(out_at, at_ms(2_020 + 20 + 200));
}

#[test]
fn sound_that_silence_took_the_place_of_is_left_out() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    talk(&mut bench, &mut sender, 1_000, 2_000);
    // The network stalls for 300 ms, and everything comes at once.
    let mut stalled: Vec<_> = (0..15)
        .map(|n| sender.sound(at_ms(2_000 + 20 * n)))
        .collect();
    for packet in &mut stalled {
        packet.received_at = at_ms(2_320);
    }
    bench.arrive(stalled);
    talk(&mut bench, &mut sender, 2_300, 3_000);
    assert_seamless(&bench);
    let times = bench.times(Source::Audio);
    assert_eq!(times.len(), 100);
    assert!(bench.frames.counters().frames_dropped >= 8);
}

#[test]
fn no_silence_is_made_before_the_first_packet_or_after_the_publisher_has_gone() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    bench.run_to(at_ms(900));
    assert_eq!(bench.audio().len(), 0);
    talk(&mut bench, &mut sender, 1_000, 2_000);
    bench.frames.handle_publisher_gone(bench.now);
    bench.run_to(at_ms(30_000));
    assert_eq!(bench.audio().len(), 50);
    assert_eq!(bench.frames.poll_timeout(), None);
}

#[test]
fn a_drive_that_stood_still_for_longer_than_ten_seconds_tells_the_hole() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    talk(&mut bench, &mut sender, 1_000, 2_000);
    // Nobody asks for a minute: the time passes in one step.
    bench.now = at_ms(62_000);
    bench.frames.handle_timeout(bench.now);
    talk(&mut bench, &mut sender, 62_000, 63_000);
    assert_eq!(bench.breaks(Source::Audio), [(50, Discontinuity::Clock)]);
    let times = bench.times(Source::Audio);
    assert_eq!(times.last().unwrap() - times[0], 61_980 * 48);
}

#[test]
fn a_second_channel_stays_once_there_is_one() {
    let mut frames =
        bridge_frames::frames::Frames::new(bridge_frames::config::Config { channels: 1 });
    let mut sender = Sender::audio();
    let mut channels = Vec::new();
    for (ms, toc) in [(1_000, 0xf8), (1_020, 0xfc), (1_040, 0xf8)] {
        let packet = sender.packet(at_ms(ms), &[toc, 1, 2]);
        frames.handle_packet(&packet, packet.received_at);
        while let Some(event) = frames.poll_event() {
            if let bridge_frames::event::Event::Frame { frame, .. } = event
                && let Format::Opus { channels: n, .. } = &*frame.format
            {
                channels.push(*n);
            }
        }
    }
    assert_eq!(channels, [1, 2, 2]);
}

#[test]
fn payloads_without_sound_are_passed_over() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    talk(&mut bench, &mut sender, 1_000, 1_100);
    let empty = sender.packet(at_ms(1_100), &[]);
    let malformed = sender.packet(at_ms(1_120), &[0xfb]);
    bench.arrive([empty, malformed]);
    talk(&mut bench, &mut sender, 1_140, 1_200);
    assert_eq!(bench.audio().iter().filter(|f| is_silence(f)).count(), 2);
    assert_seamless(&bench);
}
