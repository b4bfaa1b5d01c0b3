//! What is common to all answers: methods, types, CORS, and what is counted.

use bridge_origin::etag::ETag;
use bridge_origin::request::{Headers, Method};
use bridge_origin::response::{Body, Status};
use bridge_origin::stats::Kind;
use bytes::Bytes;

use crate::stream::{Stream, at_once, bytes, bytes_of, header};

#[test]
fn lc_07_every_object_says_what_it_is() {
    let mut stream = Stream::with_parts(9);
    stream.origin.handle_thumbnail(Bytes::from_static(b"JPEG"));
    for (url, content_type) in [
        ("multivariant.m3u8", "application/vnd.apple.mpegurl"),
        ("dvr.m3u8", "application/vnd.apple.mpegurl"),
        ("720p/live.m3u8", "application/vnd.apple.mpegurl"),
        ("aac/dvr.m3u8", "application/vnd.apple.mpegurl"),
        ("dash:manifest.mpd", "application/dash+xml"),
        ("720p/k3x9/init-0.mp4", "video/mp4"),
        ("720p/k3x9/1.m4s", "video/mp4"),
        ("aac/k3x9/init-0.mp4", "audio/mp4"),
        ("aac/k3x9/1.2.m4s", "audio/mp4"),
        ("thumbnail.jpg", "image/jpeg"),
    ] {
        let response = stream.fetch(url);
        assert_eq!(response.status.code(), 200, "{url}");
        assert_eq!(
            header(&response, "content-type").unwrap(),
            content_type,
            "{url}"
        );
        let length = response.body.length().to_string();
        assert_eq!(
            header(&response, "content-length").unwrap(),
            length,
            "{url}"
        );
    }
}

#[test]
fn a_segment_is_its_parts_one_after_the_other() {
    let mut stream = Stream::with_parts(9);
    let parts: Vec<u8> = (0..4).flat_map(|part| bytes_of("720p", 1, part)).collect();
    assert_eq!(bytes(&stream.fetch("720p/k3x9/1.m4s")), parts);
    for part in 0..4 {
        let url = format!("720p/k3x9/1.{part}.m4s");
        assert_eq!(bytes(&stream.fetch(&url)), bytes_of("720p", 1, part));
    }
}

#[test]
fn head_is_get_without_its_body() {
    let mut stream = Stream::with_parts(9);
    for url in [
        "multivariant.m3u8",
        "720p/live.m3u8",
        "720p/k3x9/1.m4s",
        "720p/k3x9/1.1.m4s",
        "720p/k3x9/7.m4s",
    ] {
        let get = stream.fetch(url);
        let head = at_once(stream.ask(url, Method::Head, Headers::default()));
        assert_eq!(head.body, Body::Empty);
        assert!(get.headers().eq(head.headers()), "{url}");
    }
}

#[test]
fn lc_06_pages_of_other_origins_may_read_everything_that_a_player_needs() {
    let mut stream = Stream::with_parts(9);
    let preflight = at_once(stream.ask("720p/live.m3u8", Method::Options, Headers::default()));
    assert_eq!(preflight.status, Status::NoContent);
    let field = |name: &str| header(&preflight, name).unwrap();
    assert_eq!(field("access-control-allow-origin"), "*");
    assert!(field("access-control-allow-headers").contains("Range"));
    assert_eq!(field("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    assert_eq!(field("access-control-max-age"), "86400");
    assert_eq!(header(&preflight, "content-length"), None);
    for url in [
        "720p/live.m3u8",
        "720p/k3x9/1.m4s",
        "nothing",
        "720p/live.m3u8?_HLS_part=1",
    ] {
        let response = stream.fetch(url);
        assert_eq!(
            header(&response, "access-control-allow-origin").unwrap(),
            "*"
        );
        let exposed = header(&response, "access-control-expose-headers").unwrap();
        for name in ["Age", "Date", "Server-Timing"] {
            assert!(
                exposed.split(", ").any(|field| field == name),
                "{url}: {name}"
            );
        }
    }
}

#[test]
fn other_methods_are_405_and_are_told_which_there_are() {
    let mut stream = Stream::with_parts(9);
    let response = at_once(stream.ask("720p/live.m3u8", Method::Other, Headers::default()));
    assert_eq!(response.status.code(), 405);
    assert_eq!(header(&response, "allow").unwrap(), "GET, HEAD, OPTIONS");
}

#[test]
fn who_has_it_already_is_told_304_with_the_fields_of_the_200() {
    let mut stream = Stream::with_parts(9);
    stream.origin.handle_thumbnail(Bytes::from_static(b"JPEG"));
    for url in [
        "multivariant.m3u8",
        "720p/live.m3u8",
        "aac/dvr.m3u8",
        "dash:manifest.mpd",
        "720p/k3x9/1.m4s",
        "thumbnail.jpg",
    ] {
        let get = stream.fetch(url);
        let etag = header(&get, "etag").unwrap();
        for field in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            let headers = Headers {
                if_none_match: Some(&field),
                ..Headers::default()
            };
            let response = stream.fetch_with(url, headers);
            assert_eq!(response.status.code(), 304, "{url} {field}");
            assert_eq!(response.body, Body::Empty);
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(header(&response, name), header(&get, name), "{url}");
            }
            assert_eq!(header(&response, "content-length"), None);
        }
        let headers = Headers {
            if_none_match: Some("\"other\", W/"),
            ..Headers::default()
        };
        assert_eq!(stream.fetch_with(url, headers).status.code(), 200, "{url}");
    }
}

#[test]
fn a_playlist_that_changed_has_another_etag() {
    let mut stream = Stream::with_parts(9);
    let etag = header(&stream.fetch("720p/live.m3u8"), "etag").unwrap();
    stream.part();
    let headers = Headers {
        if_none_match: Some(&etag),
        ..Headers::default()
    };
    assert_eq!(
        stream.fetch_with("720p/live.m3u8", headers).status.code(),
        200
    );
    assert_ne!(ETag::of(b"a"), ETag::of(b"b"));
}

#[test]
fn a_thumbnail_is_the_latest_for_ten_seconds() {
    let mut stream = Stream::with_parts(9);
    let none = stream.fetch("thumbnail.jpg");
    assert_eq!(none.status.code(), 404);
    assert_eq!(header(&none, "cache-control").unwrap(), "max-age=1");
    for jpeg in [&b"first"[..], &b"second"[..]] {
        stream.origin.handle_thumbnail(Bytes::from_static(jpeg));
        let response = stream.fetch("thumbnail.jpg");
        assert_eq!(bytes(&response), jpeg);
        assert_eq!(header(&response, "cache-control").unwrap(), "max-age=10");
    }
    let gzip = Headers {
        accept_encoding: Some("gzip"),
        ..Headers::default()
    };
    let response = stream.fetch_with("thumbnail.jpg", gzip);
    assert_eq!(header(&response, "content-encoding"), None);
    assert_eq!(header(&response, "vary"), None);
}

#[test]
fn answers_are_counted_by_kind_and_status_and_so_are_their_bytes() {
    let mut stream = Stream::with_parts(9);
    let part = stream.fetch("720p/k3x9/1.1.m4s").body.length();
    stream.fetch("720p/k3x9/8.1.m4s");
    stream.fetch("nothing/at/all");
    for _ in 0..3 {
        stream.hold("720p/live.m3u8?_HLS_msn=2&_HLS_part=1");
    }
    stream.part();
    let playlist = stream.only_woken().response.body.length();
    let stats = stream.origin.stats();
    let count = |kind, status| stats.answers.get(&(kind, status)).copied();
    assert_eq!(count(Kind::Part, Status::Ok), Some(1));
    assert_eq!(count(Kind::Part, Status::NotFound), Some(1));
    assert_eq!(count(Kind::Other, Status::NotFound), Some(1));
    assert_eq!(count(Kind::Live, Status::Ok), Some(3));
    assert_eq!(stats.body_bytes, part + 3 * playlist);
}

#[test]
fn a_text_is_written_once_until_it_changes() {
    let mut stream = Stream::with_parts(9);
    let renders = |stream: &Stream| stream.origin.stats().renders;
    for (url, writes_per_part) in [
        ("720p/live.m3u8", 1),
        ("720p/dvr.m3u8", 0),
        ("multivariant.m3u8", 0),
        ("dash:manifest.mpd", 0),
    ] {
        let before = renders(&stream);
        for _ in 0..5 {
            stream.fetch(url);
        }
        assert_eq!(renders(&stream), before + 1, "{url}");
        stream.part();
        stream.fetch(url);
        assert_eq!(renders(&stream), before + 1 + writes_per_part, "{url}");
        stream.parts(3);
    }
}
