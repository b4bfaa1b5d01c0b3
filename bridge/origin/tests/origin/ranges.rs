//! Ranges of media (RFC 9110 section 14; S13): one range, or the whole, or 416.

use bridge_origin::byte_range::ByteRange;
use bridge_origin::request::{Headers, Method};
use bridge_origin::response::Body;

use crate::stream::{Stream, at_once, bytes, header};

const SEGMENT: &str = "720p/k3x9/1.m4s";

fn ranged(stream: &mut Stream, url: &str, range: &str) -> bridge_origin::response::Response {
    let headers = Headers {
        range: Some(range),
        ..Headers::default()
    };
    stream.fetch_with(url, headers)
}

#[test]
fn one_range_is_answered_with_its_bytes_across_the_parts_of_a_segment() {
    let mut stream = Stream::with_parts(9);
    let whole = bytes(&stream.fetch(SEGMENT));
    for (range, expected, said) in [
        ("bytes=0-", 0..400, "bytes 0-399/400"),
        ("bytes=0-0", 0..1, "bytes 0-0/400"),
        ("bytes=99-100", 99..101, "bytes 99-100/400"),
        ("bytes=150-349", 150..350, "bytes 150-349/400"),
        ("bytes=399-", 399..400, "bytes 399-399/400"),
        (
            "bytes=10-99999999999999999999999",
            10..400,
            "bytes 10-399/400",
        ),
        ("bytes=-1", 399..400, "bytes 399-399/400"),
        ("bytes=-99999999999999999999999", 0..400, "bytes 0-399/400"),
        ("Bytes= 5-6", 5..7, "bytes 5-6/400"),
    ] {
        let response = ranged(&mut stream, SEGMENT, range);
        assert_eq!(response.status.code(), 206, "{range}");
        assert_eq!(bytes(&response), whole[expected], "{range}");
        assert_eq!(header(&response, "content-range").unwrap(), said);
        assert_eq!(
            header(&response, "content-length").unwrap(),
            response.body.length().to_string()
        );
        assert_eq!(header(&response, "accept-ranges").unwrap(), "bytes");
    }
}

#[test]
fn a_range_of_bytes_that_are_not_there_is_416_with_the_length() {
    let mut stream = Stream::with_parts(9);
    for range in [
        "bytes=400-",
        "bytes=400-500",
        "bytes=-0",
        "bytes=99999999999999999999-",
    ] {
        let response = ranged(&mut stream, SEGMENT, range);
        assert_eq!(response.status.code(), 416, "{range}");
        assert_eq!(header(&response, "content-range").unwrap(), "bytes */400");
        assert_eq!(response.body, Body::Empty);
    }
}

#[test]
fn what_is_no_single_range_is_answered_with_the_whole() {
    let mut stream = Stream::with_parts(9);
    let thousand = format!("bytes={}", vec!["0-1"; 1_000].join(","));
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "bytes=a-b",
        "bytes=0x0-1",
        "bytes=+1-2",
        "items=0-1",
        "bytes=1 - 2",
        "bytes=--1",
        thousand.as_str(),
    ] {
        let response = ranged(&mut stream, SEGMENT, range);
        assert_eq!(response.status.code(), 200, "{range}");
        assert_eq!(response.body.length(), 400);
        assert_eq!(header(&response, "content-range"), None);
    }
}

#[test]
fn a_range_counts_only_if_its_condition_holds() {
    let mut stream = Stream::with_parts(9);
    let etag = header(&stream.fetch(SEGMENT), "etag").unwrap();
    let weak = format!("W/{etag}");
    for (if_range, status) in [
        (etag.as_str(), 206),
        (weak.as_str(), 200),
        ("\"other\"", 200),
        ("Sun, 22 Nov 2026 04:00:00 GMT", 200),
    ] {
        let headers = Headers {
            range: Some("bytes=0-1"),
            if_range: Some(if_range),
            ..Headers::default()
        };
        let response = stream.fetch_with(SEGMENT, headers);
        assert_eq!(response.status.code(), status, "{if_range}");
    }
}

#[test]
fn head_and_playlists_have_no_ranges() {
    let mut stream = Stream::with_parts(9);
    let headers = Headers {
        range: Some("bytes=0-1"),
        ..Headers::default()
    };
    let head = at_once(stream.ask(SEGMENT, Method::Head, headers));
    assert_eq!(head.status.code(), 200);
    assert_eq!(header(&head, "content-length").unwrap(), "400");
    let playlist = ranged(&mut stream, "720p/live.m3u8", "bytes=0-1");
    assert_eq!(playlist.status.code(), 200);
    assert_eq!(header(&playlist, "accept-ranges"), None);
}

#[test]
fn a_range_of_a_segment_on_disk_is_a_range_of_its_file() {
    let mut stream = Stream::with_parts(80);
    let response = ranged(&mut stream, "720p/k3x9/0.m4s", "bytes=-100");
    assert_eq!(response.status.code(), 206);
    let Body::Disk { range, .. } = response.body else {
        panic!("it is 40 s old");
    };
    assert_eq!(range, 300..400);
}

#[test]
fn the_largest_numbers_make_no_range_that_is_larger_than_a_file() {
    for range in [
        "bytes=0-18446744073709551615",
        "bytes=18446744073709551615-18446744073709551615",
        "bytes=-18446744073709551615",
    ] {
        let range = ByteRange::parse(range).unwrap();
        assert!(
            range
                .of(u64::MAX)
                .is_none_or(|range| range.start < range.end)
        );
        assert!(range.of(10).is_none_or(|range| range == (0..10)));
        assert_eq!(range.of(0), None);
    }
}
