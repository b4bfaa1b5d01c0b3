//! A disk that is slow, full or gone: live goes on, the DVR window begins later, and somebody is told.

use std::time::Duration;

use bridge_origin::event::{Event, SegmentKey};
use bridge_origin::stats::Limit;
use bridge_packager::segment::MediaSequenceNumber;

use crate::stream::{Stream, name, text};

fn key(rendition: &str, segment: u64) -> SegmentKey {
    SegmentKey {
        rendition: name(rendition),
        segment: MediaSequenceNumber(segment),
    }
}

fn first_listed(playlist: &str) -> u64 {
    let tag = "#EXT-X-MEDIA-SEQUENCE:";
    let line = playlist.lines().find_map(|line| line.strip_prefix(tag));
    line.unwrap().parse().unwrap()
}

/// All that each playlist lists can be had.
fn is_whole(stream: &mut Stream) -> bool {
    ["720p/live.m3u8", "720p/dvr.m3u8", "aac/dvr.m3u8"]
        .iter()
        .all(|url| {
            let playlist = text(&stream.fetch(url));
            let rendition = url.split('/').next().unwrap();
            let mut uris = playlist.lines().filter(|line| !line.starts_with('#'));
            uris.all(|uri| stream.status(&format!("{rendition}/{uri}")) == 200)
        })
}

/// Each write of these segments fails, once.
fn play(stream: &mut Stream, n_parts: u32, fails: impl Fn(u64) -> bool) {
    stream.is_stored_at_once = false;
    for _ in 0..n_parts {
        stream.part();
        let writes: Vec<SegmentKey> = stream
            .events
            .iter()
            .filter_map(|event| match event {
                Event::ToDisk { key, .. } => Some(key.clone()),
                Event::Delete { .. } | Event::DiskFails | Event::DiskWorks => None,
            })
            .collect();
        stream
            .events
            .retain(|event| !matches!(event, Event::ToDisk { .. }));
        for key in writes {
            if fails(key.segment.0) {
                stream.origin.handle_disk_error(&key);
            } else {
                stream.origin.handle_stored(&key);
            }
        }
        while let Some(event) = stream.origin.poll_event() {
            stream.events.push(event);
        }
        assert!(is_whole(stream), "at {:?}", stream.now);
    }
}

#[test]
fn a_disk_that_fails_shortens_the_window_and_never_a_listed_segment() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.parts(120);
    assert_eq!(first_listed(&text(&stream.fetch("720p/dvr.m3u8"))), 0);
    play(&mut stream, 160, |_| true);
    for url in ["720p/dvr.m3u8", "aac/dvr.m3u8"] {
        let first = first_listed(&text(&stream.fetch(url)));
        assert!((45..=60).contains(&first), "{url} begins at {first} of 70");
    }
    let live = text(&stream.fetch("720p/live.m3u8"));
    assert!(
        live.lines().filter(|line| !line.starts_with('#')).count() == 10,
        "{live}"
    );
    let fails = stream
        .events
        .iter()
        .filter(|e| **e == Event::DiskFails)
        .count();
    assert_eq!(fails, 1, "said once");
    assert!(stream.origin.stats().lost_segments > 0);
}

#[test]
fn without_a_disk_playlists_list_what_is_in_memory() {
    let mut stream = Stream::without_disk(&["720p", "aac"]);
    for _ in 0..200 {
        stream.part();
        assert!(stream.media(&name("720p")).segments.is_empty() || is_whole(&mut stream));
    }
    assert!(stream.events.is_empty(), "{:?}", stream.events);
    let first = first_listed(&text(&stream.fetch("720p/dvr.m3u8")));
    assert!((20..=40).contains(&first), "{first} of 50");
}

#[test]
fn a_disk_that_works_again_lets_the_window_grow_again() {
    let mut stream = Stream::with_parts(4);
    play(&mut stream, 400, |segment| (20..30).contains(&segment));
    let first = first_listed(&text(&stream.fetch("720p/dvr.m3u8")));
    assert_eq!(first, 30, "what was lost is behind it");
    let said: Vec<&Event> = stream
        .events
        .iter()
        .filter(|e| !matches!(e, Event::Delete { .. }))
        .collect();
    assert_eq!(said, [&Event::DiskFails, &Event::DiskWorks]);
}

#[test]
fn a_publisher_that_stalls_while_the_disk_fails_loses_nothing_that_is_live() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.is_stored_at_once = false;
    stream.parts(60);
    stream.pass(Duration::from_secs(600));
    assert_eq!(
        text(&stream.fetch("720p/live.m3u8"))
            .matches("\n#EXTINF")
            .count(),
        10
    );
    assert!(is_whole(&mut stream));
}

#[test]
fn a_segment_that_cannot_be_read_is_not_listed_any_more() {
    let mut stream = Stream::with_parts(200);
    assert_eq!(first_listed(&text(&stream.fetch("aac/dvr.m3u8"))), 0);
    stream.origin.handle_disk_error(&key("720p", 7));
    assert_eq!(
        first_listed(&text(&stream.fetch("aac/dvr.m3u8"))),
        8,
        "of all renditions"
    );
    assert_eq!(stream.status("720p/k3x9/7.m4s"), 404);
    assert!(is_whole(&mut stream));
    assert_eq!(stream.origin.poll_event(), Some(Event::DiskFails));
}

#[test]
fn files_before_a_lost_segment_are_deleted_when_their_availability_ends() {
    let mut stream = Stream::with_parts(60);
    stream.origin.handle_disk_error(&key("720p", 3));
    assert_eq!(
        stream.status("720p/k3x9/2.m4s"),
        200,
        "who was told of it may fetch it"
    );
    stream.parts(120);
    let deleted = |rendition: &str| -> Vec<u64> {
        let keys = stream.events.iter().filter_map(|event| match event {
            Event::Delete { key } => Some(key),
            Event::ToDisk { .. } | Event::DiskFails | Event::DiskWorks => None,
        });
        let own = keys.filter(|key| key.rendition.as_str() == rendition);
        own.map(|key| key.segment.0).collect()
    };
    assert_eq!(deleted("720p"), [0, 1, 2]);
    assert_eq!(deleted("aac"), [0, 1, 2, 3]);
}

#[test]
fn what_the_disk_says_of_segments_that_it_was_not_told_of_changes_nothing() {
    let mut stream = Stream::with_parts(200);
    for segment in [0, 49, 50, 1_000] {
        stream.origin.handle_stored(&key("360p", segment));
        stream.origin.handle_stored(&key("720p", segment));
        stream.origin.handle_disk_error(&key("360p", segment));
    }
    stream.origin.handle_disk_error(&key("720p", 1_000));
    assert_eq!(stream.origin.poll_event(), None);
    assert_eq!(first_listed(&text(&stream.fetch("720p/dvr.m3u8"))), 0);
}

#[test]
fn a_disk_that_never_answers_is_told_of_64_segments_and_counted() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.is_stored_at_once = false;
    stream.parts(4 * 32);
    assert!(!stream.events.contains(&Event::DiskFails));
    stream.parts(4);
    let writes = |stream: &Stream| {
        let is_write = |event: &&Event| matches!(event, Event::ToDisk { .. });
        stream.events.iter().filter(is_write).count()
    };
    assert_eq!(writes(&stream), 64);
    assert!(stream.events.contains(&Event::DiskFails));
    assert_eq!(stream.origin.stats().limit_hits[&Limit::DiskWrites], 2);
    assert!(is_whole(&mut stream));
}

#[test]
fn a_write_that_comes_too_late_is_undone() {
    let mut stream = Stream::begun(&["720p"]);
    stream.is_stored_at_once = false;
    stream.parts(120);
    assert_eq!(stream.status("720p/k3x9/0.m4s"), 404);
    stream.events.clear();
    stream.origin.handle_stored(&key("720p", 0));
    let deletion = Event::Delete {
        key: key("720p", 0),
    };
    assert_eq!(stream.origin.poll_event(), Some(deletion));
}

#[test]
fn discontinuities_of_what_was_lost_are_counted_in_the_sequence() {
    let mut stream = Stream::begun(&["720p"]);
    stream.parts(8);
    stream.break_off();
    stream.parts(200);
    let before = stream.media(&name("720p"));
    assert!(before.segments[2].head.is_discontinuous);
    stream.origin.handle_disk_error(&key("720p", 5));
    let playlist = text(&stream.fetch("720p/dvr.m3u8"));
    assert!(!playlist.contains("#EXT-X-DISCONTINUITY\n"), "it is behind");
    assert_eq!(first_listed(&playlist), 6);
}
