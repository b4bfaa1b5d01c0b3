//! Each limit of an origin at its edge.

use bridge_origin::client::Client;
use bridge_origin::stats::Limit;
use bridge_origin::waiting::{BLOCKED_REQUESTS_MAX, BLOCKED_REQUESTS_PER_CLIENT_MAX};

use crate::stream::{Stream, header, text};

#[test]
fn so_many_requests_wait_and_one_more_is_503_with_a_time_to_come_back() {
    let mut stream = Stream::with_parts(9);
    let url = "720p/live.m3u8?_HLS_msn=2&_HLS_part=1";
    let group = stream.hold(url);
    for _ in 1..BLOCKED_REQUESTS_MAX {
        stream.hold(url);
    }
    let response = stream.fetch(url);
    assert_eq!(response.status.code(), 503);
    assert_eq!(header(&response, "retry-after").unwrap(), "1");
    assert_eq!(header(&response, "cache-control").unwrap(), "no-store");
    assert_eq!(stream.status("720p/k3x9/2.1.m4s"), 503);
    assert_eq!(
        stream.status("720p/live.m3u8"),
        200,
        "who need not wait is answered"
    );
    assert_eq!(stream.origin.stats().limit_hits[&Limit::BlockedRequests], 2);
    stream.origin.abandon(group, None);
    assert_eq!(stream.hold(url), group);
    stream.part();
    assert_eq!(stream.only_woken().n_waiting, BLOCKED_REQUESTS_MAX);
}

#[test]
fn one_client_holds_so_many_requests_and_one_more_is_503_while_others_wait() {
    let mut stream = Stream::with_parts(9);
    let url = "720p/live.m3u8?_HLS_msn=2&_HLS_part=1";
    let of = |text: &str| Client::of(text.parse().unwrap());
    let (crowd, other) = (of("2001:db8::1"), of("192.0.2.1"));
    stream.client = crowd;
    let group = stream.hold(url);
    // Part of what it holds waits for something else, and waits on after the next part.
    for n in 1..BLOCKED_REQUESTS_PER_CLIENT_MAX {
        stream.hold(if n % 2 == 0 {
            url
        } else {
            "720p/live.m3u8?_HLS_msn=3"
        });
    }
    stream.client = of("2001:db8::2");
    let response = stream.fetch("aac/live.m3u8?_HLS_msn=3");
    assert_eq!(response.status.code(), 503);
    assert_eq!(header(&response, "retry-after").unwrap(), "1");
    assert_eq!(stream.status("720p/live.m3u8"), 200);
    let hits = |stream: &Stream| {
        let hits = stream.origin.stats().limit_hits;
        hits.get(&Limit::ClientBlockedRequests).copied()
    };
    assert_eq!(hits(&stream), Some(1));
    for client in [other, None] {
        stream.client = client;
        assert_eq!(stream.hold(url), group);
    }
    stream.client = crowd;
    stream.origin.abandon(group, other);
    assert_eq!(stream.status(url), 503, "another gave up");
    stream.origin.abandon(group, crowd);
    assert_eq!(stream.hold(url), group);
    assert_eq!(stream.status(url), 503);
    stream.part();
    assert_eq!(stream.only_woken().group, group);
    for _ in 0..BLOCKED_REQUESTS_PER_CLIENT_MAX / 2 {
        stream.hold("720p/live.m3u8?_HLS_msn=2&_HLS_part=2");
    }
    assert_eq!(stream.status("720p/live.m3u8?_HLS_msn=3"), 503);
}

/// Two renditions of 4 MiB a second each are more than the memory holds in the time of their parts.
fn heavy() -> Stream {
    let mut stream = Stream::begun(&["720p", "aac"]);
    stream.part_size = 2 * 1024 * 1024;
    stream.parts(4);
    stream
}

#[test]
fn media_in_memory_has_an_edge_where_the_oldest_segments_leave_early_for_the_disk() {
    let mut stream = heavy();
    for _ in 0..40 {
        stream.part();
        stream.events.clear();
        assert!(stream.origin.stats().memory_bytes <= 64 * 1024 * 1024);
    }
    let stats = stream.origin.stats();
    assert!(stats.limit_hits[&Limit::MemoryBytes] > 4, "{stats:?}");
    assert_eq!(stats.lost_segments, 0);
    assert_eq!(stream.status("720p/k3x9/0.m4s"), 200);
}

#[test]
fn what_leaves_memory_early_and_is_on_no_disk_is_not_listed() {
    let mut stream = heavy();
    stream.is_stored_at_once = false;
    for _ in 0..40 {
        stream.part();
        stream.events.clear();
        assert!(stream.origin.stats().memory_bytes <= 64 * 1024 * 1024);
        for url in ["720p/live.m3u8", "aac/dvr.m3u8"] {
            let playlist = text(&stream.fetch(url));
            let rendition = url.split('/').next().unwrap();
            for uri in playlist.lines().filter(|line| !line.starts_with('#')) {
                assert_eq!(stream.status(&format!("{rendition}/{uri}")), 200, "{uri}");
            }
        }
    }
    assert!(stream.origin.stats().lost_segments > 4);
}
