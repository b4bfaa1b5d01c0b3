//! Compression and cache policy: rows LC.

use std::io::Read;
use std::sync::Arc;

use bridge_origin::request::Headers;
use bridge_origin::response::{Body, Response};
use bridge_packager::event::Event as Packaged;

use crate::stream::{Stream, bytes, header, name, text};

const GZIP: Headers<'static> = Headers {
    accept_encoding: Some("gzip, deflate, br"),
    if_none_match: None,
    range: None,
    if_range: None,
};

fn cache(stream: &mut Stream, url: &str) -> String {
    header(&stream.fetch(url), "cache-control").unwrap()
}

#[test]
fn lc_01_playlists_are_compressed_for_who_accepts_it() {
    let mut stream = Stream::with_parts(45);
    for url in [
        "multivariant.m3u8",
        "720p/live.m3u8",
        "720p/live.m3u8?_HLS_skip=YES",
        "aac/dvr.m3u8",
        "dash:manifest.mpd",
    ] {
        let plain = stream.fetch(url);
        let gzip = stream.fetch_with(url, GZIP);
        assert_eq!(header(&gzip, "content-encoding").unwrap(), "gzip");
        assert_eq!(header(&plain, "content-encoding"), None);
        for response in [&plain, &gzip] {
            assert_eq!(header(response, "vary").unwrap(), "accept-encoding");
        }
        assert_ne!(plain.etag, gzip.etag, "other bytes");
        let mut unpacked = String::new();
        let packed = bytes(&gzip);
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, text(&plain));
        let etag = header(&gzip, "etag").unwrap();
        let again = Headers {
            if_none_match: Some(&etag),
            ..GZIP
        };
        assert_eq!(stream.fetch_with(url, again).status.code(), 304);
    }
}

#[test]
fn lc_01_a_text_is_compressed_once_and_media_never() {
    let mut stream = Stream::with_parts(45);
    let first = stream.fetch_with("720p/live.m3u8", GZIP);
    let second = stream.fetch_with("720p/live.m3u8", GZIP);
    let pointer = |response: &Response| match &response.body {
        Body::Bytes(bytes) => Some(bytes.as_ptr()),
        Body::Empty | Body::Chunks(_) | Body::Growing { .. } | Body::Disk { .. } => None,
    };
    assert!(pointer(&first).is_some());
    assert_eq!(pointer(&first), pointer(&second));
    let media = stream.fetch_with("720p/k3x9/10.m4s", GZIP);
    assert_eq!(header(&media, "content-encoding"), None);
    assert_eq!(header(&media, "vary"), None);
}

#[test]
fn lc_02_and_lc_05_media_are_immutable_and_playlists_are_as_short_as_their_use() {
    let mut stream = Stream::with_parts(9);
    for media in [
        "720p/k3x9/init-0.mp4",
        "720p/k3x9/1.m4s",
        "720p/k3x9/2.0.m4s",
    ] {
        assert_eq!(cache(&mut stream, media), "max-age=31536000, immutable");
    }
    for bare in [
        "720p/live.m3u8",
        "720p/live.m3u8?_HLS_skip=YES",
        "720p/dvr.m3u8",
        "dash:manifest.mpd",
    ] {
        assert_eq!(cache(&mut stream, bare), "max-age=1", "{bare}");
    }
}

#[test]
fn lc_04_a_playlist_that_was_waited_for_lasts_six_target_durations() {
    let mut stream = Stream::with_parts(9);
    assert_eq!(
        cache(&mut stream, "720p/live.m3u8?_HLS_msn=1"),
        "max-age=12"
    );
    stream.hold("720p/live.m3u8?_HLS_msn=2&_HLS_part=1");
    stream.part();
    let woken = stream.only_woken().response;
    assert_eq!(header(&woken, "cache-control").unwrap(), "max-age=12");
}

#[test]
fn lc_05_a_path_of_another_life_of_the_stream_is_404() {
    let mut stream = Stream::with_parts(9);
    for epoch in ["k3x8", "K3X9", "", "k3x9 ", "0"] {
        assert_eq!(
            stream.status(&format!("720p/{epoch}/1.m4s")),
            404,
            "{epoch:?}"
        );
    }
}

#[test]
fn a_multivariant_playlist_lasts_longer_once_all_renditions_have_been_there_for_a_while() {
    let mut stream = Stream::with_parts(4);
    assert_eq!(cache(&mut stream, "multivariant.m3u8"), "max-age=2");
    stream.parts(7);
    assert_eq!(cache(&mut stream, "multivariant.m3u8"), "max-age=2");
    stream.part();
    assert_eq!(cache(&mut stream, "multivariant.m3u8"), "max-age=30");
    assert_eq!(cache(&mut stream, "dvr.m3u8"), "max-age=30");
    let mut joined = Stream::begun(&["720p", "aac", "360p"]);
    joined.parts(1);
    let late = joined.media(&name("360p"));
    stream.tell_of_more(&["360p"]);
    assert_eq!(cache(&mut stream, "multivariant.m3u8"), "max-age=2");
    let playlist = text(&stream.fetch("multivariant.m3u8"));
    assert!(!playlist.contains("360p"), "it has nothing to play");
    stream.tell(Packaged::Playlist(Arc::new(late)));
    let playlist = text(&stream.fetch("multivariant.m3u8"));
    assert!(playlist.contains("360p/live.m3u8"), "{playlist}");
    let dvr = text(&stream.fetch("dvr.m3u8"));
    assert!(!dvr.contains("360p"), "it has no whole segment");
}

#[test]
fn lc_08_refusals_are_kept_for_a_second_at_most_and_those_of_chance_not_at_all() {
    let mut stream = Stream::with_parts(9);
    assert_eq!(cache(&mut stream, "720p/k3x9/9.0.m4s"), "max-age=1");
    assert_eq!(cache(&mut stream, "720p/live.m3u8?_HLS_msn=9"), "max-age=1");
    assert_eq!(cache(&mut stream, "720p/live.m3u8?_HLS_msn=x"), "no-store");
    let range = Headers {
        range: Some("bytes=900-"),
        ..Headers::default()
    };
    let response = stream.fetch_with("720p/k3x9/1.m4s", range);
    assert_eq!(response.status.code(), 416);
    assert_eq!(header(&response, "cache-control").unwrap(), "no-store");
}

#[test]
fn lc_03_and_lc_09_tokens_change_no_byte_and_equal_requests_share_an_answer() {
    let mut stream = Stream::with_parts(9);
    for url in [
        "720p/live.m3u8",
        "720p/k3x9/1.m4s",
        "multivariant.m3u8",
        "dash:manifest.mpd",
    ] {
        let plain = stream.fetch(url);
        assert_eq!(
            stream.fetch(&format!("{url}?token=a.b.c&_HLS_foo=1")),
            plain
        );
    }
}
