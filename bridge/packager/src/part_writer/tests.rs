use proptest::prelude::*;

use super::*;

const VIDEO: ClockRate = ClockRate(90_000);
const HALF: Duration = Duration::from_millis(500);

fn pending() -> Pending {
    Pending {
        captured_at: Instant::START,
        is_keyframe: false,
        data: Arc::from([0_u8]),
    }
}

/// Frames at these ticks; the parts that they make, as start, end and number of samples.
fn parts(rate: ClockRate, times: impl IntoIterator<Item = u64>) -> Vec<(u64, u64, usize)> {
    let mut writer = PartWriter::new(HALF, rate, 0);
    for time in times {
        writer.advance(time);
        writer.put(pending());
    }
    let closed = writer.take_closed();
    closed
        .iter()
        .map(|part| (part.starts_at, part.ends_at, part.samples.len()))
        .collect()
}

#[test]
fn thirty_frames_a_second_fill_parts_to_the_tick() {
    let made = parts(VIDEO, (0..31).map(|number| number * 3_000));
    assert_eq!(made, [(0, 45_000, 15), (45_000, 90_000, 15)]);
}

#[test]
fn a_part_is_closed_when_the_next_frame_begins_and_not_one_later() {
    let mut writer = PartWriter::new(HALF, VIDEO, 0);
    for number in 0..15 {
        writer.advance(number * 3_000);
        writer.put(pending());
    }
    assert!(writer.take_closed().is_empty());
    writer.advance(45_000);
    assert_eq!(writer.take_closed().len(), 1);
}

#[test]
fn sound_fills_a_part_with_23_frames_of_aac_or_25_packets_of_opus() {
    let rate = ClockRate(48_000);
    let aac = parts(rate, (0..25).map(|number| number * 1_024));
    assert_eq!(aac, [(0, 23 * 1_024, 23)]);
    assert!(rate.duration(23 * 1_024) > Duration::from_millis(490));
    let opus = parts(rate, (0..27).map(|number| number * 960));
    assert_eq!(opus, [(0, 24_000, 25)]);
}

#[test]
fn a_sample_that_would_cross_is_left_to_the_next_part() {
    // 20 ms too late for the fifteenth to fit.
    let times = (0..14)
        .map(|number| number * 3_000)
        .chain([43_000, 47_000, 50_000]);
    let made = parts(VIDEO, times);
    assert_eq!(made, [(0, 43_000, 14)]);
}

#[test]
fn frames_too_far_apart_end_at_the_part_target_and_the_next_begins_there() {
    // Five frames a second: two whole distances are only 80 % of half a second.
    let made = parts(VIDEO, (0..6).map(|number| number * 18_000));
    assert_eq!(made, [(0, 45_000, 3), (45_000, 90_000, 2)]);
}

#[test]
fn what_nothing_came_in_is_a_part_without_media() {
    let made = parts(VIDEO, [0, 3_000, 6_000, 140_000, 143_000]);
    // The last sample lasts as long as its part; the rest of the hole is gaps.
    let wanted = [(0, 45_000, 3), (45_000, 90_000, 0), (90_000, 135_000, 0)];
    assert_eq!(made, wanted);
}

#[test]
fn an_open_part_is_split_at_a_cut_that_is_decided_later() {
    let mut writer = PartWriter::new(HALF, VIDEO, 0);
    for number in 0..6 {
        writer.advance(number * 3_000);
        writer.put(pending());
    }
    assert!(writer.split(7_000));
    let closed = writer.take_closed();
    assert_eq!((closed[0].ends_at, closed[0].samples.len()), (9_000, 3));
    assert_eq!(writer.starts_at(), 9_000);
    writer.end_at(18_000);
    let rest = writer.take_closed();
    assert_eq!((rest[0].starts_at, rest[0].samples.len()), (9_000, 3));
    assert!(!writer.split(18_000), "nothing is after it");
}

proptest! {
    #[test]
    fn parts_follow_each_other_and_none_is_long_or_short_without_excuse(
        gaps in proptest::collection::vec(1_u64..120_000, 1..200),
    ) {
        let mut writer = PartWriter::new(HALF, VIDEO, 0);
        let mut time = 0;
        for gap in &gaps {
            time = (time + gap).max(writer.floor());
            writer.advance(time);
            writer.put(pending());
        }
        writer.end_at(time + 1);
        let closed = writer.take_closed();
        let mut position = 0;
        for (index, part) in closed.iter().enumerate() {
            prop_assert_eq!(part.starts_at, position);
            position = part.ends_at;
            let length = part.ends_at - part.starts_at;
            let samples: u64 = part.samples.iter().map(|s| u64::from(s.duration)).sum();
            prop_assert!(length > 0 && length <= 45_000);
            prop_assert!(part.samples.is_empty() || samples == length);
            let next_is_gap = closed.get(index + 1).is_none_or(|next| next.samples.is_empty());
            let is_excused = part.samples.is_empty() || next_is_gap;
            prop_assert!(is_excused || length * 100 >= 45_000 * 85, "{length}");
        }
        prop_assert_eq!(position, time + 1);
        let n_samples: usize = closed.iter().map(|part| part.samples.len()).sum();
        prop_assert_eq!(n_samples, gaps.len(), "every frame is in one part");
    }
}
