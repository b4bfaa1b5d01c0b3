//! Requests for the HLS and DASH of a live stream, whose paths, queries and header fields the input spells.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_origin::byte_range::ByteRange;
use bridge_origin::origin::Answer;
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_origin::response::{Body, Response};
use bridge_origin::waiting::GroupId;
use sfu_model::time::Instant;

use crate::http_text::{BETWEEN, cut};
use crate::live_origin::LiveOrigin;

/// Most requests of one input, pauses among them: bounds what one costs.
const REQUESTS_MAX: usize = 16;

/// In place of a request: half a second passes.
const PAUSE: &str = "WAIT";

/// Nobody waits longer: three target durations.
const WAIT_MAX: Duration = Duration::from_secs(6);

/// Each request is answered at once, or once with its group and in time; an answer is as long as it says.
pub fn origin_request(bytes: &[u8]) {
    let mut asked = Asked::new();
    let mut rest = Some(bytes);
    for _ in 0..REQUESTS_MAX {
        let Some((request, after)) = rest.map(|bytes| cut(bytes, BETWEEN)) else {
            break;
        };
        rest = after;
        if let Ok(text) = std::str::from_utf8(request) {
            asked.take(text);
        }
    }
    asked.pass(WAIT_MAX);
    assert!(asked.waiting.is_empty(), "somebody is forgotten");
    assert_eq!(asked.live.origin.stats().n_blocked, 0);
}

/// Who waits, and since when.
struct Asked {
    live: LiveOrigin,
    waiting: BTreeMap<GroupId, Vec<Instant>>,
    /// Statuses, by how often they were answered.
    statuses: BTreeMap<u16, usize>,
}

impl Asked {
    fn new() -> Self {
        Self {
            live: LiveOrigin::new(),
            waiting: BTreeMap::new(),
            statuses: BTreeMap::new(),
        }
    }

    fn take(&mut self, text: &str) {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        if first == PAUSE {
            self.pass(Duration::from_millis(500));
        }
        let Some((method, target)) = first.split_once(' ') else {
            return;
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let (tree, path) = match (path.strip_prefix("/hls/"), path.strip_prefix("/dash/")) {
            (Some(path), _) => (Tree::Hls, path),
            (None, Some(path)) => (Tree::Dash, path),
            (None, None) => return,
        };
        let mut headers = Headers::default();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name {
                "accept-encoding" => headers.accept_encoding = Some(value),
                "if-none-match" => headers.if_none_match = Some(value),
                "range" => headers.range = Some(value),
                "if-range" => headers.if_range = Some(value),
                _ => {}
            }
        }
        self.ask(&Request {
            method: self::method(method),
            tree,
            path,
            query,
            headers,
            client: None,
        });
    }

    fn ask(&mut self, request: &Request<'_>) {
        if let Some(range) = request.headers.range.and_then(ByteRange::parse) {
            let of = range.of(1_000);
            assert!(of.is_none_or(|of| of.start < of.end && of.end <= 1_000));
        }
        let now = self.live.now;
        match self.live.origin.handle_request(request, now) {
            Answer::Now(response) => self.answered(&response, request.method == Method::Head),
            Answer::Wait(group) => self.waiting.entry(group).or_default().push(now),
        }
        self.collect();
    }

    fn answered(&mut self, response: &Response, is_head: bool) {
        *self.statuses.entry(response.status.code()).or_default() += 1;
        let is_growing = matches!(response.body, Body::Growing { .. });
        let length = Some(response.body.length());
        assert!(
            is_growing || length == response.content_length || (is_head && length == Some(0)),
            "{response:?}"
        );
        let mut headers = response.headers();
        assert!(headers.all(|(_, value)| {
            value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        }));
    }

    /// Everybody who is answered waited, is answered once, and did not wait too long.
    fn collect(&mut self) {
        self.live.store();
        while let Some(woken) = self.live.origin.poll_woken() {
            let since = self.waiting.remove(&woken.group);
            let since = since.expect("a group is answered once");
            assert_eq!(since.len(), usize::try_from(woken.n_waiting).unwrap_or(0));
            for since in since {
                assert!(self.live.now - since <= WAIT_MAX, "it waits too long");
            }
            let is_bare = woken.response.body.length() == 0;
            self.answered(&woken.response, is_bare);
        }
        let n_waiting: usize = self.waiting.values().map(Vec::len).sum();
        let n_blocked = self.live.origin.stats().n_blocked;
        assert_eq!(usize::try_from(n_blocked).unwrap_or(0), n_waiting);
    }

    /// Time passes: the packager tells what it makes, and the origin's timers are kept.
    fn pass(&mut self, time: Duration) {
        let end = self.live.now + time;
        while let Some(at) = self.live.next().filter(|at| *at <= end) {
            self.live.run_to(at);
            self.collect();
        }
        self.live.now = end;
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "OPTIONS" => Method::Options,
        _ => Method::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(input: &str) -> Vec<(u16, usize)> {
        let mut asked = Asked::new();
        for text in input.split("\n----\n") {
            asked.take(text);
        }
        asked.pass(WAIT_MAX);
        asked.statuses.into_iter().collect()
    }

    macro_rules! seed {
        ($name:literal) => {
            statuses(include_str!(concat!("../corpus/origin_request/", $name)))
        };
    }

    #[test]
    fn the_seeds_reach_what_they_are_for() {
        assert_eq!(
            seed!("all_there_is"),
            [(200, 10), (204, 1), (405, 1)],
            "a thumbnail is there, too"
        );
        assert_eq!(seed!("blocking"), [(200, 4), (400, 1)]);
        assert_eq!(seed!("hint"), [(200, 3), (404, 1)], "one is hinted");
        assert_eq!(seed!("ranges"), [(200, 3), (206, 2), (416, 1)]);
        assert_eq!(seed!("encodings"), [(200, 1), (304, 1)]);
        assert_eq!(seed!("directives_that_cannot_be"), [(200, 1), (400, 5)]);
        assert_eq!(seed!("paths_that_name_nothing"), [(404, 12)]);
        assert_eq!(seed!("to_the_end"), [(200, 3)]);
    }
}
