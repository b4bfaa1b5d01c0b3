//! Publishers that come back, and clocks that are set.

use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::frame::Discontinuity;

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

const LOW: Source = Source::Video { rank: 0 };

/// 25 pictures a second from one time to another, the first a keyframe.
fn film(bench: &mut Bench, sender: &mut Sender, from_ms: u64, to_ms: u64) {
    for ms in (from_ms..to_ms).step_by(40) {
        let packets = sender.picture(at_ms(ms), (ms - from_ms).is_multiple_of(1_000), 2);
        bench.arrive(packets);
    }
}

/// How far the picture that was captured at `ms` is from there, in milliseconds.
fn error_ms(bench: &Bench, index: usize, ms: u64) -> u64 {
    let first = bench.times(LOW)[0];
    let time = bench.times(LOW)[index] - first;
    (time / 90).abs_diff(ms - 1_000)
}

#[test]
fn a_publisher_that_comes_back_goes_on_with_the_timeline() {
    let (mut bench, mut video, mut audio) = (Bench::new(), Sender::video(0), Sender::audio());
    let sound = audio.sound(at_ms(980));
    bench.arrive([sound]);
    film(&mut bench, &mut video, 1_000, 3_000);
    bench.frames.handle_publisher_gone(bench.now);
    let mut late = video.picture(at_ms(3_000), true, 1);
    late[0].received_at = at_ms(6_990);
    let (mut video, mut audio) = (video.reconnected(), audio.reconnected());
    bench.arrive(late);
    film(&mut bench, &mut video, 7_000, 9_000);
    let sound = audio.sound(at_ms(9_000));
    bench.arrive([sound]);
    assert_eq!(bench.breaks(LOW), [(50, Discontinuity::Publisher)]);
    let last = bench.audio().len() - 1;
    assert_eq!(
        bench.breaks(Source::Audio),
        [(last, Discontinuity::Publisher)]
    );
    assert_eq!(bench.times(LOW).len(), 100);
    assert!(error_ms(&bench, 50, 7_000) <= 1);
    assert_eq!(
        bench.frames.counters().packets_foreign,
        1,
        "of the track that ended"
    );
}

#[test]
fn a_publisher_that_takes_over_without_a_goodbye_ends_the_one_before() {
    let (mut bench, mut video) = (Bench::new(), Sender::video(0));
    film(&mut bench, &mut video, 1_000, 2_000);
    let mut other = video.reconnected();
    film(&mut bench, &mut other, 2_000, 3_000);
    film(&mut bench, &mut video, 3_000, 3_400);
    assert_eq!(bench.times(LOW).len(), 50);
    assert_eq!(bench.breaks(LOW), [(25, Discontinuity::Publisher)]);
}

#[test]
fn timestamps_that_jump_are_placed_by_when_they_came() {
    // By an hour, by eight seconds back, by two hundred milliseconds back, and over the end of 32 bits.
    for jump in [90_000_i64 * 3_600, -90_000 * 8, -90_000 / 5, 1 << 32] {
        let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
        film(&mut bench, &mut sender, 1_000, 4_000);
        sender.rtp_base = sender.rtp_base.wrapping_add_signed(jump);
        film(&mut bench, &mut sender, 4_000, 10_000);
        assert_eq!(bench.times(LOW).len(), 225, "{jump}");
        for (index, ms) in [(75, 4_000), (80, 4_200), (224, 9_960)] {
            assert!(error_ms(&bench, index, ms) <= 5, "{jump}: {index}");
        }
        assert_eq!(
            bench.warnings(),
            [(LOW, Warning::BrokenTimestamps)],
            "{jump}"
        );
        assert_eq!(bench.breaks(LOW), [], "{jump}: the timeline did not jump");
    }
}

#[test]
fn timestamps_that_run_back_and_forth_make_times_that_rise() {
    let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
    let base = sender.rtp_base;
    for n in 0..250_u64 {
        let wild = (n * 7_919) % 1_000_000;
        sender.rtp_base = base + wild;
        let packets = sender.picture(at_ms(1_000 + 40 * n), n % 25 == 0, 2);
        bench.arrive(packets);
    }
    let times = bench.times(LOW);
    assert_eq!(times.len(), 250);
    assert!((times[249] - times[0]).abs_diff(249 * 3_600) <= 90_000);
    let broken = bench
        .warnings()
        .into_iter()
        .filter(|w| w.1 == Warning::BrokenTimestamps);
    // Ten seconds, one warning.
    assert_eq!(broken.count(), 1);
}

#[test]
fn timestamps_that_stand_still_are_placed_by_when_they_came() {
    let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
    film(&mut bench, &mut sender, 1_000, 4_000);
    let base = sender.rtp_base;
    for ms in (4_000..6_000).step_by(40) {
        // The clock is that of 3.96 s, the last picture before.
        sender.rtp_base = base - (ms - 3_960) * 90;
        let packets = sender.picture(at_ms(ms), ms % 1_000 == 0, 2);
        bench.arrive(packets);
    }
    sender.rtp_base = base;
    film(&mut bench, &mut sender, 6_000, 8_000);
    assert_eq!(bench.times(LOW).len(), 175, "none is left out");
    for (index, ms) in [
        (75, 4_000),
        (76, 4_040),
        (124, 5_960),
        (125, 6_000),
        (174, 7_960),
    ] {
        assert!(error_ms(&bench, index, ms) <= 25, "{index}");
    }
    assert_eq!(bench.warnings(), [(LOW, Warning::BrokenTimestamps)]);
    assert_eq!(bench.breaks(LOW), [], "the timeline did not jump");
}

#[test]
fn sound_that_was_muted_and_goes_on_where_its_timestamps_stopped_is_no_fault() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    for n in (0..250_u64).chain(500..1_000) {
        if n == 500 {
            sender.rtp_base = sender.rtp_base.wrapping_sub(960 * 250);
        }
        let packet = sender.sound(at_ms(1_000 + 20 * n));
        bench.arrive([packet]);
    }
    let times = bench.times(Source::Audio);
    let span = times.last().unwrap() - times[0];
    assert!(span.abs_diff(999 * 960) <= 960, "{span}");
    assert_eq!(bench.warnings(), []);
}

#[test]
fn sound_whose_timestamps_jump_is_still_sound() {
    let (mut bench, mut sender) = (Bench::new(), Sender::audio());
    for n in 0..500_u64 {
        if n == 250 {
            sender.rtp_base += 48_000 * 100;
        }
        let packet = sender.sound(at_ms(1_000 + 20 * n));
        bench.arrive([packet]);
    }
    let times = bench.times(Source::Audio);
    assert_eq!(times.len(), 500);
    assert!((times[499] - times[0]).abs_diff(499 * 960) <= 96);
    assert_eq!(
        bench.warnings(),
        [(Source::Audio, Warning::BrokenTimestamps)]
    );
}

#[test]
fn one_picture_a_second_is_told_and_makes_frames() {
    let (mut bench, mut sender) = (Bench::new(), Sender::video(0));
    for n in 0..20 {
        let packets = sender.picture(at_ms(1_000 + 1_000 * n), n == 0, 2);
        bench.arrive(packets);
    }
    let times = bench.times(LOW);
    assert_eq!(times.len(), 20);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 90_000));
    let few = (LOW, Warning::FewPictures { milli_fps: 1_000 });
    // Counted over five seconds, told every ten.
    assert_eq!(bench.warnings(), [few, few]);
}

#[test]
fn what_was_captured_long_before_the_first_packet_is_laid_at_the_beginning() {
    let (mut bench, mut video, mut audio) = (Bench::new(), Sender::video(0), Sender::audio());
    let first = audio.sound(at_ms(10_000));
    bench.arrive([first]);
    for n in 0..100 {
        let mut packets = video.picture(at_ms(7_000 + 40 * n), n == 0, 1);
        packets[0].received_at = packets[0].received_at.max(bench.now);
        packets[0].captured_at = packets[0]
            .received_at
            .saturating_sub(Duration::from_millis(20));
        bench.arrive(packets);
    }
    let times = bench.times(LOW);
    assert_eq!(times.len(), 100);
    assert!(bench.frames.began_at().unwrap() == at_ms(9_000));
}
