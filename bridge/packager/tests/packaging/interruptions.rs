//! What publishers and networks do in the middle of a stream. The oracle judges every playlist on the way.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::latency::LatencyMode;
use bridge_packager::playlist::media::Upcoming;
use bridge_packager::playlist::skip::Skip;
use bridge_packager::segment::InitNumber;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

use crate::driver::{Driver, Input, UNIX, aac, frame, h264, h264_with, ms, name, with};
use crate::reader::read;

const BOTH: [(&str, MediaKind); 2] = [("720p", MediaKind::Video), ("aac", MediaKind::Audio)];

fn at(millis: u64) -> Instant {
    Instant::START + ms(millis)
}

/// A stream with `answers` of keyframes twice in three seconds, of one rendition of each kind.
struct Show {
    driver: Driver,
}

impl Show {
    fn new() -> Self {
        let mut driver = Driver::new(LatencyMode::Low, &BOTH);
        driver.oracle.patience = ms(130);
        Self { driver }
    }

    /// Pictures captured in this span of milliseconds, as `change` makes them; `None` is none.
    fn pictures(
        &mut self,
        span: std::ops::Range<u64>,
        change: impl Fn(u64, Frame) -> Option<Frame>,
    ) {
        self.give(span, change, |_, frame| Some(frame));
    }

    /// Sound too.
    fn give(
        &mut self,
        span: std::ops::Range<u64>,
        picture: impl Fn(u64, Frame) -> Option<Frame>,
        sound: impl Fn(u64, Frame) -> Option<Frame>,
    ) {
        let mut frames: Vec<(&str, Frame)> = Vec::new();
        for number in (span.start * 30).div_ceil(1_000)..(span.end * 30).div_ceil(1_000) {
            let made = frame(&h264(720), number * 3_000, number % 54 == 0);
            frames.extend(picture(number * 1_000 / 30, made).map(|made| ("720p", made)));
        }
        for number in (span.start * 48).div_ceil(1_024)..(span.end * 48).div_ceil(1_024) {
            let made = frame(&aac(), number * 1_024, true);
            frames.extend(sound(number * 1_024 / 48, made).map(|made| ("aac", made)));
        }
        frames.sort_by_key(|(_, frame)| frame.captured_at);
        for (rendition, frame) in frames {
            let now = frame.captured_at.max(self.driver.now);
            self.driver
                .input(now, &Input::Frame(name(rendition), frame));
        }
    }

    fn gaps(&self, rendition: &str) -> (usize, usize) {
        let segments = &self.driver.media[rendition].segments;
        let parts = segments.iter().flat_map(|s| s.parts.iter());
        let n_gaps = parts.filter(|part| part.is_gap).count();
        (n_gaps, segments.iter().filter(|s| s.is_gap).count())
    }
}

fn keep(_: u64, frame: Frame) -> Option<Frame> {
    Some(frame)
}

/// A publisher comes back at this millisecond.
fn returns(from: u64) -> impl Fn(u64, Frame) -> Option<Frame> {
    move |millis, frame| {
        if !(from..from + 21).contains(&millis) {
            return Some(frame);
        }
        let is_keyframe = true;
        Some(with(
            Discontinuity::Publisher,
            Frame {
                is_keyframe,
                ..frame
            },
        ))
    }
}

#[test]
fn a_hole_inside_a_part_makes_the_frame_before_it_last_longer() {
    let mut show = Show::new();
    let is_lost = |millis| (3_100..3_300).contains(&millis);
    show.pictures(0..8_000, |millis, frame| {
        Some(frame).filter(|_| !is_lost(millis))
    });
    assert_eq!(show.gaps("720p"), (0, 0));
    let whole = show.driver.media["720p"].duration();
    assert_eq!(whole, ms(7_200), "no time is lost");
}

/// Nothing of it comes between these milliseconds, and then a keyframe does.
fn absent(from: u64, to: u64) -> impl Fn(u64, Frame) -> Option<Frame> {
    move |millis, frame| {
        let is_back = (to..to + 40).contains(&millis);
        let is_keyframe = frame.is_keyframe || is_back;
        let is_absent = (from..to).contains(&millis);
        Some(Frame {
            is_keyframe,
            ..frame
        })
        .filter(|_| !is_absent)
    }
}

#[test]
fn pictures_that_stop_stand_still_while_sound_goes_on_and_come_back_in_place() {
    let mut show = Show::new();
    show.pictures(0..16_000, absent(4_000, 10_000));
    let stats = show.driver.packager.stats();
    assert!((11..=13).contains(&stats.stand_in_parts), "{stats:?}");
    assert_eq!((stats.gap_parts, stats.discontinuities), (0, 0));
    // Keyframes are every 1.8 s.
    assert_eq!(stats.frames_before_keyframe, 0);
    for (rendition, _) in BOTH {
        let segments = &show.driver.media[rendition].segments;
        let whole: Duration = segments.iter().map(|segment| segment.duration).sum();
        let last = segments.last().unwrap().head.program_date_time_ms - UNIX.as_millis() as u64;
        let ends_at = ms(last) + segments.last().unwrap().duration;
        assert!(
            ends_at.abs_diff(whole) < ms(40),
            "{rendition}: no time is lost"
        );
    }
}

#[test]
fn pictures_that_go_on_over_a_discontinuity_of_the_sound_begin_anew_too() {
    // An encoder goes on while its publisher returns: its pictures come before the sound does, and after.
    for late in [0, 10, 40, 100] {
        let mut show = Show::new();
        let sound = |millis, frame: Frame| {
            let is_first = (5_000..5_021).contains(&millis);
            let is_away = (4_900..5_000).contains(&millis);
            let late_by = if millis >= 5_000 { late } else { 0 };
            let captured_at = frame.captured_at + ms(late_by);
            let frame = Frame {
                captured_at,
                ..frame
            };
            let frame = match is_first {
                true => with(Discontinuity::Publisher, frame),
                false => frame,
            };
            Some(frame).filter(|_| !is_away)
        };
        show.give(0..9_000, keep, sound);
        let stats = show.driver.packager.stats();
        assert_eq!(stats.discontinuities, 1, "{late} ms late");
        assert!(stats.frames_before_keyframe > 0, "{late} ms late");
        assert!(
            show.driver.wanted.iter().any(|wanted| *wanted >= at(5_000)),
            "a keyframe was asked for"
        );
    }
}

#[test]
fn what_is_hinted_behind_a_discontinuity_is_told_with_its_map() {
    let mut show = Show::new();
    let other = h264_with(720, 1);
    show.pictures(0..9_000, |millis, mut frame| {
        frame.is_keyframe |= (5_000..5_034).contains(&millis);
        if millis >= 5_000 {
            frame.format = Arc::clone(&other);
        }
        Some(frame)
    });
    let history = show.driver.history.iter();
    let told = history.filter(|(_, media)| media.rendition == name("720p"));
    let texts: Vec<String> = told.map(|(_, media)| media.live(Skip::No)).collect();
    let told_early =
        "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"0a1b2c3d/init-1.mp4\"\n#EXT-X-PRELOAD-HINT";
    assert!(texts.iter().any(|text| text.contains(told_early)));
}

#[test]
fn nothing_is_hinted_behind_a_discontinuity_before_it_is_known_with_which_init_section() {
    let mut show = Show::new();
    let small = name("360p");
    let packager = &mut show.driver.packager;
    packager
        .add_rendition(small.clone(), MediaKind::Video)
        .unwrap();
    // A publisher's sizes change one after the other: this one a third of a second after the first.
    for number in 0..270 {
        let millis = number * 1_000 / 30;
        let keep_larger = |millis: u64, mut frame: Frame| {
            frame.is_keyframe |= (5_000..5_034).contains(&millis);
            if millis >= 5_000 {
                frame.format = h264_with(720, 1);
            }
            Some(frame)
        };
        show.give(millis..millis + 33, keep_larger, keep);
        if (150..160).contains(&number) {
            continue;
        }
        let is_keyframe = number % 54 == 0 || number == 160;
        let mut picture = frame(&h264(360), number * 3_000, is_keyframe);
        if number >= 160 {
            picture.format = h264_with(360, 1);
        }
        let now = picture.captured_at.max(show.driver.now);
        show.driver
            .input(now, &Input::Frame(small.clone(), picture));
    }
    let history = show.driver.history.iter();
    let told = history.filter(|(_, media)| media.rendition == small);
    let upcoming: Vec<Upcoming> = told.map(|(_, media)| media.upcoming).collect();
    assert!(upcoming.contains(&Upcoming::Unknown), "{upcoming:?}");
    assert!(
        !upcoming.contains(&Upcoming::Anew(InitNumber(0))),
        "{upcoming:?}"
    );
}

#[test]
fn a_size_that_stops_while_another_goes_on_is_left_out_by_segments_and_comes_back_at_a_cut() {
    let mut show = Show::new();
    let small = name("360p");
    let packager = &mut show.driver.packager;
    packager
        .add_rendition(small.clone(), MediaKind::Video)
        .unwrap();
    let change = absent(4_000, 14_000);
    for number in 0..660 {
        let (millis, is_keyframe) = (number * 1_000 / 30, number % 54 == 0);
        show.give(millis..millis + 33, keep, keep);
        let picture = frame(&h264(360), number * 3_000, is_keyframe);
        if let Some(picture) = change(millis, picture).filter(|_| number % 3 < 2) {
            let now = picture.captured_at.max(show.driver.now);
            show.driver
                .input(now, &Input::Frame(small.clone(), picture));
        }
    }
    let (n_gaps, n_segments) = show.gaps("360p");
    assert!((2..=6).contains(&n_segments) && n_gaps > 0, "{n_segments}");
    assert_eq!(show.gaps("720p"), (0, 0));
    let stats = show.driver.packager.stats();
    assert_eq!((stats.discontinuities, stats.misaligned_segments), (0, 0));
    let last = show.driver.media["360p"].segments.last().unwrap();
    assert!(!last.is_gap, "it is back");
}

#[test]
fn after_a_stall_of_the_network_pictures_go_on_with_a_keyframe() {
    let mut show = Show::new();
    show.pictures(0..4_000, keep);
    // One and a half seconds of pictures come at once.
    show.driver.run_until(at(5_500));
    let before = show.driver.packager.stats();
    show.pictures(4_000..9_000, keep);
    let after = show.driver.packager.stats();
    assert!(before.stand_in_parts > 0, "time went on without them");
    assert_eq!(after.frames_over_limit, 0);
    assert!(
        after.frames_late > 0,
        "sound of a time that is told of is dropped"
    );
}

#[test]
fn a_publisher_who_comes_back_is_a_discontinuity_in_all_renditions_and_nothing_promised_changes() {
    let mut show = Show::new();
    show.give(0..5_100, keep, keep);
    let open = show.driver.media["720p"].next_part();
    show.give(5_400..12_000, returns(5_400), returns(5_400));
    for (rendition, _) in BOTH {
        let media = &show.driver.media[rendition];
        let broken = media.segments.iter().filter(|s| s.head.is_discontinuous);
        let broken: Vec<u64> = broken.map(|s| s.head.number.0).collect();
        assert_eq!(broken, [open.0.0 + 1], "the next number, once");
        assert_eq!(media.segments.first().unwrap().head.number.0, 0);
    }
    assert_eq!(show.driver.packager.stats().discontinuities, 1);
    assert_eq!(show.driver.n_inits["720p"], 1, "the same parameter sets");
}

#[test]
fn time_without_a_publisher_is_stood_in_for_and_all_renditions_end_together_where_it_comes_back() {
    // Before, at and after the moment when players are told that nothing comes.
    for back in [5_200, 5_400, 5_900, 7_000, 9_900] {
        let mut show = Show::new();
        show.give(0..5_100, keep, keep);
        show.give(back..back + 6_000, returns(back), returns(back));
        let mut ends = Vec::new();
        for (rendition, _) in BOTH {
            let segments = &show.driver.media[rendition].segments;
            assert!(segments.iter().all(|segment| !segment.is_gap));
            let broken = segments.iter().position(|s| s.head.is_discontinuous);
            let (before, after) = segments.split_at(broken.unwrap());
            ends.push(before.iter().map(|s| s.duration).sum::<Duration>());
            let since = after[0].head.program_date_time_ms - UNIX.as_millis() as u64;
            assert!(since.abs_diff(back) < 40, "{rendition}: {since} for {back}");
        }
        assert!(ends[0].abs_diff(ends[1]) <= ms(22), "{ends:?} for {back}");
        let stats = show.driver.packager.stats();
        assert_eq!((stats.discontinuities, stats.gap_parts), (1, 0), "{back}");
    }
}

#[test]
fn nobody_can_begin_at_other_than_a_keyframe() {
    let mut show = Show::new();
    show.pictures(0..3_000, keep);
    let back = |millis: u64, frame: Frame| match millis {
        3_000..3_020 => Some(with(Discontinuity::Publisher, frame)),
        _ => Some(Frame {
            is_keyframe: millis >= 3_500 && frame.is_keyframe,
            ..frame
        }),
    };
    show.pictures(3_000..8_000, back);
    let stats = show.driver.packager.stats();
    assert!(stats.frames_before_keyframe > 15, "{stats:?}");
    let media = &show.driver.media["720p"];
    let broken = media.segments.iter().find(|s| s.head.is_discontinuous);
    let first = broken.unwrap().parts.iter().find(|part| !part.is_gap);
    assert!(first.unwrap().is_independent);
}

#[test]
fn parameter_sets_that_flap_do_not_fill_the_playlist() {
    let mut show = Show::new();
    show.pictures(0..10_000, |millis, frame| {
        let format = h264_with(720, (millis / 33 % 2) as u8);
        Some(Frame {
            is_keyframe: true,
            format,
            ..frame
        })
    });
    let stats = show.driver.packager.stats();
    assert!(stats.frames_before_keyframe > 100, "{stats:?}");
    assert!(show.driver.media["720p"].segments.len() <= 20);
}

#[test]
fn a_machine_that_slept_goes_on_at_the_present() {
    let mut show = Show::new();
    show.give(0..5_000, keep, keep);
    show.driver.packager.handle_timeout(at(3_605_000));
    show.driver.now = at(3_605_000);
    show.driver.oracle.patience = Duration::from_secs(3_600);
    show.driver.collect();
    show.driver.oracle.patience = ms(130);
    show.give(3_605_000..3_612_000, keep, keep);
    for (rendition, _) in BOTH {
        let media = &show.driver.media[rendition];
        assert!(
            media.segments.len() < 10,
            "an hour is not told part by part"
        );
        let broken = media.segments.iter().filter(|s| s.head.is_discontinuous);
        assert_eq!(broken.count(), 1);
    }
}

#[test]
fn what_cannot_be_packaged_is_refused_and_counted() {
    let mut show = Show::new();
    show.give(0..1_000, keep, keep);
    let packager = &mut show.driver.packager;
    let vp8 = Arc::new(Format::Vp8 {
        size: Dimensions {
            width: 16,
            height: 16,
        },
    });
    packager.handle_frame(&name("720p"), &frame(&vp8, 180_000, true), at(2_000));
    packager.handle_frame(&name("720p"), &frame(&aac(), 96_000, true), at(2_000));
    packager.handle_frame(&name("1080p"), &frame(&h264(1080), 0, true), at(2_000));
    assert_eq!(packager.stats().frames_refused, 3);
    for ticks in [90_000 * 60, u64::MAX] {
        packager.handle_frame(&name("720p"), &frame(&h264(720), ticks, true), at(2_000));
        packager.handle_begins(&name("720p"), MediaTime(ticks), at(2_000));
    }
    assert_eq!(packager.stats().frames_ahead, 2);
}

#[test]
fn a_stream_has_sixteen_renditions_and_one_more_is_refused() {
    let mut show = Show::new();
    let packager = &mut show.driver.packager;
    let n_added = (0..20)
        .filter(|n| {
            packager
                .add_rendition(name(&format!("r{n}")), MediaKind::Video)
                .is_ok()
        })
        .count();
    // Two are there from the start.
    assert_eq!(n_added, 14);
}

#[test]
fn times_that_do_not_rise_fill_no_memory() {
    let mut show = Show::new();
    show.pictures(0..1_000, keep);
    for _ in 0..5_000 {
        let stuck = Input::Frame(name("720p"), frame(&h264(720), 90_000, false));
        show.driver.input(at(1_010), &stuck);
    }
    assert!(show.driver.packager.stats().frames_over_limit > 4_000);
    show.pictures(1_100..6_000, keep);
}

#[test]
fn a_rendition_that_joins_is_listed_once_players_can_begin_with_it() {
    let mut show = Show::new();
    show.give(0..5_000, keep, keep);
    assert_eq!(show.driver.renditions.len(), 2);
    let joins = name("360p");
    let packager = &mut show.driver.packager;
    packager
        .add_rendition(joins.clone(), MediaKind::Video)
        .unwrap();
    assert!(
        packager
            .add_rendition(joins.clone(), MediaKind::Video)
            .is_err()
    );
    let mut listed_at = None;
    for number in 150..240 {
        let millis = number * 1_000 / 30;
        show.give(millis..millis + 33, keep, keep);
        let picture = frame(&h264(360), number * 3_000, number % 54 == 0);
        let now = picture.captured_at.max(show.driver.now);
        show.driver
            .input(now, &Input::Frame(joins.clone(), picture));
        let is_listed = show.driver.renditions.len() == 3;
        listed_at = listed_at.or(is_listed.then_some(millis));
    }
    // Its first keyframe is at 5.4 s.
    assert!(
        (6_700..7_100).contains(&listed_at.unwrap()),
        "{listed_at:?}"
    );
    let reports = read(&show.driver.media["aac"].live(Skip::No)).reports;
    assert_eq!(reports.len(), 2);
    show.driver.packager.remove_rendition(&joins);
    show.driver.collect();
    assert_eq!(show.driver.renditions.len(), 2);
}

#[test]
fn the_end_lists_the_last_frame_and_hints_at_nothing() {
    let mut show = Show::new();
    show.give(0..4_050, keep, keep);
    show.driver.end();
    for (rendition, _) in BOTH {
        let media = &show.driver.media[rendition];
        let text = media.live(Skip::Yes);
        assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
        assert!(
            !text.contains("PRELOAD-HINT") && !text.contains("SKIP:"),
            "{text}"
        );
        let duration = media.duration();
        assert!((ms(4_040)..ms(4_090)).contains(&duration), "{duration:?}");
    }
    assert_eq!(show.driver.packager.poll_timeout(), None);
    let n_told = show.driver.history.len();
    show.give(4_050..6_000, keep, keep);
    show.driver.end();
    assert_eq!(
        show.driver.history.len(),
        n_told,
        "nothing comes after the end"
    );
}
