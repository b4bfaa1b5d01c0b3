//! Who comes before there is anything to play waits for it.

use std::sync::Arc;
use std::time::Duration;

use bridge_origin::origin::Woken;
use bridge_packager::event::Event as Packaged;

use crate::stream::{PART, Stream, header, name, text};

#[test]
fn the_first_part_answers_who_came_before_it_and_the_first_segment_who_asks_for_the_stream() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    let start = stream.now;
    for url in ["multivariant.m3u8", "720p/live.m3u8"] {
        stream.hold(url);
    }
    stream.tell_renditions();
    stream.hold("aac/live.m3u8");
    assert!(stream.woken().is_empty());
    stream.part();
    let woken = stream.woken();
    assert_eq!(woken.len(), 2);
    let is_answered = |woken: &Woken| woken.response.status.code() == 200;
    assert!(woken.iter().all(is_answered));
    assert_eq!(stream.now - start, PART, "no later than the part");
    stream.parts(2);
    assert!(stream.woken().is_empty());
    stream.part();
    assert!(is_answered(&stream.only_woken()));
    let playlist = text(&stream.fetch("multivariant.m3u8"));
    assert!(playlist.contains("720p/live.m3u8") && playlist.contains("aac/live.m3u8"));
}

#[test]
fn the_first_segment_answers_who_wants_whole_ones() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    for url in ["dvr.m3u8", "dash:manifest.mpd", "720p/dvr.m3u8"] {
        stream.hold(url);
    }
    stream.tell_renditions();
    stream.hold("aac/dvr.m3u8");
    stream.parts(3);
    stream.hold("aac/dvr.m3u8");
    assert!(stream.woken().is_empty(), "they would list nothing");
    stream.part();
    let woken = stream.woken();
    assert_eq!(woken.len(), 5);
    assert!(
        woken
            .iter()
            .all(|woken| woken.response.status.code() == 200)
    );
    assert!(text(&stream.fetch("aac/dvr.m3u8")).contains("k3x9/0.m4s"));
}

#[test]
fn a_multivariant_playlist_waits_for_all_that_it_will_list() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.hold("multivariant.m3u8");
    let mut alone = Stream::begun(&["720p"]);
    alone.part();
    let media = alone.media(&name("720p"));
    stream.tell(Packaged::Playlist(Arc::new(media)));
    assert!(
        stream.woken().is_empty(),
        "a player would never hear of the sound"
    );
    stream.parts(4);
    assert_eq!(stream.woken().len(), 1);
}

#[test]
fn a_rendition_that_turns_out_not_to_be_is_404_once_that_is_known() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    stream.hold("720p/live.m3u8");
    stream.hold("2160p/live.m3u8");
    stream.hold("240p/dvr.m3u8?_HLS_msn=0");
    stream.tell_renditions();
    let woken = stream.woken();
    assert_eq!(woken.len(), 2);
    assert!(
        woken
            .iter()
            .all(|woken| woken.response.status.code() == 404)
    );
    assert_eq!(stream.status("240p/live.m3u8"), 404);
    stream.part();
    assert_eq!(stream.only_woken().response.status.code(), 200);
}

#[test]
fn who_came_early_and_wants_a_certain_part_waits_for_that() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    stream.hold("720p/live.m3u8?_HLS_msn=0&_HLS_part=2");
    stream.tell_renditions();
    stream.parts(2);
    assert!(stream.woken().is_empty());
    stream.part();
    assert!(text(&stream.only_woken().response).contains("0.2.m4s\""));
}

#[test]
fn a_stream_that_does_not_begin_is_404_after_a_while_with_a_time_to_come_back() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    never_begins(&mut stream);
    let mut stream = Stream::begun(&["720p", "aac"]);
    never_begins(&mut stream);
}

fn never_begins(stream: &mut Stream) {
    for url in ["multivariant.m3u8", "720p/live.m3u8", "dash:manifest.mpd"] {
        stream.hold(url);
    }
    stream.pass(Duration::from_millis(5_999));
    assert!(stream.woken().is_empty());
    stream.pass(Duration::from_millis(1));
    let woken = stream.woken();
    assert_eq!(woken.len(), 3);
    for woken in woken {
        assert_eq!(woken.response.status.code(), 404);
        assert_eq!(header(&woken.response, "retry-after").unwrap(), "2");
        assert_eq!(
            header(&woken.response, "cache-control").unwrap(),
            "max-age=1"
        );
    }
}

#[test]
fn names_that_no_rendition_can_have_do_not_wait() {
    let mut stream = Stream::silent(&["720p", "aac"]);
    for bad in ["", "720P", "a-b", "..", "%2e%2e", "abcdefghijklmnopq"] {
        assert_eq!(stream.status(&format!("{bad}/live.m3u8")), 404, "{bad:?}");
    }
    assert_eq!(stream.status("720p/live.m3u8?_HLS_part=1"), 400);
}
