//! Packets that come in another order, or not.

use std::time::Duration;

use bridge_frames::event::Event;
use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::frame::Discontinuity;
use sfu_model::packet::Packet;

use crate::bench::Bench;
use crate::sender::{Sender, at_ms};

const LOW: Source = Source::Video { rank: 0 };

/// Pictures 40 ms apart, three packets each, the first a keyframe.
fn pictures(sender: &mut Sender, from: u64, n: u64, is_key: bool) -> Vec<Vec<Packet>> {
    (0..n)
        .map(|k| sender.picture(at_ms(1_000 + 40 * (from + k)), is_key && k == 0, 3))
        .collect()
}

#[test]
fn packets_that_overtake_each_other_make_the_same_frames() {
    let mut sender = Sender::video(0);
    let sent = pictures(&mut sender, 0, 20, true).concat();
    let mut straight = Bench::new();
    straight.arrive(sent.clone());

    let mut shuffled = sent.clone();
    let mut arrivals: Vec<_> = sent.iter().map(|p| p.received_at).collect();
    for chunk in shuffled.chunks_mut(4) {
        chunk.reverse();
    }
    arrivals.sort_unstable();
    for (packet, at) in shuffled.iter_mut().zip(arrivals) {
        packet.received_at = at;
    }
    // The stream begins at the lowest number that waits when its keyframe is whole.
    let mut overtaken = Bench::new();
    overtaken.arrive(shuffled);
    assert_eq!(straight.video(0).len(), 20);
    let data =
        |bench: &Bench| -> Vec<_> { bench.video(0).iter().map(|f| f.data.clone()).collect() };
    assert_eq!(data(&straight), data(&overtaken));
    assert_eq!(overtaken.breaks(LOW), []);
    // The first packet of the first keyframe came third.
    assert!(overtaken.wishes().len() <= 1);
}

#[test]
fn padding_is_no_picture_and_no_hole() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    for number in 0..20 {
        bench.arrive(pictures(&mut sender, number, 1, number == 0).concat());
        // With the time of the picture before it, or its own.
        let millis = [1_000, 1_020][number as usize % 2] + 40 * number;
        bench.arrive([sender.packet(at_ms(millis), &[])]);
    }
    assert_eq!(bench.video(0).len(), 20);
    assert_eq!(bench.warnings(), []);
    assert_eq!(bench.breaks(LOW), []);
    assert_eq!(bench.wishes(), []);
}

#[test]
fn a_frame_begins_with_its_first_packet_and_never_behind_a_hole() {
    let mut sender = Sender::video(0);
    let sent = pictures(&mut sender, 0, 3, true);
    let mut bench = Bench::new();
    let begun = |bench: &Bench| {
        let begins = |event: &Event| matches!(event, Event::Begins { .. });
        bench
            .events
            .iter()
            .filter(|(_, event)| begins(event))
            .count()
    };
    bench.arrive(sent[0].clone());
    assert_eq!((begun(&bench), bench.video(0).len()), (1, 1));
    bench.arrive([sent[1][0].clone()]);
    assert_eq!(
        (begun(&bench), bench.video(0).len()),
        (2, 1),
        "its first packet"
    );
    let mut late = sent[1][1].clone();
    bench.arrive([sent[1][2].clone(), sent[2][0].clone()]);
    assert_eq!(
        (begun(&bench), bench.video(0).len()),
        (2, 1),
        "behind a hole"
    );
    late.received_at = sent[2][0].received_at + Duration::from_millis(90);
    bench.arrive([late]);
    assert_eq!(
        (begun(&bench), bench.video(0).len()),
        (3, 2),
        "it was repaired"
    );
    assert_eq!(bench.breaks(LOW), []);
}

#[test]
fn a_frame_without_a_marker_ends_where_the_next_begins() {
    let mut sender = Sender::video(0);
    let mut sent = pictures(&mut sender, 0, 5, true).concat();
    sent.iter_mut().for_each(|packet| packet.marker = false);
    let mut bench = Bench::new();
    bench.arrive(sent);
    assert_eq!(bench.video(0).len(), 4);
}

#[test]
fn a_frame_that_its_sender_cut_short_is_lost_and_its_sender_not_blamed() {
    let mut sender = Sender::video(0);
    let mut sent = pictures(&mut sender, 0, 10, true);
    sent.extend(pictures(&mut sender, 10, 10, false));
    // Its last packet never was: the numbers go on without a hole.
    let cut = 12;
    sent[cut].pop();
    for packet in sent[cut + 1..].iter_mut().flatten() {
        packet.sequence.0 -= 1;
    }
    let mut bench = Bench::new();
    bench.arrive(sent.concat());
    assert_eq!(bench.video(0).len(), cut, "what follows refers to it");
    assert_eq!(bench.warnings(), []);
    assert_eq!(bench.wishes().len(), 1, "for a keyframe");
    assert_eq!(bench.frames.counters().frames_dropped, 1);
}

#[test]
fn a_loss_is_given_up_after_400_ms_and_pictures_begin_again_at_a_keyframe() {
    let mut sender = Sender::video(0);
    let mut sent = pictures(&mut sender, 0, 5, true);
    sent.extend(pictures(&mut sender, 5, 30, false));
    sent.extend(pictures(&mut sender, 35, 5, true));
    let behind_the_hole = sent[5][2].received_at;
    sent[5].remove(1);
    let mut bench = Bench::new();
    bench.arrive(sent.concat());
    let frames = bench.timed(LOW);
    assert_eq!(frames.len(), 5 + 5);
    assert_eq!(bench.breaks(LOW), [(5, Discontinuity::Lost)]);
    // Asked for when it was given up, and again a second later, for pictures still came.
    let wishes = bench.wishes();
    let after: Vec<_> = wishes.iter().map(|at| *at - behind_the_hole).collect();
    assert_eq!(after[0], Duration::from_millis(400));
    assert_eq!(
        after.len(),
        1,
        "the keyframe came before the second was over"
    );
    let counters = bench.frames.counters();
    assert_eq!(counters.packets_given_up, 1);
    // The times on both sides of the hole are those of capture.
    let times = bench.times(LOW);
    assert_eq!(times[5] - times[4], 31 * 3_600);
}

#[test]
fn a_keyframe_is_asked_for_again_each_second_while_others_come() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    bench.arrive(pictures(&mut sender, 0, 76, false).concat());
    let wishes = bench.wishes();
    assert_eq!(wishes.len(), 4, "{wishes:?}");
    bench.run_to(at_ms(60_000));
    assert_eq!(
        bench.wishes().len(),
        4,
        "an encoding that rests is left alone"
    );
}

#[test]
fn a_publisher_that_never_sends_a_keyframe_is_told() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    bench.arrive(pictures(&mut sender, 0, 120, false).concat());
    assert_eq!(bench.warnings(), [], "the sixth request is in vain");
    bench.arrive(pictures(&mut sender, 120, 130, false).concat());
    assert_eq!(bench.warnings(), [(LOW, Warning::NoKeyframe)]);
    assert_eq!(bench.video(0).len(), 0);
    bench.arrive(pictures(&mut sender, 250, 350, true).concat());
    assert_eq!(bench.warnings().len(), 1);
    assert_eq!(bench.video(0).len(), 350);
}

#[test]
fn what_was_given_up_does_not_come_back() {
    let mut sender = Sender::video(0);
    let mut sent = pictures(&mut sender, 0, 20, true);
    let mut late = sent[2].remove(0);
    late.received_at = at_ms(1_000 + 40 * 19);
    let mut bench = Bench::new();
    bench.arrive(sent.concat());
    bench.arrive([late]);
    assert_eq!(bench.video(0).len(), 2);
    assert_eq!(bench.frames.counters().packets_late, 1);
}

#[test]
fn a_sender_that_numbers_anew_is_followed() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    bench.arrive(pictures(&mut sender, 0, 5, true).concat());
    sender.sequence = 900_000;
    bench.arrive(pictures(&mut sender, 5, 5, true).concat());
    sender.sequence = 10;
    bench.arrive(pictures(&mut sender, 10, 5, true).concat());
    // The first packet of the third run is taken for a late one.
    bench.arrive(pictures(&mut sender, 15, 5, true).concat());
    assert_eq!(bench.video(0).len(), 15);
    let lost = [(5, Discontinuity::Lost), (10, Discontinuity::Lost)];
    assert_eq!(bench.breaks(LOW), lost);
    let times = bench.times(LOW);
    assert_eq!(times.last().unwrap() - times[0], 19 * 3_600);
    sender.sequence = 5_000_000;
    bench.arrive(pictures(&mut sender, 20, 5, false).concat());
    assert_eq!(bench.video(0).len(), 15, "nothing of it can be decoded");
}

#[test]
fn a_frame_that_never_ends_is_given_up_at_two_megabytes() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    bench.arrive(sender.picture(at_ms(1_000), true, 1));
    let mut body = vec![0; 1_200];
    body[0] = 0x10;
    for _ in 0..2_000 {
        let packet = sender.packet(at_ms(1_040), &body);
        body[0] = 0;
        bench.arrive([packet]);
    }
    assert_eq!(bench.frames.counters().waiting_overflowed, 1);
    assert_eq!(bench.wishes().len(), 1);
    bench.arrive(sender.picture(at_ms(1_080), true, 2));
    assert_eq!(bench.breaks(LOW), [(1, Discontinuity::Lost)]);
}

#[test]
fn events_that_nobody_polls_are_bounded_and_so_are_the_packets_behind_them() {
    let mut sender = Sender::video(0);
    let mut bench = Bench::new();
    for n in 0..30_000 {
        for packet in sender.picture(at_ms(1_000 + 10 * n), n % 50 == 0, 1) {
            bench.frames.handle_packet(&packet, packet.received_at);
        }
    }
    let mut n_events = 0;
    while bench.frames.poll_event().is_some() {
        n_events += 1;
    }
    assert!((4_000..=4_096).contains(&n_events), "{n_events}");
    assert!(bench.frames.counters().waiting_overflowed > 0);
}
