//! How long media can be had (draft-pantos-hls-rfc8216bis sections 6.2.1 and 6.2.2): rows LH-15, LH-17, LH-23 and LH-24.

use std::time::Duration;

use bridge_origin::event::Event;
use bridge_origin::response::Body;
use bridge_packager::event::Event as Packaged;
use bridge_packager::part::PartIndex;
use bridge_packager::segment::MediaSequenceNumber;
use bytes::Bytes;

use crate::stream::{LIVE_SEGMENTS, PART, Stream, name, text};

/// The media that a playlist lists, relative to the stream.
fn listed(stream: &mut Stream, url: &str) -> Vec<String> {
    let playlist = text(&stream.fetch(url));
    let rendition = url.split('/').next().unwrap();
    let uris = playlist.lines().filter_map(|line| {
        if line.starts_with("#EXT-X-PART:") || line.starts_with("#EXT-X-MAP:") {
            return line.split_once("URI=\"")?.1.split('"').next();
        }
        (!line.starts_with('#')).then_some(line)
    });
    uris.map(|uri| format!("{rendition}/{uri}")).collect()
}

#[test]
fn lh_15_everything_that_is_listed_can_be_had_at_once() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 20;
    let mut n_files = 0;
    for n in 0..120 {
        stream.part();
        let dvr = if n < 4 { None } else { Some("720p/dvr.m3u8") };
        for playlist in ["720p/live.m3u8", "aac/live.m3u8"].into_iter().chain(dvr) {
            for uri in listed(&mut stream, playlist) {
                assert_eq!(stream.status(&uri), 200, "{uri} after {n} parts");
                n_files += 1;
            }
        }
    }
    assert!(n_files > 4_000, "{n_files}");
}

#[test]
fn lh_17_a_part_that_is_a_gap_is_404() {
    let mut stream = Stream::with_parts(9);
    stream.hold("720p/k3x9/2.1.m4s");
    stream.tell(Packaged::Part {
        rendition: name("720p"),
        segment: MediaSequenceNumber(2),
        index: PartIndex(1),
        bytes: Bytes::new(),
    });
    assert_eq!(stream.only_woken().response.status.code(), 404);
    assert_eq!(stream.status("720p/k3x9/2.1.m4s"), 404);
}

#[test]
fn lh_23_a_part_can_be_had_for_three_target_durations_after_its_tag_went() {
    // Segments of two seconds, and of one: parts go with their segment.
    for parts_per_segment in [4, 2] {
        let mut stream = Stream::begun(&["720p", "aac"]);
        stream.parts_per_segment = parts_per_segment;
        let mut gone_at: Option<(Vec<String>, Duration)> = None;
        let (mut n_checked, mut before) = (0, Vec::new());
        let start = stream.now;
        for _ in 0..80 {
            stream.part();
            let tagged: Vec<String> = listed(&mut stream, "720p/live.m3u8");
            let removed: Vec<String> = before
                .iter()
                .filter(|uri| !tagged.contains(uri))
                .cloned()
                .collect();
            before = tagged;
            if gone_at.is_none() && !removed.is_empty() {
                gone_at = Some((removed, stream.now - start));
            }
            if let Some((uris, at)) = &gone_at {
                if stream.now - start > *at + Duration::from_secs(6) {
                    gone_at = None;
                    continue;
                }
                for uri in uris {
                    assert_eq!(stream.status(uri), 200, "{uri}");
                    n_checked += 1;
                }
            }
        }
        assert!(n_checked > 100, "{n_checked}");
    }
}

#[test]
fn lh_23_a_publisher_that_stalls_keeps_its_parts_alive_as_long_as_they_are_listed() {
    let mut stream = Stream::with_parts(20);
    let uris = listed(&mut stream, "720p/live.m3u8");
    stream.pass(Duration::from_secs(600));
    stream.part();
    for uri in uris {
        assert_eq!(stream.status(&uri), 200, "{uri}");
    }
}

#[test]
fn parts_leave_memory_after_their_time_and_segments_go_on_from_disk() {
    let mut stream = Stream::with_parts(60);
    assert_eq!(stream.status("720p/k3x9/0.0.m4s"), 404);
    let response = stream.fetch("720p/k3x9/0.m4s");
    assert_eq!(response.status.code(), 200);
    let Body::Disk { key, range } = response.body else {
        panic!("it is 30 s old");
    };
    assert_eq!(
        (key.rendition, key.segment.0, range),
        (name("720p"), 0, 0..400)
    );
    let stats = stream.origin.stats();
    assert!(stats.evictions > 0);
    // Seven seconds of tags, six of grace, and what is open: of two renditions, 200 bytes a second each.
    assert!(stats.memory_bytes <= 2 * 200 * 16, "{}", stats.memory_bytes);
}

#[test]
fn lh_24_a_segment_that_was_removed_can_be_had_until_its_availability_ends() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 15;
    let window = PART * 4 * 15;
    let appeared = PART * 4;
    let start = stream.now;
    while stream.now - start < appeared + window + PART * 4 {
        stream.part();
        if stream.now - start >= appeared {
            assert_eq!(
                stream.status("720p/k3x9/0.m4s"),
                200,
                "{:?}",
                stream.now - start
            );
        }
    }
    let is_deleted = |stream: &Stream| {
        let deleted = |event: &Event| matches!(event, Event::Delete { key } if key.segment.0 == 0);
        stream.events.iter().filter(|event| deleted(event)).count()
    };
    stream.parts(8);
    assert_eq!(stream.status("720p/k3x9/0.m4s"), 404);
    assert_eq!(is_deleted(&stream), 2, "of each rendition");
}

#[test]
fn lh_24_holds_without_a_disk_for_the_window_that_is_in_memory() {
    let mut stream = Stream::without_disk(&["720p", "aac"]);
    stream.dvr_segments = LIVE_SEGMENTS;
    stream.parts(4);
    let appeared = stream.now;
    while stream.now - appeared < PART * 4 * (LIVE_SEGMENTS as u32 + 1) {
        assert_eq!(
            stream.status("720p/k3x9/0.m4s"),
            200,
            "{:?}",
            stream.now - appeared
        );
        stream.part();
    }
    stream.parts(8);
    assert_eq!(stream.status("720p/k3x9/0.m4s"), 404);
    assert_eq!(stream.origin.stats().lost_segments, 0, "it was not listed");
}

#[test]
fn lh_24_holds_without_a_disk_for_what_only_the_dvr_playlist_would_list() {
    let mut stream = Stream::without_disk(&["720p", "aac"]);
    stream.parts(4);
    let (appeared, mut removed_at, mut longest) = (stream.now, None, 0);
    let available = |longest: usize| PART * 4 * (longest as u32 + 1);
    for _ in 0..200 {
        stream.part();
        let dvr = text(&stream.fetch("720p/dvr.m3u8"));
        let is_listed = dvr.lines().any(|line| line == "k3x9/0.m4s");
        if is_listed {
            longest = dvr.matches("\n#EXTINF").count();
        } else {
            removed_at.get_or_insert(stream.now);
        }
        let is_owed = is_listed || stream.now - appeared < available(longest);
        if is_owed {
            let age = stream.now - appeared;
            assert_eq!(stream.status("720p/k3x9/0.m4s"), 200, "{age:?}");
        }
    }
    let removed_at = removed_at.expect("it is never removed");
    assert!(removed_at - appeared < available(longest), "in time");
    assert_eq!(stream.status("720p/k3x9/0.m4s"), 404);
}

#[test]
fn files_on_disk_are_those_of_the_window_and_no_others_however_long_a_stream_is() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 2 * LIVE_SEGMENTS;
    stream.parts(2_000);
    let count = |wanted: fn(&Event) -> bool| stream.events.iter().filter(|e| wanted(e)).count();
    let written = count(|e| matches!(e, Event::ToDisk { .. }));
    let deleted = count(|e| matches!(e, Event::Delete { .. }));
    assert_eq!(written, 1_000);
    let kept = written - deleted;
    assert!((2 * 20..=2 * 24).contains(&kept), "{kept}");
}

#[test]
fn an_init_section_lives_as_long_as_a_segment_that_needs_it() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 12;
    stream.parts(8);
    stream.change_init();
    let mut n_with_both = 0;
    for _ in 0..80 {
        stream.part();
        if stream.status("720p/k3x9/1.m4s") == 200 {
            assert_eq!(stream.status("720p/k3x9/init-0.mp4"), 200);
            n_with_both += 1;
        }
        assert_eq!(stream.status("720p/k3x9/init-1.mp4"), 200);
    }
    assert!(n_with_both >= 4 * 12, "{n_with_both}");
    assert_eq!(stream.status("720p/k3x9/1.m4s"), 404);
    assert_eq!(
        stream.status("720p/k3x9/init-0.mp4"),
        404,
        "nothing needs it"
    );
}
