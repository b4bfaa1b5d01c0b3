use std::sync::Arc;

use proptest::prelude::*;

use sfu_model::packet::Dimensions;

use super::*;

const VIDEO: Format = Format::Vp8 {
    size: Dimensions {
        width: 16,
        height: 16,
    },
};
const OPUS: Format = Format::Opus {
    channels: 2,
    pre_skip: 312,
};
const HALF: Duration = Duration::from_millis(500);

fn aac() -> Format {
    Format::Aac {
        config: Box::new([0x11, 0x90]),
        sample_rate: 48_000,
        channels: 2,
    }
}

fn pending() -> Pending {
    Pending {
        captured_at: Instant::START,
        is_keyframe: false,
        data: Arc::from([0_u8]),
    }
}

/// Frames at these ticks; the parts that they make, as start, end and number of samples.
fn parts(format: &Format, times: impl IntoIterator<Item = u64>) -> Vec<(u64, u64, usize)> {
    let mut writer = PartWriter::new(HALF, format, 0);
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
    let made = parts(&VIDEO, (0..31).map(|number| number * 3_000));
    assert_eq!(made, [(0, 45_000, 15), (45_000, 90_000, 15)]);
}

#[test]
fn a_part_is_closed_when_the_next_frame_begins_and_not_one_later() {
    let mut writer = PartWriter::new(HALF, &VIDEO, 0);
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
    let aac = parts(&aac(), (0..25).map(|number| number * 1_024));
    assert_eq!(aac, [(0, 23 * 1_024, 23)]);
    assert!(OPUS.clock_rate().duration(23 * 1_024) > Duration::from_millis(490));
    let opus = parts(&OPUS, (0..27).map(|number| number * 960));
    assert_eq!(opus, [(0, 24_000, 25)]);
}

#[test]
fn a_sample_that_would_cross_is_left_to_the_next_part() {
    // 20 ms too late for the fifteenth to fit.
    let times = (0..14)
        .map(|number| number * 3_000)
        .chain([43_000, 47_000, 50_000]);
    let made = parts(&VIDEO, times);
    assert_eq!(made, [(0, 43_000, 14)]);
}

#[test]
fn frames_too_far_apart_end_at_the_part_target_and_the_next_begins_there() {
    // Five frames a second: two whole distances are only 80 % of half a second.
    let made = parts(&VIDEO, (0..6).map(|number| number * 18_000));
    assert_eq!(made, [(0, 45_000, 3), (45_000, 90_000, 2)]);
}

#[test]
fn before_the_first_keyframe_what_nothing_came_in_is_a_part_without_media() {
    let made = parts(&VIDEO, [0, 3_000, 6_000, 140_000, 143_000]);
    // The last sample lasts as long as its part; the rest of the hole is gaps.
    let wanted = [(0, 45_000, 3), (45_000, 90_000, 0), (90_000, 135_000, 0)];
    assert_eq!(made, wanted);
}

#[test]
fn a_hole_in_the_sound_is_frames_of_silence_also_inside_a_part() {
    let times = [0, 960, 1_920, 12_000, 12_960, 60_000];
    let made = parts(&OPUS, times);
    // Three packets and nine of silence, the last of them longer; two and ten; a part of silence.
    assert_eq!(made, [(0, 24_000, 24), (24_000, 48_000, 25)]);
}

#[test]
fn an_open_part_is_split_at_a_cut_that_is_decided_later() {
    let mut writer = PartWriter::new(HALF, &VIDEO, 0);
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
        has_keyframe in any::<bool>(),
    ) {
        let mut writer = PartWriter::new(HALF, &VIDEO, 0);
        let mut time = 0;
        writer.put(Pending { is_keyframe: has_keyframe, ..pending() });
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
            prop_assert_eq!(part.samples.is_empty(), part.is_stand_in && !has_keyframe);
            let next_is_gap = closed.get(index + 1).is_none_or(|next| next.is_stand_in);
            let is_excused = part.is_stand_in || next_is_gap;
            prop_assert!(is_excused || length * 100 >= 45_000 * 85, "{length}");
        }
        prop_assert_eq!(position, time + 1);
        let came = closed.iter().filter(|part| !part.is_stand_in);
        let n_samples: usize = came.map(|part| part.samples.len()).sum();
        prop_assert_eq!(n_samples, gaps.len() + 1, "every frame is in one part");
    }
}
