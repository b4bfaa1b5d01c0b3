//! What each request is answered with: status, caching, cross-origin, ranges (rows LB-04 to LB-11, LP-06, LC-01 to LC-08).

use crate::ask::{Fields, Reply};
use crate::stage::{LIVE, ONE, Stage};

/// What a body must be.
#[derive(Clone, Copy, Debug)]
enum Body {
    Empty,
    /// As long as the head says, and so long if that is known.
    Whole(Option<usize>),
    Text(&'static str),
}

struct Row {
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
    status: u16,
    /// Fields that the answer must have, or must not.
    expected: Vec<(&'static str, Option<String>)>,
    body: Body,
}

fn get(target: impl Into<String>, status: u16) -> Row {
    Row {
        method: "GET",
        target: target.into(),
        fields: Vec::new(),
        status,
        expected: Vec::new(),
        body: Body::Whole(None),
    }
}

impl Row {
    fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn has(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.expected.push((name, Some(value.into())));
        self
    }

    fn lacks(mut self, name: &'static str) -> Self {
        self.expected.push((name, None));
        self
    }

    fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    fn check(&self, reply: &Reply) {
        let row = format!(
            "{} {} {:?}: {reply:?}",
            self.method, self.target, self.fields
        );
        assert_eq!(reply.status, self.status, "{row}");
        assert_eq!(
            reply.field("access-control-allow-origin"),
            Some("*"),
            "{row}"
        );
        for (name, value) in &self.expected {
            assert_eq!(reply.field(name), value.as_deref(), "{name}: {row}");
        }
        match self.body {
            Body::Empty => assert!(reply.body.is_empty(), "{row}"),
            Body::Whole(length) => {
                let said: usize = reply.field("content-length").unwrap().parse().unwrap();
                assert_eq!(reply.body.len(), said, "{row}");
                assert_eq!(length.unwrap_or(said), said, "{row}");
            }
            Body::Text(text) => assert!(reply.text().contains(text), "{row}"),
        }
    }
}

async fn check(stage: &Stage, rows: Vec<Row>) {
    for row in rows {
        let fields: Vec<(&str, &str)> = row.fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let fields: Fields<'_> = &fields;
        row.check(&stage.ask(row.method, &row.target, fields).await);
    }
}

const PLAYLIST: &str = "application/vnd.apple.mpegurl";

#[tokio::test]
async fn playlists_say_what_they_are_and_how_long_they_last() {
    let stage = Stage::live().await;
    let next = stage.playlist(LIVE).await.next;
    let reload = format!("{LIVE}?_HLS_msn={}&_HLS_part={}", next.0, next.1);
    check(
        &stage,
        vec![
            get(LIVE, 200)
                .has("content-type", PLAYLIST)
                .has("cache-control", "max-age=1")
                .has("vary", "accept-encoding")
                .lacks("content-encoding")
                .body(Body::Text("#EXT-X-PART:")),
            get(reload, 200)
                .has("cache-control", "max-age=12")
                .body(Body::Text("#EXT-X-PRELOAD-HINT:")),
            get(LIVE, 200)
                .with("accept-encoding", "br, gzip")
                .has("content-encoding", "gzip")
                .has("vary", "accept-encoding"),
            get(LIVE, 200)
                .method("HEAD")
                .has("content-type", PLAYLIST)
                .body(Body::Empty),
            get(LIVE, 204)
                .method("OPTIONS")
                .with("access-control-request-headers", "range")
                .has("access-control-allow-methods", "GET, HEAD, OPTIONS")
                .has(
                    "access-control-allow-headers",
                    "Range, If-None-Match, If-Range",
                )
                .has("access-control-max-age", "86400")
                .body(Body::Empty),
            get(LIVE, 405)
                .method("POST")
                .has("allow", "GET, HEAD, OPTIONS")
                .has("cache-control", "no-store"),
            get("/hls/demo/multivariant.m3u8", 200)
                .has("content-type", PLAYLIST)
                .has(
                    "access-control-expose-headers",
                    "Age, Date, Server-Timing, Content-Range, ETag",
                )
                .body(Body::Text("720p/live.m3u8")),
            get("/dash/demo/manifest.mpd", 200)
                .has("content-type", "application/dash+xml")
                .has("cache-control", "max-age=1"),
            get("/dash/demo/time", 200)
                .has("cache-control", "no-store")
                .body(Body::Text("Z")),
        ],
    )
    .await;
    stage.end();
}

#[tokio::test]
async fn the_clock_of_an_mpd_is_there_whatever_a_player_takes_its_address_to_be_relative_to() {
    let stage = Stage::live().await;
    let at = stage.running.url("/dash/demo/manifest.mpd");
    let mpd = stage.get("/dash/demo/manifest.mpd").await.text();
    let between = |before: &str, after: &str| {
        let (_, rest) = mpd.split_once(before).unwrap();
        rest.split_once(after).unwrap().0.to_owned()
    };
    let clock = between("http-xsdate:2014\" value=\"", "\"");
    let mpd_at = reqwest::Url::parse(&at).unwrap();
    let base = mpd_at.join(&between("<BaseURL>", "</BaseURL>")).unwrap();
    for relative_to in [mpd_at, base] {
        let clock = relative_to.join(&clock).unwrap();
        let reply = stage.get(clock.path()).await;
        assert_eq!(reply.status, 200, "{clock}");
        assert!(reply.text().ends_with('Z'), "{reply:?}");
    }
    stage.end();
}

#[tokio::test]
async fn directives_that_mean_nothing_are_400_and_what_is_there_is_answered_at_once() {
    let stage = Stage::live().await;
    let next = stage.playlist(LIVE).await.next;
    let at = |query: &str| format!("{LIVE}?{query}");
    // The numbers may rise between one request and the next, so that what is far is very far.
    let far = next.0 + 1_000;
    let mut rows = vec![
        get(at("_HLS_msn=0"), 200).body(Body::Text("#EXT-X-PART:")),
        get(at("_HLS_msn=0&_HLS_part=0&_HLS_skip=YES&_HLS_other=1"), 200),
        get(at("_HLS_unknown=-1&token=x"), 200).has("cache-control", "max-age=1"),
        get(at(&format!("_HLS_msn={far}")), 400).has("cache-control", "max-age=1"),
        get(
            at(&format!("_HLS_msn={}&_HLS_part=999999", next.0 + 1)),
            400,
        ),
    ];
    for query in [
        "_HLS_part=1",
        "_HLS_msn=-1",
        "_HLS_msn=x",
        "_HLS_msn=",
        "_HLS_msn=1&_HLS_part=x",
        "_HLS_msn=1&_HLS_msn=2",
    ] {
        rows.push(get(at(query), 400).has("cache-control", "no-store"));
    }
    for number in [1_u64 << 63, u64::MAX] {
        rows.push(get(at(&format!("_HLS_msn={number}")), 400));
    }
    rows.push(get(at(&format!("_HLS_msn={}", "9".repeat(60))), 400));
    let n_bad = rows.iter().filter(|row| row.status == 400).count() as u64;
    check(&stage, rows).await;
    let counted = stage.metric("hls_requests_total", "status=\"400\"").await;
    assert_eq!(counted, n_bad, "each refusal is counted");
    stage.end();
}

#[tokio::test]
async fn media_last_for_ever_and_have_ranges_and_what_is_not_there_is_404_for_a_second() {
    let stage = Stage::live().await;
    let playlist = stage.playlist(LIVE).await;
    let part = playlist.parts.iter().rfind(|part| !part.is_gap).unwrap();
    let url = format!("/hls/demo/720p/{}", part.uri);
    let whole = stage.get(&url).await;
    let (length, etag) = (whole.body.len(), whole.field("etag").unwrap().to_owned());
    assert!(length > 1_000, "{whole:?}");
    let last = length - 1;
    let range = |value: &str, status| get(&url, status).with("range", value);
    let thousand = (0..1_000).map(|n| format!("{n}-{n}")).collect::<Vec<_>>();
    check(
        &stage,
        vec![
            get(&url, 200)
                .has("content-type", "video/mp4")
                .has("cache-control", "max-age=31536000, immutable")
                .has("accept-ranges", "bytes")
                .body(Body::Whole(Some(length))),
            get(&url, 200)
                .method("HEAD")
                .has("content-length", length.to_string())
                .body(Body::Empty),
            get(&url, 304)
                .with("if-none-match", &*etag)
                .body(Body::Empty),
            range("bytes=0-9", 206)
                .has("content-range", format!("bytes 0-9/{length}"))
                .body(Body::Whole(Some(10))),
            range("bytes=0-", 206)
                .has("content-range", format!("bytes 0-{last}/{length}"))
                .body(Body::Whole(Some(length))),
            range("bytes=-5", 206).body(Body::Whole(Some(5))),
            range("bytes=0-99999999999999", 206).body(Body::Whole(Some(length))),
            range(&format!("bytes={length}-"), 416)
                .has("content-range", format!("bytes */{length}"))
                .has("cache-control", "no-store"),
            range("bytes=18446744073709551615-", 416),
            range("bytes=9-0", 200).body(Body::Whole(Some(length))),
            range("bytes=0-0,2-2", 200).body(Body::Whole(Some(length))),
            range(&format!("bytes={}", thousand.join(",")), 200).body(Body::Whole(Some(length))),
            range("lines=0-9", 200).body(Body::Whole(Some(length))),
            range("bytes=0-9", 200)
                .with("if-range", "\"other\"")
                .body(Body::Whole(Some(length))),
            range("bytes=0-9", 206)
                .with("if-range", &*etag)
                .body(Body::Whole(Some(10))),
        ],
    )
    .await;
    let (epoch, _) = part.uri.split_once('/').unwrap();
    let absent = [
        format!("/hls/demo/720p/{epoch}/999999.0.m4s"),
        format!("/hls/demo/720p/{epoch}/999999.m4s"),
        format!("/hls/demo/720p/{}/0.m4s", "0".repeat(16)),
        "/hls/demo/999p/live.m3u8".to_owned(),
        "/hls/absent/multivariant.m3u8".to_owned(),
        "/hls/demo".to_owned(),
        "/hls/demo/".to_owned(),
        "/dash/demo/720p/live.m3u8".to_owned(),
    ];
    let rows = absent
        .into_iter()
        .map(|target| get(target, 404).has("cache-control", "max-age=1"));
    check(&stage, rows.collect()).await;
    stage.end();
}

#[tokio::test]
async fn who_may_not_play_is_told_so_whatever_is_asked_for() {
    let mut stage = Stage::live().await;
    let private = "/hls/private/multivariant.m3u8";
    assert_eq!(stage.get(private).await.status, 404, "it is not there");
    stage.publish("private", ONE).await;
    let refused = |target: &str| get(target, 403).has("cache-control", "no-store");
    check(
        &stage,
        vec![
            refused(private),
            refused(private).with("authorization", "Bearer demo-key-0002"),
            refused("/hls/private/720p/live.m3u8?_HLS_msn=1"),
            refused("/dash/private/manifest.mpd"),
            refused("/dash/private/time"),
            get(private, 204).method("OPTIONS").body(Body::Empty),
        ],
    )
    .await;
    stage.end();
}
