use sfu_model::packet::PictureNumbers;
use sfu_model::time::Instant;

use super::*;
use crate::layers::Place;
use crate::stamp::Stamp;

/// Frames of two packets, 40 ms apart; the third frame on is of another encoding.
fn stream() -> Vec<Received> {
    let packet = |n: u32| {
        let frame = n / 2;
        let rank = u8::from(frame >= 3);
        let captured_at = Instant::START + Duration::from_millis(1_000 + 40 * u64::from(frame));
        Received {
            at: captured_at,
            ssrc: 7,
            payload_type: 96,
            sequence: 500 + u64::from(n),
            time: 90_000 + 3_600 * u64::from(frame),
            marker: n % 2 == 1,
            vp8: Some(PictureNumbers {
                picture_id: Some(u16::try_from((0x7ffe + frame) & 0x7fff).unwrap()),
                tl0_picture_index: Some(u8::try_from((254 + frame) & 0xff).unwrap()),
                key_index: Some(rank + 1),
            }),
            stamp: Stamp {
                publisher: 1,
                kind: MediaKind::Video,
                rank,
                is_keyframe: frame == 0 || frame == 3,
                frame,
                place: Place::default(),
                packet_index: u16::try_from(n % 2).unwrap(),
                n_packets: 2,
                captured_at,
            },
        }
    };
    (0..12).map(packet).collect()
}

fn verdict(change: impl FnOnce(&mut Vec<Received>)) -> Result<(), Violation> {
    let mut stream = stream();
    change(&mut stream);
    check(&stream, Bounds::STRICT)
}

#[test]
fn one_continuous_sender_passes_in_whatever_order() {
    assert_eq!(verdict(|_| {}), Ok(()));
    assert_eq!(verdict(|s| s.reverse()), Ok(()));
    assert_eq!(check(&[], Bounds::STRICT), Ok(()));
}

#[test]
fn another_ssrc_fails() {
    let verdict = verdict(|s| s[5].ssrc = 8);
    assert!(matches!(verdict, Err(Violation::SenderChanged(_))));
}

#[test]
fn a_number_used_twice_fails() {
    let verdict = verdict(|s| s[6].sequence = s[5].sequence);
    assert!(matches!(verdict, Err(Violation::SequenceReused(_))));
}

#[test]
fn a_beginning_inside_a_picture_fails() {
    let verdict = verdict(|s| s.retain(|p| p.sequence > 500));
    assert!(matches!(verdict, Err(Violation::BeginsWithoutKeyframe(_))));
}

#[test]
fn a_gap_at_a_switch_fails_when_none_is_allowed() {
    let moved = |s: &mut Vec<Received>| s[6..].iter_mut().for_each(|p| p.sequence += 1);
    assert_eq!(verdict(moved), Err(Violation::Missing(1)));
    let mut stream = stream();
    moved(&mut stream);
    let bounds = Bounds {
        missing_max: 1,
        ..Bounds::STRICT
    };
    assert_eq!(check(&stream, bounds), Ok(()));
}

#[test]
fn numbers_that_move_inside_an_encoding_fail() {
    let verdict = verdict(|s| s[9..].iter_mut().for_each(|p| p.sequence += 1));
    assert!(matches!(verdict, Err(Violation::NumbersDoNotMatch(_))));
}

#[test]
fn a_timeline_that_does_not_move_with_capture_fails() {
    let verdict_of = |ticks: i64| {
        verdict(|s| {
            for packet in &mut s[6..] {
                packet.time = packet.time.wrapping_add_signed(ticks);
            }
        })
    };
    assert!(matches!(
        verdict_of(90_000),
        Err(Violation::TimeMovedWrong(..))
    ));
    assert!(matches!(verdict_of(-3_600), Err(Violation::TimeShared(_))));
    assert!(matches!(
        verdict_of(-3_700),
        Err(Violation::TimeWentBack(_))
    ));
    assert_eq!(verdict_of(900), Ok(()), "ten milliseconds over a switch");
}

#[test]
fn a_vp8_counter_that_does_not_go_on_fails() {
    let moved = |change: fn(&mut PictureNumbers)| {
        verdict(|s| {
            s[6..]
                .iter_mut()
                .for_each(|p| change(p.vp8.as_mut().unwrap()))
        })
    };
    let changes: [fn(&mut PictureNumbers); 3] = [
        |n| n.picture_id = n.picture_id.map(|id| (id + 1) & 0x7fff),
        |n| n.tl0_picture_index = n.tl0_picture_index.map(|i| i.wrapping_add(1)),
        |n| n.key_index = Some(1),
    ];
    for change in changes {
        assert!(matches!(moved(change), Err(Violation::CounterJumped(_))));
    }
}

/// The first picture, and the last as one of the same encoding that others were shown between.
fn returned(key_index: u8) -> Result<(), Violation> {
    let mut stream = stream();
    stream.drain(2..10);
    for packet in &mut stream[2..] {
        packet.stamp.rank = 0;
        let numbers = packet.vp8.as_mut().unwrap();
        numbers.picture_id = numbers.picture_id.map(|id| (id + 3) & 0x7fff);
        numbers.tl0_picture_index = numbers.tl0_picture_index.map(|i| i.wrapping_add(3));
        numbers.key_index = Some(key_index);
    }
    let bounds = Bounds {
        missing_max: 8,
        ..Bounds::STRICT
    };
    check(&stream, bounds)
}

#[test]
fn who_returns_to_an_encoding_has_counted_others_between() {
    assert_eq!(returned(3), Ok(()));
    assert!(matches!(returned(1), Err(Violation::CounterJumped(_))));
}

#[test]
fn in_a_gap_there_may_have_been_another_encoding_where_a_keyframe_came_after_it() {
    let after_gap = |pictures: u16, keys: u8| {
        let mut stream = stream();
        for packet in &mut stream[8..] {
            packet.sequence += 20;
            packet.time += 36_000;
            packet.stamp.frame += 10;
            packet.stamp.captured_at += Duration::from_millis(400);
            let numbers = packet.vp8.as_mut().unwrap();
            numbers.picture_id = numbers.picture_id.map(|id| (id + 10 + pictures) & 0x7fff);
            numbers.tl0_picture_index = numbers.tl0_picture_index.map(|i| i.wrapping_add(10));
            numbers.key_index = numbers.key_index.map(|key| key + keys);
        }
        let bounds = Bounds {
            missing_max: 20,
            ..Bounds::STRICT
        };
        check(&stream, bounds)
    };
    assert_eq!(after_gap(0, 0), Ok(()));
    assert_eq!(after_gap(5, 1), Ok(()));
    assert!(matches!(after_gap(5, 0), Err(Violation::CounterJumped(_))));
}

#[test]
fn a_sender_may_leap_and_may_not_go_back_in_time_or_use_a_number_twice() {
    let sender = |change: fn(&mut Vec<Received>)| {
        let mut stream = stream();
        change(&mut stream);
        check_sender(&stream, Bounds::STRICT)
    };
    assert_eq!(
        sender(|s| s[6..].iter_mut().for_each(|p| p.sequence += 30_000)),
        Ok(())
    );
    assert_eq!(
        sender(|s| s[6..].iter_mut().for_each(|p| p.time += 1_000_000)),
        Ok(())
    );
    let back = sender(|s| s[6].time = s[5].time - 1);
    assert!(matches!(back, Err(Violation::TimeWentBack(_))));
    let again = sender(|s| s[6].sequence = s[5].sequence);
    assert!(matches!(again, Err(Violation::SequenceReused(_))));
}
