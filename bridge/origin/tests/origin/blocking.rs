//! Blocking playlist reload (draft-pantos-hls-rfc8216bis section 6.2.5.2): rows LB.

use std::time::Duration;

use bridge_origin::origin::{Answer, Woken};
use bridge_origin::request::{Headers, Method};
use bridge_origin::response::{Body, Response};
use nix::time::{ClockId, clock_gettime};

use crate::stream::{LIVE_SEGMENTS, PART, Stream, at_once, header, text};

const LIVE: &str = "720p/live.m3u8";

fn is_listed(playlist: &str, uri: &str) -> bool {
    playlist.contains(uri)
}

#[test]
fn lb_01_a_segment_is_waited_for_until_it_is_listed() {
    let mut stream = Stream::with_parts(4);
    let group = stream.hold(&format!("{LIVE}?_HLS_msn=1"));
    stream.parts(3);
    assert!(stream.woken().is_empty(), "parts of it are not the segment");
    stream.part();
    let woken = stream.only_woken();
    assert_eq!(woken.group, group);
    let playlist = text(&woken.response);
    assert!(is_listed(&playlist, "k3x9/1.m4s\n"), "{playlist}");
    assert!(is_listed(&playlist, "k3x9/0.m4s\n"), "a full playlist");
}

#[test]
fn lb_02_a_part_is_waited_for_until_it_or_a_later_one_is_listed() {
    let mut stream = Stream::with_parts(5);
    stream.hold(&format!("{LIVE}?_HLS_msn=1&_HLS_part=2"));
    stream.part();
    assert!(stream.woken().is_empty());
    stream.part();
    let playlist = text(&stream.only_woken().response);
    assert!(is_listed(&playlist, "k3x9/1.2.m4s\""), "{playlist}");
    assert!(!is_listed(&playlist, "1.m4s\n"));
}

#[test]
fn lb_02_the_bytes_of_a_part_alone_answer_nobody_who_waits_for_the_playlist() {
    let mut stream = Stream::with_parts(5);
    stream.hold(&format!("{LIVE}?_HLS_msn=1&_HLS_part=1"));
    stream.part_bytes();
    assert!(stream.woken().is_empty());
}

#[test]
fn lb_03_a_part_past_the_last_of_a_finished_segment_is_the_first_of_the_next() {
    let mut stream = Stream::with_parts(8);
    for part in [4, 5, 1_000_000] {
        stream.hold(&format!("{LIVE}?_HLS_msn=1&_HLS_part={part}"));
    }
    stream.part();
    assert_eq!(stream.woken().len(), 1, "they want the same");
    assert_eq!(
        stream.status(&format!("{LIVE}?_HLS_msn=1&_HLS_part=4")),
        200
    );
    assert_eq!(
        stream.status(&format!("{LIVE}?_HLS_msn=0&_HLS_part=9")),
        200
    );
}

#[test]
fn lb_03_holds_also_for_who_waited_before_the_segment_ended() {
    let mut stream = Stream::with_parts(6);
    stream.hold(&format!("{LIVE}?_HLS_msn=1&_HLS_part=2"));
    stream.cut();
    assert!(stream.woken().is_empty(), "segment 1 ended with two parts");
    stream.part();
    let playlist = text(&stream.only_woken().response);
    assert!(is_listed(&playlist, "k3x9/2.0.m4s\""), "{playlist}");
}

#[test]
fn lb_04_what_is_listed_or_long_gone_is_answered_at_once_with_the_whole_playlist() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 12;
    stream.parts(82);
    let bare = text(&stream.fetch(LIVE));
    for old in [
        "_HLS_msn=0",
        "_HLS_msn=3&_HLS_part=1",
        "_HLS_msn=19",
        "_HLS_msn=20&_HLS_part=1",
    ] {
        assert_eq!(text(&stream.fetch(&format!("{LIVE}?{old}"))), bare, "{old}");
    }
}

#[test]
fn lb_05_the_playlist_of_a_stream_that_ended_ignores_directives() {
    let mut stream = Stream::with_parts(9);
    stream.end();
    let whole = text(&stream.fetch(LIVE));
    assert!(whole.contains("#EXT-X-ENDLIST"));
    for query in [
        "_HLS_msn=99",
        "_HLS_part=3",
        "_HLS_msn=x",
        "_HLS_msn=1&_HLS_msn=2",
        "_HLS_skip=YES",
    ] {
        assert_eq!(
            text(&stream.fetch(&format!("{LIVE}?{query}"))),
            whole,
            "{query}"
        );
    }
}

#[test]
fn lb_06_a_part_without_its_segment_is_400() {
    let mut stream = Stream::with_parts(5);
    assert_eq!(stream.status(&format!("{LIVE}?_HLS_part=1")), 400);
}

#[test]
fn lb_07_more_than_two_segments_past_the_last_is_400_at_once() {
    let mut stream = Stream::with_parts(9);
    stream.hold(&format!("{LIVE}?_HLS_msn=3"));
    assert_eq!(
        stream.status(&format!("{LIVE}?_HLS_msn=4")),
        400,
        "last is 1"
    );
    for far in [
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999",
    ] {
        assert_eq!(
            stream.status(&format!("{LIVE}?_HLS_msn={far}")),
            400,
            "{far}"
        );
        let part = format!("{LIVE}?_HLS_msn={far}&_HLS_part={far}");
        assert_eq!(stream.status(&part), 400, "{far}");
    }
}

#[test]
fn lb_08_parts_have_an_edge_at_the_advance_part_limit() {
    // Three seconds of half a second each are six parts; the last one is 2.1.
    let mut stream = Stream::with_parts(10);
    stream.hold(&format!("{LIVE}?_HLS_msn=2&_HLS_part=7"));
    assert_eq!(
        stream.status(&format!("{LIVE}?_HLS_msn=2&_HLS_part=8")),
        400
    );
    stream.hold(&format!("{LIVE}?_HLS_msn=3&_HLS_part=5"));
    assert_eq!(
        stream.status(&format!("{LIVE}?_HLS_msn=3&_HLS_part=6")),
        400
    );
}

#[test]
fn lb_09_who_waits_for_three_target_durations_is_told_503_which_nobody_caches() {
    let mut stream = Stream::with_parts(9);
    stream.hold(&format!("{LIVE}?_HLS_msn=2&_HLS_part=1"));
    stream.pass(Duration::from_millis(5_999));
    assert!(stream.woken().is_empty());
    assert_eq!(stream.origin.stats().n_blocked, 1);
    stream.pass(Duration::from_millis(1));
    let response = stream.only_woken().response;
    assert_eq!(response.status.code(), 503);
    assert_eq!(header(&response, "cache-control").unwrap(), "no-store");
    assert_eq!(stream.origin.stats().n_blocked, 0);
    assert_eq!(stream.origin.poll_timeout(), None);
}

#[test]
fn lb_09_identical_requests_of_a_tenth_of_a_second_end_together_and_later_ones_later() {
    let mut stream = Stream::with_parts(9);
    let url = format!("{LIVE}?_HLS_msn=2&_HLS_part=1");
    let first = stream.hold(&url);
    stream.pass(Duration::from_millis(99));
    assert_eq!(stream.hold(&url), first);
    stream.pass(Duration::from_millis(1));
    let second = stream.hold(&url);
    assert_ne!(second, first);
    stream.pass(Duration::from_millis(5_900));
    let woken = stream.only_woken();
    assert_eq!((woken.group, woken.n_waiting), (first, 2));
    stream.pass(Duration::from_millis(99));
    assert!(stream.woken().is_empty());
    stream.pass(Duration::from_millis(1));
    assert_eq!(stream.only_woken().group, second);
}

#[test]
fn lb_10_the_dvr_playlist_blocks_too_for_whole_segments() {
    let mut stream = Stream::with_parts(4);
    stream.hold("720p/dvr.m3u8?_HLS_msn=1&_HLS_part=0");
    stream.parts(3);
    assert!(stream.woken().is_empty(), "it lists no parts");
    stream.part();
    let playlist = text(&stream.only_woken().response);
    assert!(is_listed(&playlist, "k3x9/1.m4s\n"), "{playlist}");
    assert!(!playlist.contains("#EXT-X-PART:"));
}

#[test]
fn lb_11_what_is_no_number_or_is_there_twice_is_400_and_strangers_are_ignored() {
    let mut stream = Stream::with_parts(5);
    for bad in [
        "_HLS_msn=-1",
        "_HLS_msn=",
        "_HLS_msn",
        "_HLS_msn=1.0",
        "_HLS_msn=%31",
        "_HLS_msn=+1",
        "_HLS_msn=0x1",
        "_HLS_msn=1&_HLS_part=-1",
        "_HLS_msn=1&_HLS_part=a",
        "_HLS_msn=1&_HLS_msn=2",
        "_HLS_msn=1&_HLS_msn=1",
        "_HLS_msn=0&_HLS_part=0&_HLS_part=0",
        "_HLS_skip=YES&_HLS_skip=YES",
    ] {
        let response = stream.fetch(&format!("{LIVE}?{bad}"));
        assert_eq!(response.status.code(), 400, "{bad}");
        assert_eq!(
            header(&response, "cache-control").unwrap(),
            "no-store",
            "{bad}"
        );
    }
    let bare = text(&stream.fetch(LIVE));
    for stranger in [
        "",
        "_HLS_later=x",
        "_HLS_push=1&_HLS_push=2",
        "token=a&token=b",
        "&&=&",
        "_HLS_skip=v9",
        "_hls_msn=9",
    ] {
        assert_eq!(
            text(&stream.fetch(&format!("{LIVE}?{stranger}"))),
            bare,
            "{stranger}"
        );
    }
}

#[test]
fn lb_12_who_waits_when_the_stream_ends_gets_its_last_playlist() {
    let mut stream = Stream::with_parts(9);
    stream.hold(&format!("{LIVE}?_HLS_msn=3"));
    stream.hold("aac/live.m3u8?_HLS_msn=2&_HLS_part=3");
    stream.hold("720p/dvr.m3u8?_HLS_msn=2");
    stream.end();
    let woken = stream.woken();
    assert_eq!(woken.len(), 3);
    for woken in woken {
        let playlist = text(&woken.response);
        assert!(
            playlist.ends_with("#EXT-X-ENDLIST\n")
                || playlist.contains("#EXT-X-ENDLIST\n#EXT-X-RENDITION")
        );
    }
}

#[test]
fn lb_13_two_thousand_identical_requests_are_one_wake_one_text_and_one_body() {
    let mut stream = Stream::with_parts(9);
    let renders = stream.origin.stats().renders;
    let url = format!("{LIVE}?_HLS_msn=2&_HLS_part=1");
    let group = stream.hold(&url);
    for n in 1..2_000 {
        // Tokens differ and mean nothing here; nor does the order of directives.
        let url = format!("{LIVE}?token={n}&_HLS_part=1&_HLS_msn=2");
        assert_eq!(stream.hold(&url), group);
    }
    assert_eq!(stream.origin.stats().n_blocked, 2_000);
    stream.part();
    let woken = stream.only_woken();
    assert_eq!(woken.n_waiting, 2_000);
    let stats = stream.origin.stats();
    assert_eq!(
        (stats.wakes, stats.renders, stats.n_blocked),
        (1, renders + 1, 0)
    );
    let (Body::Bytes(one), Body::Bytes(other)) =
        (&woken.response.body, &woken.response.clone().body)
    else {
        panic!("a text");
    };
    assert_eq!(one.as_ptr(), other.as_ptr(), "shared");
}

#[test]
fn lb_13_forms_of_one_playlist_are_groups_of_their_own_that_share_its_text() {
    let mut stream = Stream::with_parts(9);
    let url = format!("{LIVE}?_HLS_msn=2&_HLS_part=1");
    let plain = stream.hold(&url);
    let gzip = Headers {
        accept_encoding: Some("gzip, br"),
        ..Headers::default()
    };
    let _ = stream.ask(&url, Method::Get, gzip);
    let _ = stream.ask(&url, Method::Get, gzip);
    let _ = stream.ask(&url, Method::Head, Headers::default());
    let renders = stream.origin.stats().renders;
    stream.part();
    let woken = stream.woken();
    assert_eq!(woken.len(), 3);
    assert_eq!(stream.origin.stats().renders, renders + 1);
    let bodies: Vec<u64> = woken.iter().map(|w| w.response.body.length()).collect();
    assert_eq!(
        bodies.iter().filter(|length| **length == 0).count(),
        1,
        "HEAD"
    );
    let plain = woken.iter().find(|w| w.group == plain).unwrap();
    let gzip = woken
        .iter()
        .find(|w| header(&w.response, "content-encoding").is_some())
        .unwrap();
    assert_eq!(gzip.n_waiting, 2);
    assert!(gzip.response.content_length < plain.response.content_length);
}

#[test]
fn lb_14_who_waits_is_answered_by_the_very_event_that_brings_the_playlist() {
    let mut stream = Stream::with_parts(9);
    for rendition in ["720p", "aac"] {
        stream.hold(&format!("{rendition}/live.m3u8?_HLS_msn=2&_HLS_part=1"));
    }
    let before = stream.now;
    stream.part();
    assert_eq!(stream.woken().len(), 2);
    assert_eq!(stream.now, before + PART, "no timer is between");
}

#[test]
fn lb_14_of_a_hundred_wakes_of_two_thousand_requests_99_take_less_than_ten_milliseconds() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.dvr_segments = 2 * LIVE_SEGMENTS;
    stream.parts(90);
    let gzip = Headers {
        accept_encoding: Some("gzip"),
        ..Headers::default()
    };
    let mut took = Vec::new();
    for _ in 0..100 {
        let (segment, part) = stream.listed;
        let waited = [("720p", ""), ("720p", "&_HLS_skip=YES"), ("aac", "")]
            .map(|(of, skip)| format!("{of}/live.m3u8?_HLS_msn={segment}&_HLS_part={part}{skip}"));
        for n in 0..2_000 {
            let headers = if n % 2 == 0 { gzip } else { Headers::default() };
            let answer = stream.ask(&waited[n % 3], Method::Get, headers);
            assert!(matches!(answer, Answer::Wait(_)), "{answer:?}");
        }
        let before = of_this_thread();
        stream.part();
        // Each gets a response of its own, as a server gives them.
        let woken = stream.woken();
        let of = |w: &Woken| vec![w.response.clone(); w.n_waiting as usize];
        let responses: Vec<Response> = woken.iter().flat_map(of).collect();
        took.push(of_this_thread() - before);
        assert_eq!(responses.len(), 2_000);
        assert!(responses.iter().all(|r| r.status.code() == 200));
    }
    took.sort();
    assert!(took[98] < Duration::from_millis(10), "{:?}", &took[90..]);
}

/// What this thread got of a processor: others' turns on a machine that is shared are not counted.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.unwrap().into()
}

#[test]
fn a_request_that_is_abandoned_is_answered_by_nothing() {
    let mut stream = Stream::with_parts(9);
    let url = format!("{LIVE}?_HLS_msn=2&_HLS_part=1");
    let (group, same) = (stream.hold(&url), stream.hold(&url));
    assert_eq!(group, same);
    stream.origin.abandon(group, None);
    assert_eq!(stream.origin.stats().n_blocked, 1);
    stream.origin.abandon(group, None);
    stream.origin.abandon(group, None);
    assert_eq!(stream.origin.stats().n_blocked, 0);
    assert_eq!(stream.origin.stats().abandoned, 2);
    assert_eq!(stream.origin.poll_timeout(), None);
    stream.part();
    assert!(stream.woken().is_empty());
    let response = at_once(stream.get(&url));
    assert_eq!(response.status.code(), 200);
}
