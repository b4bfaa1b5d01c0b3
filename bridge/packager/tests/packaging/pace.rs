//! How soon what comes next is told of (draft-pantos-hls-rfc8216bis section 6.2.1): row LH-16.

use std::time::Duration;

use bridge_packager::latency::LatencyMode;
use sfu_model::time::Instant;

use crate::driver::{Driver, ms};
use crate::streams::{Lane, Plan};

/// A part is told of when the first packet of the next frame is here, or where a segment ends, all of its keyframe: so much later.
const FRAME: Duration = Duration::from_millis(3);

/// No segment may follow another later: one and a half target durations of two seconds.
const SEGMENT_WITHIN: Duration = Duration::from_secs(3);

/// Something that only grows, and the longest time that it did not.
#[derive(Default)]
struct Growth {
    last: Option<(Instant, (u64, u32))>,
    longest: Duration,
    n: usize,
}

impl Growth {
    fn see(&mut self, at: Instant, reached: (u64, u32)) {
        if self.last.is_some_and(|(_, before)| reached <= before) {
            return;
        }
        let waited = self.last.map_or(Duration::ZERO, |(since, _)| at - since);
        self.longest = self.longest.max(waited);
        self.last = Some((at, reached));
        self.n += 1;
    }
}

/// How the playlists of a rendition grew: by parts, and by segments.
fn growth(driver: &Driver, rendition: &str) -> (Growth, Growth) {
    let (mut parts, mut segments) = (Growth::default(), Growth::default());
    let told = driver.history.iter();
    for (at, media) in told.filter(|(_, media)| media.rendition.as_str() == rendition) {
        let (segment, part) = media.next_part();
        parts.see(*at, (segment.0, part.0));
        if let Some(last) = media.segments.last() {
            segments.see(*at, (last.head.number.0, 0));
        }
    }
    (parts, segments)
}

fn lanes(fps: u64) -> Vec<Lane> {
    let mut lanes = vec![
        Lane::video("720p"),
        Lane::video("360p"),
        Lane::audio("aac"),
        Lane::audio("opus"),
    ];
    lanes.iter_mut().for_each(|lane| lane.fps = fps);
    lanes
}

/// Every rendition of a plan tells of a part and of a segment at least so often.
fn assert_pace(plan: &Plan, part_within: Duration, segment_within: Duration) {
    let driver = plan.run();
    let of = format!("{:?}, {} fps", plan.latency, plan.lanes[0].fps);
    for lane in &plan.lanes {
        let (parts, segments) = growth(&driver, lane.name);
        let length = ms(plan.length_ms);
        let n_parts = length.div_duration_f64(plan.latency.part_target()) as usize;
        assert!(parts.n >= n_parts - 1, "{of}, {}: {}", lane.name, parts.n);
        assert!(segments.n >= 8, "{of}, {}: {}", lane.name, segments.n);
        let (part, segment) = (parts.longest, segments.longest);
        assert!(part <= part_within, "{of}, {}: {part:?}", lane.name);
        assert!(
            segment <= segment_within,
            "{of}, {}: {segment:?}",
            lane.name
        );
    }
}

#[test]
fn lh_16_what_comes_evenly_is_told_of_within_a_part_target_and_segments_within_three_seconds() {
    for latency in [LatencyMode::Low, LatencyMode::Standard] {
        for fps in [60, 50, 30, 25, 24, 15] {
            let plan = Plan {
                latency,
                lanes: lanes(fps),
                length_ms: 20_000,
                reconnect: None,
                seed: 23,
            };
            let within = latency.part_target() + FRAME;
            assert_pace(&plan, within, SEGMENT_WITHIN);
        }
    }
}

#[test]
fn lh_16_where_nothing_comes_a_part_is_told_of_an_eighth_of_a_second_late_and_segments_in_time() {
    // Pictures alone stop, and everything does.
    for silent in [2, 4] {
        let mut lanes = lanes(30);
        for lane in lanes.iter_mut().take(silent) {
            lane.silence = Some((6_000, 13_000));
        }
        let plan = Plan {
            latency: LatencyMode::Low,
            lanes,
            length_ms: 20_000,
            reconnect: None,
            seed: 29,
        };
        assert_pace(&plan, ms(625) + FRAME, SEGMENT_WITHIN);
    }
}
