//! Pictures that come after the time that they belong to was told of.

use bridge_packager::latency::LatencyMode;
use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::time::Instant;

use crate::driver::{Driver, Input, aac, frame, h264, ms, name};

#[test]
fn pictures_that_come_after_their_segment_was_told_of_do_not_begin_the_next_before_its_keyframe() {
    let both = [("720p", MediaKind::Video), ("aac", MediaKind::Audio)];
    let mut driver = Driver::new(LatencyMode::Low, &both);
    driver.oracle.patience = ms(130);
    let mut frames: Vec<(u64, &str, Frame)> = Vec::new();
    for number in 0..300 {
        let millis = number * 1_000 / 30;
        // Up to the keyframe at six seconds and a little beyond it, they come at once.
        let comes_at = if (5_600..6_300).contains(&millis) {
            6_300
        } else {
            millis
        };
        let picture = frame(&h264(720), number * 3_000, number % 60 == 0);
        frames.push((comes_at, "720p", picture));
    }
    for number in 0..470 {
        let millis = number * 1_024 / 48;
        frames.push((millis, "aac", frame(&aac(), number * 1_024, true)));
    }
    frames.sort_by_key(|(comes_at, ..)| *comes_at);
    let mut n_expected = 0;
    for (comes_at, rendition, frame) in frames {
        let now = (Instant::START + ms(comes_at)).max(driver.now);
        driver.run_until(now);
        if rendition == "aac" && comes_at / 2_000 > n_expected {
            n_expected = comes_at / 2_000;
            driver.packager.expect_keyframe(ms(n_expected * 2_000), now);
        }
        driver.input(now, &Input::Frame(name(rendition), frame));
    }
    let stats = driver.packager.stats();
    assert_eq!((stats.misaligned_segments, stats.stand_in_parts), (0, 0));
    assert!((8..=14).contains(&stats.frames_late), "{stats:?}");
    let segments = driver.media["720p"].segments.iter();
    let starts: Vec<u64> = segments.map(|s| s.head.starts_at.0 / 90).collect();
    assert_eq!(starts, [0, 2_000, 4_000, 6_000]);
}
