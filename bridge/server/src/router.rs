//! HTTP routes only: parse, call, map.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use bridge_origin::cache_policy::{CachePolicy, NOT_YET};
use bridge_origin::client::Client;
use bridge_origin::event::SegmentKey;
use bridge_origin::path::THUMBNAIL;
use bridge_origin::request::{Headers, Method, Request as Asked, Tree};
use bridge_origin::response::{Body as Bytes, Response as Answer, Status};
use bridge_packager::utc::Utc;
use http::header::{self, AsHeaderName};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use sfu_net::clock;

use crate::body;
use crate::growing::Growing;
use crate::stream::{Reply, Stream};
use crate::streams::Streams;
use crate::thumbnails::NONE_YET;
use crate::unread::{self, Unread};

/// Whether a request's credential lets it play a stream: its name, and the head of the request.
pub type MayPlay = Arc<dyn Fn(&str, &http::request::Parts) -> bool + Send + Sync>;

/// Who sent a request, if anybody knows: whoever owns the listener knows which proxies may be believed.
pub type SentBy = fn(&http::request::Parts) -> Option<IpAddr>;

/// Where a player of DASH asks for the time, beside the MPD (ISO/IEC 23009-1 section 5.8.5.7).
pub(crate) const CLOCK_URI: &str = "time";

/// When to come back for a segment that could not be read this moment: sooner than players give one up.
const RETRY_READ_S: u32 = 1;

#[derive(Clone)]
struct Desk {
    streams: Arc<Streams>,
    may_play: MayPlay,
    sent_by: SentBy,
}

pub(crate) fn router(streams: Arc<Streams>, may_play: MayPlay, sent_by: SentBy) -> Router {
    let hls =
        async |State(desk): State<Desk>, request: Request| handle(desk, Tree::Hls, request).await;
    let dash =
        async |State(desk): State<Desk>, request: Request| handle(desk, Tree::Dash, request).await;
    Router::new()
        .route("/hls/{*rest}", any(hls))
        .route("/dash/{*rest}", any(dash))
        .with_state(Desk {
            streams,
            may_play,
            sent_by,
        })
}

async fn handle(desk: Desk, tree: Tree, request: Request) -> Response {
    let (head, _) = request.into_parts();
    // As it came: a path that is only right after decoding names nothing.
    let rest = head.uri.path().trim_start_matches('/');
    let (_, rest) = rest.split_once('/').unwrap_or_default();
    let (name, path) = rest.split_once('/').unwrap_or_default();
    let Some(stream) = desk.streams.get(name) else {
        return into_http(&Answer::bare(Status::NotFound, NOT_YET));
    };
    let method = method_of(&head.method);
    if method != Method::Options && !(desk.may_play)(name, &head) {
        return forbidden();
    }
    if tree == Tree::Dash && path == CLOCK_URI && method == Method::Get {
        return time();
    }
    let asked = Asked {
        method,
        tree,
        path,
        query: head.uri.query(),
        headers: Headers {
            accept_encoding: text(&head.headers, header::ACCEPT_ENCODING),
            if_none_match: text(&head.headers, header::IF_NONE_MATCH),
            range: text(&head.headers, header::RANGE),
            if_range: text(&head.headers, header::IF_RANGE),
        },
        client: (desk.sent_by)(&head).and_then(Client::of),
    };
    let answer = match stream.ask(&asked) {
        Reply::Now(answer) => Some(answer),
        Reply::Later(waiting) => waiting.answer().await,
    };
    match answer {
        Some(answer) if path == THUMBNAIL && answer.status == Status::NotFound => {
            no_thumbnail(&answer)
        }
        Some(answer) => {
            let answer = in_version(head.version, answer);
            with_body(&stream, answer, asked.client).await
        }
        None => into_http(&Answer::bare(
            Status::ServiceUnavailable,
            CachePolicy::NoStore,
        )),
    }
}

fn method_of(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::OPTIONS => Method::Options,
        _ => Method::Other,
    }
}

/// Before HTTP/1.1 a body that breaks off looks like one that has ended (RFC 9112 section 8): a cache must not take the one for
/// the other.
fn in_version(version: Version, answer: Answer) -> Answer {
    let is_growing = matches!(answer.body, Bytes::Growing { .. });
    let cache = match is_growing && version < Version::HTTP_11 {
        true => CachePolicy::NoStore,
        false => answer.cache,
    };
    Answer { cache, ..answer }
}

/// A field that stands there once, as text.
fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

pub(crate) async fn with_body(
    stream: &Arc<Stream>,
    answer: Answer,
    client: Option<Client>,
) -> Response {
    let body = match &answer.body {
        Bytes::Empty if answer.content_length.is_none() => body::of_unknown_length(),
        Bytes::Empty => Body::empty(),
        Bytes::Bytes(bytes) => body::bytes(bytes),
        Bytes::Chunks(chunks) => body::chunks(chunks),
        Bytes::Growing { key, parts, until } => {
            let growing = Growing::new(stream, client, key.clone(), (parts, *until));
            Body::new(growing)
        }
        Bytes::Disk { key, range } => {
            let file = stream.folder().file(key);
            match body::file(&file, range.clone()).await {
                Ok(body) => body,
                Err(error) => return unread(stream, key, error),
            }
        }
    };
    let mut response = into_http(&answer);
    *response.body_mut() = body;
    response
}

/// What is said where the file of a segment cannot be read.
fn unread(stream: &Stream, key: &SegmentKey, error: io::Error) -> Response {
    match unread::report(stream, key, error) {
        Unread::Lost => into_http(&Answer::bare(Status::NotFound, NOT_YET)),
        Unread::ForNow => {
            let answer = Answer::bare(Status::ServiceUnavailable, CachePolicy::NoStore);
            into_http(&answer.retry_after(RETRY_READ_S))
        }
    }
}

fn into_http(answer: &Answer) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(answer.status.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers() {
        // Both are ours, and of visible letters.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Why there is none.
fn no_thumbnail(answer: &Answer) -> Response {
    let mut response = into_http(answer);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(NONE_YET.len()));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    *response.body_mut() = Body::from(NONE_YET);
    response
}

/// The wall time as XML Schema writes it.
fn time() -> Response {
    let now_ms = u64::try_from(clock::since_epoch().as_millis()).unwrap_or(u64::MAX);
    let mut response = into_http(&Answer::bare(Status::Ok, CachePolicy::NoStore));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(Utc(now_ms).to_string());
    response
}

/// Who may not play is told so, and so is a page of another origin.
fn forbidden() -> Response {
    let mut response = into_http(&Answer::bare(Status::NotFound, CachePolicy::NoStore));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use crate::disk::Disk;
    use crate::sample::{SEGMENT_BYTES, Sample, key};

    /// A stream whose first segments are on disk alone.
    async fn archived() -> Sample {
        let mut sample = Sample::new();
        for _ in 0..12 {
            let orders = sample.segment();
            Disk::do_all(orders, &sample.stream).await;
        }
        sample
    }

    fn file(sample: &Sample, number: u64) -> std::path::PathBuf {
        sample.stream.folder().file(&key(number))
    }

    #[tokio::test]
    async fn a_read_that_fails_for_a_moment_is_503_and_loses_nothing() {
        let sample = archived().await;
        let (here, away) = (file(&sample, 2), sample.root().join("away"));
        std::fs::rename(&here, &away).unwrap();
        // No file is behind it, and none is missing (ELOOP).
        symlink(&here, &here).unwrap();
        for _ in 0..2 {
            let response = sample.get("720p/k3x9/2.m4s").await;
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "1");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        let counts = sample.stream.disk_counts();
        assert_eq!((counts.failed_reads, counts.failures), (2, 0));
        std::fs::rename(&away, &here).unwrap();
        let all = (0..12).collect::<Vec<u64>>();
        assert_eq!(sample.listed("dvr.m3u8").await, all);
    }

    #[tokio::test]
    async fn a_file_that_is_gone_or_too_short_is_a_lost_segment() {
        let sample = archived().await;
        std::fs::remove_file(file(&sample, 1)).unwrap();
        assert_eq!(sample.get("720p/k3x9/1.m4s").await.status(), 404);
        let rest = |from: u64| (from..12).collect::<Vec<u64>>();
        assert_eq!(sample.listed("dvr.m3u8").await, rest(2));
        let short = std::fs::File::options().write(true).open(file(&sample, 2));
        let length = u64::from(SEGMENT_BYTES) - 1;
        short.unwrap().set_len(length).unwrap();
        assert_eq!(sample.get("720p/k3x9/2.m4s").await.status(), 404);
        assert_eq!(sample.listed("dvr.m3u8").await, rest(3));
        assert_eq!(sample.stream.disk_counts().failed_reads, 0);
    }
}
