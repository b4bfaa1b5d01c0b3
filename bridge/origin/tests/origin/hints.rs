//! Preload hints (draft-pantos-hls-rfc8216bis sections 4.4.5.3 and 6.2.6): rows LP.

use std::time::Duration;

use bridge_origin::request::{Headers, Method};

use crate::stream::{PART_BYTES, Stream, bytes, bytes_of, header, hint, text};

const LIVE: &str = "720p/live.m3u8";

#[test]
fn lp_01_a_hinted_part_is_waited_for() {
    let mut stream = Stream::with_parts(9);
    let uri = hint("720p", &text(&stream.fetch(LIVE))).unwrap();
    assert_eq!(uri, "720p/k3x9/2.1.m4s");
    stream.hold(&uri);
    assert!(stream.woken().is_empty());
}

#[test]
fn lp_02_no_byte_of_a_part_is_sent_before_all_of_it_can_be() {
    let mut stream = Stream::with_parts(9);
    let uri = "720p/k3x9/2.1.m4s";
    stream.hold(uri);
    let range = Headers {
        range: Some("bytes=0-9"),
        ..Headers::default()
    };
    let _ = stream.ask(uri, Method::Get, range);
    assert!(stream.woken().is_empty());
    stream.part_bytes();
    let woken = stream.woken();
    assert_eq!(woken.len(), 2);
    for woken in woken {
        let is_range = woken.response.status.code() == 206;
        let expected = if is_range { 10 } else { PART_BYTES as usize };
        assert_eq!(bytes(&woken.response), bytes_of("720p", 2, 1)[..expected]);
    }
}

#[test]
fn lp_03_what_was_hinted_is_what_is_listed_later() {
    let mut stream = Stream::with_parts(9);
    for _ in 0..12 {
        let uri = hint("720p", &text(&stream.fetch(LIVE))).unwrap();
        stream.hold(&uri);
        stream.part();
        let held = stream.only_woken().response;
        let listed = text(&stream.fetch(LIVE));
        let relative = uri.strip_prefix("720p/").unwrap();
        assert!(
            listed.contains(&format!("URI=\"{relative}\"")),
            "{uri}: {listed}"
        );
        assert_eq!(held, stream.fetch(&uri));
    }
}

#[test]
fn lp_04_a_playlist_that_ended_hints_nothing() {
    let mut stream = Stream::with_parts(9);
    stream.end();
    assert_eq!(hint("720p", &text(&stream.fetch(LIVE))), None);
    assert_eq!(stream.status("720p/k3x9/3.0.m4s"), 404);
}

#[test]
fn lp_05_lp_08_and_lp_09_a_playlist_hints_one_whole_part() {
    let mut stream = Stream::with_parts(9);
    for _ in 0..5 {
        stream.part();
        let playlist = text(&stream.fetch(LIVE));
        let hints: Vec<&str> = playlist
            .lines()
            .filter(|l| l.starts_with("#EXT-X-PRELOAD-HINT:"))
            .collect();
        assert_eq!(hints.len(), 1, "{playlist}");
        assert!(hints[0].contains("TYPE=PART"));
        assert!(!hints[0].contains("BYTERANGE"));
    }
}

#[test]
fn lp_06_what_is_not_hinted_is_404_for_a_second_at_most() {
    let mut stream = Stream::with_parts(9);
    for uri in [
        "2.2.m4s",
        "3.0.m4s",
        "1.4.m4s",
        "4.m4s",
        "init-1.mp4",
        "99999999999999999999.m4s",
    ] {
        let response = stream.fetch(&format!("720p/k3x9/{uri}"));
        assert_eq!(response.status.code(), 404, "{uri}");
        assert_eq!(header(&response, "cache-control").unwrap(), "max-age=1");
    }
}

#[test]
fn lp_07_a_part_that_was_hinted_and_does_not_come_is_404_also_for_who_waits() {
    let mut stream = Stream::with_parts(9);
    stream.hold("720p/k3x9/2.1.m4s");
    stream.cut();
    assert_eq!(stream.only_woken().response.status.code(), 404);
    assert_eq!(stream.status("720p/k3x9/2.1.m4s"), 404);
    stream.hold("720p/k3x9/3.0.m4s");
    stream.end();
    assert_eq!(stream.only_woken().response.status.code(), 404);
}

#[test]
fn lp_07_who_waits_for_a_part_too_long_is_told_503() {
    let mut stream = Stream::with_parts(9);
    stream.hold("720p/k3x9/2.1.m4s");
    stream.pass(Duration::from_secs(6));
    assert_eq!(stream.only_woken().response.status.code(), 503);
}

#[test]
fn lp_10_every_playlist_names_the_part_after_its_last() {
    let mut stream = Stream::with_parts(1);
    let mut hinted = hint("720p", &text(&stream.fetch(LIVE))).unwrap();
    for n in 1..40 {
        stream.part();
        let relative = hinted.strip_prefix("720p/").unwrap();
        let playlist = text(&stream.fetch(LIVE));
        assert!(
            playlist.contains(&format!("URI=\"{relative}\"")),
            "part {n}"
        );
        hinted = hint("720p", &playlist).unwrap();
    }
}

#[test]
fn each_rendition_has_its_own_hint() {
    let mut stream = Stream::with_parts(9);
    stream.hold("720p/k3x9/2.1.m4s");
    stream.hold("aac/k3x9/2.1.m4s");
    stream.part_bytes();
    let woken = stream.woken();
    assert_eq!(bytes(&woken[0].response), bytes_of("720p", 2, 1));
    assert_eq!(bytes(&woken[1].response), bytes_of("aac", 2, 1));
}
