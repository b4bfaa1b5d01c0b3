//! Every limit at its edge: the last that passes, the first that does not, its name and its counter.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use sfu_model::limits::{
    ENCODINGS_PER_TRACK_MAX, SDP_BYTES_MAX, SDP_CANDIDATES_MAX, SDP_LINE_BYTES_MAX,
    SDP_MEDIA_LINES_MAX,
};
use signaling_auth::grant::{Refusal, Subject};
use whip_whep_core::endpoint::Config;
use whip_whep_core::limits::{
    DELETES_PER_CLIENT, FAILED_AUTHS_PER_CLIENT, Limit, Limits, PATCHES_PER_CLIENT,
    POSTS_PER_CLIENT, PUBLISH_SESSIONS_PER_HOLDER_MAX, RELOAD_GRACE, STREAM_RELOADS, STREAM_STARTS,
};
use whip_whep_core::offer::{PAYLOAD_TYPES_MAX, SSRCS_MAX};
use whip_whep_core::rate::{CLIENTS_MAX, Rate};
use whip_whep_core::request::{BodyRefusal, Method};
use whip_whep_core::sdp::SDP_LINES_MAX;

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

fn node() -> Node {
    Node::new(Config::default())
}

/// The same node without the limits that a test is not about.
fn generous() -> Node {
    let plenty = Rate::new(1_000_000, Duration::from_secs(1));
    let limits = Limits {
        posts_per_client: plenty,
        stream_starts: plenty,
        ..Limits::default()
    };
    Node::new(Config {
        limits,
        ..Config::default()
    })
}

#[track_caller]
fn assert_limited(node: &mut Node, sent: &Sent, (limit, status, code): (Limit, u16, &str)) {
    let before = node.core.limit_hits().of(limit);
    let response = node.send(sent);
    assert_eq!(
        (response.status.code(), problem_code(&response).as_str()),
        (status, code)
    );
    assert_eq!(
        node.core.limit_hits().of(limit),
        before + 1,
        "{}",
        limit.label()
    );
    if matches!(status, 429 | 503) {
        let wait = header(&response, "retry-after");
        assert!(wait.parse::<u64>().unwrap() >= 1);
        let says = |what: &str| response.body.contains(what);
        assert!(
            status == 503 || says(&format!("Wait {wait} s")),
            "{}",
            response.body
        );
        assert!(status == 503 || says(limit.label()), "{}", response.body);
    }
}

fn other_client() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7))
}

#[test]
fn posts_are_limited_per_client_and_others_are_untouched() {
    let mut node = node();
    let bad = Sent::post("/whep/demo", "x");
    for _ in 0..POSTS_PER_CLIENT.burst {
        assert_eq!(node.send(&bad).status.code(), 400);
    }
    assert_limited(
        &mut node,
        &bad,
        (Limit::PostsPerClient, 429, "too-many-requests"),
    );
    let other = Sent::post("/whep/demo", &offers::play()).with(|s| s.client = other_client());
    assert_eq!(node.send(&other).status.code(), 201);
    node.advance(1);
    assert_eq!(node.send(&bad).status.code(), 400, "the budget grows back");
}

#[test]
fn patches_and_deletes_are_limited_per_client() {
    let mut node = node();
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let patch = Sent::patch(&url, "*", "x");
    for _ in 0..PATCHES_PER_CLIENT.burst {
        assert_eq!(node.send(&patch).status.code(), 400);
    }
    assert_limited(
        &mut node,
        &patch,
        (Limit::PatchesPerClient, 429, "too-many-requests"),
    );
    let gone = Sent::new(Method::Delete, &format!("/whip/demo/{}", "0".repeat(32)));
    for _ in 0..DELETES_PER_CLIENT.burst {
        assert_eq!(node.send(&gone).status.code(), 404);
    }
    assert_limited(
        &mut node,
        &gone,
        (Limit::DeletesPerClient, 429, "too-many-requests"),
    );
    let mine = Sent::new(Method::Delete, &url).with(|s| s.client = other_client());
    assert_eq!(node.send(&mine).status.code(), 200);
}

#[test]
fn wrong_credentials_are_limited_and_then_right_ones_are_not_looked_at() {
    let mut node = node();
    let wrong =
        Sent::post("/whip/demo", &offers::publish()).with(|s| s.subject = Err(Refusal::Invalid));
    for _ in 0..FAILED_AUTHS_PER_CLIENT.burst {
        assert_eq!(node.send(&wrong).status.code(), 401);
    }
    let limited = (
        Limit::FailedAuthsPerClient,
        429,
        "too-many-failed-credentials",
    );
    assert_limited(&mut node, &wrong, limited);
    let right = Sent::post("/whip/demo", &offers::publish());
    assert_limited(&mut node, &right, limited);
    let elsewhere = right.clone().with(|s| s.client = other_client());
    assert_eq!(node.send(&elsewhere).status.code(), 201);
    let public =
        Sent::post("/whep/demo", &offers::play()).with(|s| s.subject = Ok(Subject::Anonymous));
    assert_eq!(
        node.send(&public).status.code(),
        201,
        "who needs no credential guesses none"
    );
    node.advance(6);
    let other_stream = Sent::post("/whip/b", &offers::publish());
    assert_eq!(
        node.send(&other_stream).status.code(),
        201,
        "one is earned in six seconds"
    );
}

#[test]
fn a_success_pays_a_failed_credential_back() {
    let mut node = generous();
    let wrong =
        Sent::post("/whep/demo", &offers::play()).with(|s| s.subject = Err(Refusal::Invalid));
    let right = Sent::post("/whep/demo", &offers::play());
    for _ in 0..3 * FAILED_AUTHS_PER_CLIENT.burst {
        assert_eq!(node.send(&wrong).status.code(), 401);
        assert_eq!(node.send(&right).status.code(), 201);
    }
}

#[test]
fn a_missing_or_expired_credential_is_no_guess() {
    let mut node = generous();
    for refusal in [Refusal::Missing, Refusal::Expired, Refusal::WrongVerb] {
        let sent = Sent::post("/whip/demo", &offers::publish()).with(|s| s.subject = Err(refusal));
        for _ in 0..3 * FAILED_AUTHS_PER_CLIENT.burst {
            assert_ne!(node.send(&sent).status.code(), 429);
        }
    }
}

/// What the holder of a token sends to publish; who follows somebody else does not reload.
fn publish_as(holder: &str) -> Sent {
    let subject = Ok(Subject::Token(holder.to_owned()));
    Sent::post("/whip/demo", &offers::publish()).with(|s| s.subject = subject)
}

/// Publishes, and stops again.
fn publish_and_stop(node: &mut Node, post: &Sent) {
    let response = node.send(post);
    assert_eq!(response.status.code(), 201, "{}", response.body);
    let url = header(&response, "location");
    let delete = Sent::new(Method::Delete, &url).with(|s| s.subject = post.subject.clone());
    assert_eq!(node.send(&delete).status.code(), 200);
}

#[test]
fn a_stream_starts_three_times_a_minute_and_a_takeover_is_no_start() {
    let mut node = node();
    let first = publish_as("first");
    let taken_over = header(&node.send(&first), "location");
    publish_and_stop(&mut node, &first);
    let delete = Sent::new(Method::Delete, &taken_over);
    let _ = node.send(&delete.with(|s| s.subject = first.subject.clone()));
    for n in 1..STREAM_STARTS.burst {
        publish_and_stop(&mut node, &publish_as(&n.to_string()));
    }
    let sent = publish_as("last");
    assert_limited(
        &mut node,
        &sent,
        (Limit::StreamStarts, 429, "too-many-starts"),
    );
    assert_eq!(
        node.send(&Sent::post("/whip/b", &offers::publish()))
            .status
            .code(),
        201
    );
    node.advance(20);
    assert_eq!(node.send(&sent).status.code(), 201);
}

#[test]
fn past_the_grace_of_a_reload_it_is_a_start() {
    // What one start in a window far longer than the grace leaves: nothing.
    let limits = Limits {
        stream_starts: Rate::new(1, Duration::from_secs(600)),
        ..Limits::default()
    };
    let mut node = Node::new(Config {
        limits,
        ..Config::default()
    });
    let post = publish_as("ann");
    publish_and_stop(&mut node, &post);
    node.advance(RELOAD_GRACE.as_secs());
    publish_and_stop(&mut node, &post);
    node.advance(RELOAD_GRACE.as_secs() + 1);
    assert_limited(
        &mut node,
        &post,
        (Limit::StreamStarts, 429, "too-many-starts"),
    );
}

#[test]
fn a_loop_of_post_and_delete_is_refused_after_ten_reloads() {
    let mut node = node();
    let post = publish_as("ann");
    let n_reloads = STREAM_RELOADS.burst;
    for _ in 0..1 + n_reloads {
        publish_and_stop(&mut node, &post);
    }
    let hits = |node: &Node| node.core.limit_hits().of(Limit::StreamReloads);
    assert_eq!(hits(&node), 0);
    for n in 1..STREAM_STARTS.burst {
        publish_and_stop(&mut node, &post);
        assert_eq!(hits(&node), u64::from(n));
    }
    assert_limited(
        &mut node,
        &post,
        (Limit::StreamStarts, 429, "too-many-starts"),
    );
    node.advance(3);
    publish_and_stop(&mut node, &post);
    assert_limited(
        &mut node,
        &post,
        (Limit::StreamStarts, 429, "too-many-starts"),
    );
}

#[test]
fn a_publisher_that_lost_its_session_may_come_back_at_once() {
    let mut node = node();
    for _ in 0..4 * STREAM_STARTS.burst {
        let (url, _) = node.open("/whip/demo", &offers::publish());
        let id = sfu_model::id::SessionId::parse(url.rsplit('/').next().unwrap()).unwrap();
        node.core.handle_session_closed(id, node.now);
    }
}

#[test]
fn one_holder_has_four_open_publishing_sessions() {
    let mut node = generous();
    let mut urls = Vec::new();
    for _ in 0..PUBLISH_SESSIONS_PER_HOLDER_MAX {
        urls.push(node.open("/whip/demo", &offers::publish()).0);
    }
    let sent = Sent::post("/whip/demo", &offers::publish());
    assert_limited(
        &mut node,
        &sent,
        (Limit::PublishSessionsPerHolder, 429, "too-many-sessions"),
    );
    let token = sent
        .clone()
        .with(|s| s.subject = Ok(Subject::Token("ann".into())));
    assert_eq!(node.send(&token).status.code(), 201, "another holder");
    assert_eq!(
        node.send(&Sent::post("/whip/b", &offers::publish()))
            .status
            .code(),
        201
    );
    let _ = node.send(&Sent::new(Method::Delete, &urls[0]));
    assert_eq!(node.send(&sent).status.code(), 201);
    for _ in 0..3 * PUBLISH_SESSIONS_PER_HOLDER_MAX {
        node.open("/whep/demo", &offers::play());
    }
}

#[test]
fn a_node_has_a_bounded_number_of_sessions() {
    let limits = Limits {
        sessions: 3,
        ..Limits::default()
    };
    let mut node = Node::new(Config {
        limits,
        ..Config::default()
    });
    for _ in 0..3 {
        node.open("/whep/demo", &offers::play());
    }
    let sent = Sent::post("/whep/demo", &offers::play());
    assert_limited(&mut node, &sent, (Limit::Sessions, 503, "overloaded"));
}

#[test]
fn a_body_over_its_bound_is_413_and_a_late_one_408() {
    let mut node = node();
    let sent = Sent::post("/whip/demo", "").with(|s| s.body = Err(BodyRefusal::TooLarge));
    assert_limited(&mut node, &sent, (Limit::SdpBytes, 413, "body-too-large"));
    let (url, tag) = node.open("/whip/demo", &offers::publish());
    let patch = Sent::patch(&url, &tag, "").with(|s| s.body = Err(BodyRefusal::TooLarge));
    assert_limited(&mut node, &patch, (Limit::SdpBytes, 413, "body-too-large"));
    let late = Sent::post("/whip/demo", "").with(|s| s.body = Err(BodyRefusal::Stalled));
    assert_limited(&mut node, &late, (Limit::BodyTime, 408, "body-stalled"));
    let broken = Sent::post("/whip/demo", "").with(|s| s.body = Err(BodyRefusal::Broken));
    let refused = node.send(&broken);
    let code = problem_code(&refused);
    assert_eq!((refused.status.code(), code.as_str()), (400, "body-broken"));
}

#[test]
fn media_lines_are_counted() {
    let with = |n: usize| offers::play() + &"m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n".repeat(n - 2);
    let mut node = node();
    for n in [SDP_MEDIA_LINES_MAX - 1, SDP_MEDIA_LINES_MAX] {
        assert_eq!(
            node.send(&Sent::post("/whep/demo", &with(n))).status.code(),
            201
        );
    }
    let limited = (Limit::SdpMediaLines, 422, "too-many-media-lines");
    let sent = Sent::post("/whep/demo", &with(SDP_MEDIA_LINES_MAX + 1));
    assert_limited(&mut node, &sent, limited);
    // As long as a browser's: 120 lines each, all that fit into the bytes.
    let section = "m=video 0 P 96\r\n".to_owned() + &"a=fmtp:96 x=1\r\n".repeat(119);
    let long = offers::play() + &section.repeat(SDP_MEDIA_LINES_MAX - 1);
    assert!(long.len() <= SDP_BYTES_MAX, "{}", long.len());
    assert_limited(&mut node, &Sent::post("/whep/demo", &long), limited);
}

#[test]
fn candidates_are_counted_over_all_sections() {
    let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let with = |n: usize| {
        let at_session = format!("t=0 0\r\n{candidate}");
        offers::play().replacen("t=0 0\r\n", &at_session, 1) + &candidate.repeat(n - 1)
    };
    let mut node = node();
    for n in [SDP_CANDIDATES_MAX - 1, SDP_CANDIDATES_MAX] {
        assert_eq!(
            node.send(&Sent::post("/whep/demo", &with(n))).status.code(),
            201
        );
    }
    let limited = (Limit::SdpCandidates, 422, "too-many-candidates");
    let sent = Sent::post("/whep/demo", &with(SDP_CANDIDATES_MAX + 1));
    assert_limited(&mut node, &sent, limited);
    let (url, tag) = node.open("/whep/demo", &offers::play());
    let credentials = format!(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
        offers::UFRAG,
        offers::PASSWORD
    );
    let fragment = |n: usize| format!("{credentials}{}", candidate.repeat(n));
    let most = Sent::patch(&url, &tag, &fragment(SDP_CANDIDATES_MAX));
    assert_eq!(node.send(&most).status.code(), 204);
    let sent = Sent::patch(&url, &tag, &fragment(SDP_CANDIDATES_MAX + 1));
    assert_limited(&mut node, &sent, limited);
}

#[test]
fn a_credential_that_is_too_long_is_401_and_counted_and_no_guess() {
    let mut node = node();
    for _ in 0..2 * FAILED_AUTHS_PER_CLIENT.burst {
        let sent = Sent::post("/whip/demo", "").with(|s| s.subject = Err(Refusal::TooLong));
        assert_limited(
            &mut node,
            &sent,
            (Limit::TokenBytes, 401, "credential-too-long"),
        );
    }
}

#[test]
fn lines_are_bounded_in_length_and_number() {
    let mut node = node();
    let long = |n: usize| format!("{}a={}\r\n", offers::play(), "x".repeat(n - 2));
    let good = Sent::post("/whep/demo", &long(SDP_LINE_BYTES_MAX));
    assert_eq!(node.send(&good).status.code(), 201);
    let sent = Sent::post("/whep/demo", &long(SDP_LINE_BYTES_MAX + 1));
    assert_limited(
        &mut node,
        &sent,
        (Limit::SdpLineBytes, 400, "sdp-line-too-long"),
    );
    let many = |n: usize| offers::play() + &"a=x\r\n".repeat(n - offers::play().lines().count());
    let good = Sent::post("/whep/demo", &many(SDP_LINES_MAX));
    assert_eq!(node.send(&good).status.code(), 201);
    let sent = Sent::post("/whep/demo", &many(SDP_LINES_MAX + 1));
    assert_limited(
        &mut node,
        &sent,
        (Limit::SdpLines, 400, "sdp-too-many-lines"),
    );
}

#[test]
fn encodings_of_a_track_are_counted() {
    let with = |n: usize| {
        let rids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
        let lines: String = rids
            .iter()
            .map(|rid| format!("a=rid:{rid} send\r\n"))
            .collect();
        offers::publish() + &lines + &format!("a=simulcast:send {}\r\n", rids.join(";"))
    };
    let mut node = generous();
    for n in [ENCODINGS_PER_TRACK_MAX - 1, ENCODINGS_PER_TRACK_MAX] {
        let response = node.send(&Sent::post("/whip/demo", &with(n)));
        assert_eq!(response.status.code(), 201, "{}", response.body);
    }
    let sent = Sent::post("/whip/demo", &with(ENCODINGS_PER_TRACK_MAX + 1));
    assert_limited(
        &mut node,
        &sent,
        (Limit::EncodingsPerTrack, 422, "too-many-encodings"),
    );
}

#[test]
fn payload_types_of_a_section_are_counted() {
    let with = |n: usize| {
        let types = (0..128)
            .filter(|pt| ![111, 96, 97].contains(pt))
            .take(n - 2);
        let list: String = types.map(|pt| format!(" {pt}")).collect();
        offers::play().replace("SAVPF 96 97", &format!("SAVPF 96 97{list}"))
    };
    let mut node = node();
    for n in [PAYLOAD_TYPES_MAX - 1, PAYLOAD_TYPES_MAX] {
        assert_eq!(
            node.send(&Sent::post("/whep/demo", &with(n))).status.code(),
            201
        );
    }
    let sent = Sent::post("/whep/demo", &with(PAYLOAD_TYPES_MAX + 1));
    assert_limited(
        &mut node,
        &sent,
        (Limit::PayloadTypes, 422, "too-many-payload-types"),
    );
}

#[test]
fn synchronization_sources_of_a_section_are_counted_once_each() {
    let with = |n: usize| {
        let of_one = |ssrc: usize| format!("a=ssrc:{ssrc} cname:x\r\na=ssrc:{ssrc} msid:s t\r\n");
        offers::publish() + &(1..=n).map(of_one).collect::<String>()
    };
    let mut node = generous();
    for n in [SSRCS_MAX - 1, SSRCS_MAX] {
        assert_eq!(
            node.send(&Sent::post("/whip/demo", &with(n))).status.code(),
            201
        );
    }
    let sent = Sent::post("/whip/demo", &with(SSRCS_MAX + 1));
    assert_limited(&mut node, &sent, (Limit::Ssrcs, 422, "too-many-ssrcs"));
}

#[test]
fn clients_that_share_a_budget_because_there_are_too_many_are_counted() {
    let mut node = node();
    let from = |n: usize| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(n).unwrap()));
    for n in 0..=CLIENTS_MAX {
        assert_eq!(node.core.limit_hits().of(Limit::Clients), 0, "{n}");
        let sent = Sent::post("/whep/demo", "").with(|s| s.client = from(n));
        assert_eq!(node.send(&sent).status.code(), 400);
    }
    assert_eq!(node.core.limit_hits().of(Limit::Clients), 1);
}
