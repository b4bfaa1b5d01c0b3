//! Where segments are cut, and that all renditions are cut there.

use bridge_packager::event::Event;
use bridge_packager::latency::LatencyMode;
use bridge_packager::playlist::skip::Skip;
use sfu_model::codec::MediaKind;
use sfu_model::time::{Instant, MediaTime};

use crate::driver::{Driver, Input, aac, frame, h264, h264_with, ms, name};
use crate::reader::read;
use crate::streams::{Lane, Plan};

fn at(millis: u64) -> Instant {
    Instant::START + ms(millis)
}

/// Pictures of a rendition at 30 a second, from one frame number to another; keyframes where `is_key` says. Each is here as
/// soon as it is captured.
fn pictures(
    driver: &mut Driver,
    rendition: &str,
    numbers: std::ops::Range<u64>,
    is_key: impl Fn(u64) -> bool,
) {
    for number in numbers {
        let frame = frame(&h264(720), number * 3_000, is_key(number));
        let now = frame.captured_at.max(driver.now);
        driver.input(now, &Input::Frame(name(rendition), frame));
    }
}

fn durations(driver: &Driver, rendition: &str) -> Vec<u64> {
    let media = &driver.media[rendition];
    let segments = media.segments.iter();
    segments.map(|s| s.duration.as_millis() as u64).collect()
}

#[test]
fn a_free_keyframe_cuts_from_one_and_a_half_seconds_on() {
    let mut driver = Driver::new(LatencyMode::Low, &[("720p", MediaKind::Video)]);
    // The first segment is short; in the second at 1.0 s, too soon; at 1.8 s.
    pictures(&mut driver, "720p", 0..105, |n| {
        [0, 15, 45, 69].contains(&n)
    });
    assert_eq!(durations(&driver, "720p"), [500, 1_800]);
    let before_they_came = [at(400), at(2_100)];
    assert_eq!(driver.wanted, before_they_came);
    let media = &driver.media["720p"];
    let parts = &media.open.as_ref().unwrap().1;
    assert!(parts[0].is_independent);
    let parts = &media.segments[1].parts;
    let independent: Vec<bool> = parts.iter().map(|part| part.is_independent).collect();
    assert_eq!(
        independent,
        [true, false, true, false],
        "also inside a segment"
    );
}

/// A picture that comes late is shown behind the one before it, which may be where another rendition has made a discontinuity: what
/// it refers to is before that.
#[test]
fn behind_a_discontinuity_a_rendition_begins_with_a_keyframe_even_if_a_picture_is_late() {
    let kinds = [("720p", MediaKind::Video), ("360p", MediaKind::Video)];
    let mut driver = Driver::new(LatencyMode::Low, &kinds);
    // Until its keyframe comes, what stands in is waited for.
    driver.oracle.patience = ms(130);
    for number in 0..200 {
        let is_key = number % 60 == 0;
        let format = if number < 80 { h264(720) } else { h264(540) };
        let mut large = frame(&format, number * 3_000, is_key || number == 80);
        // The last before the discontinuity is a little earlier than that, and the next says that it is earlier still.
        let small_at = match number {
            79 => 80 * 3_000 - 1_000,
            80 => 78 * 3_000,
            _ => number * 3_000,
        };
        let mut small = frame(&h264(360), small_at, is_key);
        let at = driver.now.max(large.captured_at);
        (large.captured_at, small.captured_at) = (at, at);
        driver.input(at, &Input::Frame(name("720p"), large));
        driver.input(at, &Input::Frame(name("360p"), small));
    }
    let media = &driver.media["360p"];
    let begun = media.segments.iter().filter(|s| s.head.is_discontinuous);
    let begun: Vec<bool> = begun.map(|s| s.parts[0].is_independent).collect();
    assert_eq!(begun, [true]);
}

#[test]
fn lh_08_a_part_with_a_keyframe_says_so_wherever_in_it_that_is() {
    let mut driver = Driver::new(LatencyMode::Low, &[("720p", MediaKind::Video)]);
    // The second segment begins at 0.5 s; a keyframe in its second part is too soon for a cut.
    pictures(&mut driver, "720p", 0..62, |n| [0, 15, 40].contains(&n));
    let open = read(&driver.media["720p"].live(Skip::No)).open.unwrap();
    let independent: Vec<bool> = open.parts.iter().map(|part| part.is_independent).collect();
    assert_eq!(independent, [true, true, false]);
}

#[test]
fn without_keyframes_the_cut_is_at_the_hard_limit_and_counted() {
    let mut driver = Driver::new(LatencyMode::Low, &[("720p", MediaKind::Video)]);
    pictures(&mut driver, "720p", 0..160, |n| n == 0);
    assert_eq!(durations(&driver, "720p"), [2_400, 2_400]);
    let asked: Vec<u64> = [400, 900, 1_600, 2_100, 4_000, 4_250, 4_500].to_vec();
    assert_eq!(driver.wanted, asked.into_iter().map(at).collect::<Vec<_>>());
    let stats = driver.packager.stats();
    assert_eq!((stats.late_cuts, stats.misaligned_segments), (2, 2));
    let text = driver.media["720p"].live(Skip::No);
    assert!(!text.contains("INDEPENDENT-SEGMENTS"));
}

#[test]
fn a_rendition_without_the_keyframe_is_cut_too_and_its_segments_are_counted() {
    let kinds = [("720p", MediaKind::Video), ("360p", MediaKind::Video)];
    let mut driver = Driver::new(LatencyMode::Low, &kinds);
    for number in 0..1_200 {
        pictures(&mut driver, "720p", number..number + 1, |n| n % 54 == 0);
        pictures(&mut driver, "360p", number..number + 1, |n| n == 0);
    }
    assert_eq!(durations(&driver, "720p"), durations(&driver, "360p"));
    let alignment = |rendition: &str| driver.packager.alignment(&name(rendition)).unwrap();
    assert_eq!(alignment("720p").n_misaligned, 0);
    let misaligned = alignment("360p");
    assert_eq!(misaligned.n_aligned, 1, "the first");
    assert!(misaligned.n_misaligned > 15, "{misaligned:?}");
}

#[test]
fn pictures_that_wait_for_a_keyframe_behind_a_hole_are_counted_with_those_that_have_none() {
    let misaligned = |is_key: fn(u64) -> bool| {
        let mut driver = Driver::new(LatencyMode::Low, &[("720p", MediaKind::Video)]);
        driver.oracle.patience = ms(130);
        pictures(&mut driver, "720p", 0..60, |n| n % 54 == 0);
        pictures(&mut driver, "720p", 100..600, is_key);
        let alignment = driver.packager.alignment(&name("720p")).unwrap();
        alignment.n_misaligned
    };
    let answered = misaligned(|n| n % 54 == 0);
    assert!(answered <= 1, "{answered}");
    let unanswered = misaligned(|_| false);
    assert!(unanswered >= 5, "{unanswered}");
}

#[test]
fn sound_is_cut_at_its_first_frame_from_the_keyframe_on() {
    let plan = Plan {
        latency: LatencyMode::Low,
        lanes: vec![Lane::video("720p"), Lane::audio("aac")],
        length_ms: 20_000,
        reconnect: None,
        seed: 3,
    };
    let driver = plan.run();
    let starts = |rendition: &str, rate: f64| -> Vec<f64> {
        let heads = driver.media[rendition].segments.iter();
        heads.map(|s| s.head.starts_at.0 as f64 / rate).collect()
    };
    let (video, sound) = (starts("720p", 90_000.0), starts("aac", 48_000.0));
    assert!(video.len() > 8);
    for (video, sound) in video.iter().zip(&sound) {
        let after = sound - video;
        assert!(
            (0.0..1_024.0 / 48_000.0).contains(&after),
            "{after} s after"
        );
    }
    // What is captured at the same time has the same date.
    for (video, sound) in driver.media["720p"]
        .segments
        .iter()
        .zip(&*driver.media["aac"].segments)
    {
        let millis = |ticks: u64, rate: u64| ticks * 1_000 / rate;
        let video = video.head.program_date_time_ms - millis(video.head.starts_at.0, 90_000);
        let sound = sound.head.program_date_time_ms - millis(sound.head.starts_at.0, 48_000);
        assert!(video.abs_diff(sound) <= 1);
    }
}

#[test]
fn sound_alone_is_cut_between_parts() {
    for (latency, parts) in [(LatencyMode::Low, 4), (LatencyMode::Standard, 2)] {
        let plan = Plan {
            latency,
            lanes: vec![Lane::audio("aac"), Lane::audio("opus")],
            length_ms: 12_000,
            reconnect: None,
            seed: 5,
        };
        let driver = plan.run();
        let aac = &driver.media["aac"];
        assert!(aac.segments.len() >= 5);
        for segment in aac.segments.iter() {
            assert_eq!(segment.parts.len(), parts, "{segment:?}");
        }
        assert!(driver.wanted.is_empty(), "nobody can send a keyframe");
        assert_eq!(driver.packager.stats().late_cuts, 0);
    }
}

#[test]
fn a_part_is_told_of_when_the_first_packet_of_the_next_frame_is_here() {
    let mut driver = Driver::new(LatencyMode::Low, &[("720p", MediaKind::Video)]);
    pictures(&mut driver, "720p", 0..15, |n| n == 0);
    assert!(driver.history.is_empty());
    driver.input(at(501), &Input::Begins(name("720p"), MediaTime(45_000)));
    assert_eq!(driver.history.len(), 1);
    assert_eq!(driver.history[0].0, at(501));
}

#[test]
fn a_segment_is_its_parts_and_begins_with_what_players_need() {
    let mut driver = Driver::new(LatencyMode::Low, &[("aac", MediaKind::Audio)]);
    let mut seen = Vec::new();
    for number in 0..250 {
        let frame = frame(&aac(), number * 1_024, true);
        driver.run_until(frame.captured_at);
        driver
            .packager
            .handle_frame(&name("aac"), &frame, driver.now);
        while let Some(event) = driver.packager.poll_event() {
            seen.push(match event {
                Event::Init { .. } => "init",
                Event::Part { .. } => "part",
                Event::Segment { n_parts, .. } => {
                    assert_eq!(n_parts, 4);
                    "segment"
                }
                Event::Playlist(_) => "playlist",
                Event::Renditions(_) => "renditions",
                Event::KeyframeWanted => "wanted",
            });
        }
    }
    seen.retain(|event| *event != "renditions");
    let part = ["part", "playlist"];
    let last = ["part", "segment", "playlist"];
    let segment = [&part[..], &part, &part, &last].concat();
    let wanted = [&["init"][..], &segment, &segment].concat();
    assert_eq!(seen[..wanted.len()], wanted[..]);
}

#[test]
fn parameter_sets_that_are_repeated_change_nothing_and_others_break_all_renditions() {
    let kinds = [("720p", MediaKind::Video), ("aac", MediaKind::Audio)];
    let mut driver = Driver::new(LatencyMode::Low, &kinds);
    for number in 0..300_u64 {
        let millis = number * 1_000 / 30;
        // A new value of the same content with every frame; other content from 6 s on.
        let format = h264_with(720, u8::from(millis >= 6_000));
        let picture = frame(&format, number * 3_000, number % 60 == 0);
        driver.input(at(millis), &Input::Frame(name("720p"), picture));
        let frames = millis * 48 / 1_024..(millis + 33) * 48 / 1_024;
        for sound in frames {
            let sound = frame(&aac(), sound * 1_024, true);
            driver.input(
                at(millis).max(driver.now),
                &Input::Frame(name("aac"), sound),
            );
        }
    }
    assert_eq!((driver.n_inits["720p"], driver.n_inits["aac"]), (2, 1));
    assert_eq!(driver.packager.stats().discontinuities, 1);
    let broken = |rendition: &str| -> Vec<u64> {
        let segments = driver.media[rendition].segments.iter();
        let broken = segments.filter(|s| s.head.is_discontinuous);
        broken.map(|s| s.head.number.0).collect()
    };
    assert_eq!(broken("720p"), [3]);
    assert_eq!(broken("720p"), broken("aac"));
    let text = driver.media["720p"].live(Skip::No);
    let segment = &read(&text).segments[3];
    assert_eq!(segment.map.as_deref(), Some("0a1b2c3d/init-1.mp4"));
}

/// Ten seconds of sound, and of pictures that come 0.45 s after it, with a keyframe every two.
fn late_pictures(is_planned: bool) -> Driver {
    let kinds = [("720p", MediaKind::Video), ("aac", MediaKind::Audio)];
    let mut driver = Driver::new(LatencyMode::Low, &kinds);
    let sounds = (0..469).map(|n| ("aac", frame(&aac(), n * 1_024, true), ms(0)));
    let numbers = 0..300_u64;
    let pictures = numbers.map(|n| ("720p", frame(&h264(720), n * 3_000, n % 60 == 0), ms(450)));
    let mut all: Vec<_> = sounds.chain(pictures).collect();
    all.sort_by_key(|(_, frame, late)| frame.captured_at + *late);
    for (rendition, frame, late) in all {
        let now = frame.captured_at + late;
        let seconds = frame.captured_at.saturating_since(Instant::START).as_secs();
        if is_planned && rendition == "aac" {
            driver
                .packager
                .expect_keyframe(ms(seconds / 2 * 2_000), now);
        }
        driver.input(now, &Input::Frame(name(rendition), frame));
    }
    driver
}

#[test]
fn where_a_keyframe_will_be_is_cut_before_it_is_there() {
    let begins_whole = |driver: &Driver| -> Vec<bool> {
        let segments = driver.media["720p"].segments.iter();
        segments
            .map(|s| s.parts.first().is_some_and(|part| part.is_independent))
            .collect()
    };
    let driver = late_pictures(true);
    assert_eq!(durations(&driver, "720p"), [2_000; 4]);
    assert_eq!(begins_whole(&driver), [true; 4]);
    let late = begins_whole(&late_pictures(false));
    assert!(
        late.contains(&false),
        "sound is cut before pictures are there"
    );
}
