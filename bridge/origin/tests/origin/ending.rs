//! Streams and renditions that end: who waits is told at once (rows LB-12 and LP-07).

use std::time::Duration;

use bridge_origin::origin::Answer;

use crate::stream::{Stream, text};

const LIVE: &str = "720p/live.m3u8";

#[test]
fn who_waits_for_a_rendition_that_is_removed_gets_the_last_of_it_at_once() {
    let mut stream = Stream::begun(&["720p", "360p", "aac"]);
    stream.parts(9);
    let reload = stream.hold(&format!("{LIVE}?_HLS_msn=2&_HLS_part=1"));
    let part = stream.hold("720p/k3x9/2.1.m4s");
    let other = stream.hold("360p/live.m3u8?_HLS_msn=2&_HLS_part=1");
    let before = stream.now;
    stream.remove("720p");
    assert_eq!(stream.now, before, "no timer is between");
    let woken = stream.woken();
    let of = |group| woken.iter().find(|w| w.group == group).map(|w| &w.response);
    assert!(text(of(reload).unwrap()).contains("#EXT-X-ENDLIST"));
    assert_eq!(of(part).unwrap().status.code(), 404);
    assert!(of(other).is_none(), "it goes on");
    stream.part();
    assert_eq!(stream.woken().len(), 1);
}

#[test]
fn a_rendition_that_was_removed_can_be_played_to_its_end_and_is_reported_by_none() {
    let mut stream = Stream::begun(&["720p", "360p", "aac"]);
    stream.parts(9);
    stream.remove("720p");
    let playlist = text(&stream.fetch(&format!("{LIVE}?_HLS_msn=99")));
    assert!(playlist.contains("#EXT-X-ENDLIST"));
    assert!(!playlist.contains("#EXT-X-PRELOAD-HINT"), "row LP-04");
    assert_eq!(stream.status("720p/k3x9/1.m4s"), 200);
    let other = text(&stream.fetch("360p/live.m3u8"));
    assert!(!other.contains("../720p/live.m3u8"), "{other}");
    assert!(other.contains("../aac/live.m3u8"), "{other}");
}

#[test]
fn a_rendition_that_comes_back_goes_on() {
    let mut stream = Stream::begun(&["720p", "360p", "aac"]);
    stream.parts(9);
    stream.remove("720p");
    stream.come_back("720p");
    stream.part();
    let playlist = text(&stream.fetch(LIVE));
    assert!(!playlist.contains("#EXT-X-ENDLIST"), "{playlist}");
    stream.hold(&format!("{LIVE}?_HLS_msn=2&_HLS_part=2"));
}

#[test]
fn when_a_stream_ends_everybody_who_waits_is_answered() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.parts(9);
    stream.tell_of_more(&["360p"]);
    let reload = stream.hold(&format!("{LIVE}?_HLS_msn=2&_HLS_part=1"));
    let never = stream.hold("360p/live.m3u8");
    stream.origin.handle_end();
    let woken = stream.woken();
    let of = |group| &woken.iter().find(|w| w.group == group).unwrap().response;
    assert!(text(of(reload)).contains("#EXT-X-ENDLIST"));
    assert_eq!(of(never).status.code(), 404);
    assert_eq!(stream.origin.poll_timeout(), None);
    assert_eq!(stream.origin.stats().n_blocked, 0);
}

#[test]
fn nobody_waits_for_a_stream_that_ended_before_it_could_be_played() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    let urls = ["multivariant.m3u8", LIVE, "dash:manifest.mpd"];
    for url in urls {
        stream.hold(url);
    }
    stream.origin.handle_end();
    let woken = stream.woken();
    let statuses: Vec<u16> = woken.iter().map(|w| w.response.status.code()).collect();
    assert_eq!(statuses, [404; 3]);
    for url in urls {
        let answer = stream.get(url);
        let is_404 = matches!(&answer, Answer::Now(response) if response.status.code() == 404);
        assert!(is_404, "{url}: {answer:?}");
    }
    stream.pass(Duration::from_secs(60));
    assert!(stream.woken().is_empty());
}
