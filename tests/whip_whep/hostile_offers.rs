//! Offers that are made to break or to cost: each is refused with the rule that it breaks, at the edge of each limit, and the
//! server is well. What one costs is measured in `whip-whep/core/tests/protocol/bombs.rs`.

use sfu_model::limits::{
    SDP_BYTES_MAX, SDP_CANDIDATES_MAX, SDP_LINE_BYTES_MAX, SDP_MEDIA_LINES_MAX,
};
use whip_whep_core::sdp::SDP_LINES_MAX;

use crate::node::Node;
use crate::offers::{self, FINGERPRINT};

const CANDIDATE: &str = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";

/// What a publisher's offer is refused with.
struct Refusal {
    status: u16,
    code: &'static str,
    /// A part of the detail that no other refusal has.
    detail: String,
    /// The limit that is counted.
    limit: Option<&'static str>,
}

impl Refusal {
    fn of_rule(status: u16, code: &'static str, detail: &str) -> Self {
        Self {
            status,
            code,
            detail: detail.to_owned(),
            limit: None,
        }
    }

    fn of_limit(status: u16, code: &'static str, detail: String, limit: &'static str) -> Self {
        Self {
            status,
            code,
            detail,
            limit: Some(limit),
        }
    }
}

/// A server refuses this offer, counts it, and then takes a good one.
async fn assert_refused(offer: &str, refusal: &Refusal) {
    let node = Node::start();
    let reply = node.post("/whip/demo", offer).await;
    reply.assert_refused(refusal.status, refusal.code);
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(refusal.detail.as_str()), "{detail}");
    let metrics = node.get("/metrics").await.body;
    let mut counters = vec![format!(
        "whip_whep_refusals_total{{code=\"{}\"}} 1",
        refusal.code
    )];
    let of_limit = |limit| format!("whip_whep_limit_hits_total{{limit=\"{limit}\"}} 1");
    counters.extend(refusal.limit.map(of_limit));
    for counter in counters {
        assert!(metrics.lines().any(|line| line == counter), "{counter}");
    }
    let good = node.post("/whip/demo", &offers::publish()).await;
    assert_eq!(good.status, 201, "the server is well");
}

/// A player's offer is taken.
async fn assert_taken(offer: &str) {
    let node = Node::live().await;
    let reply = node.open_with("/whep/demo", offer).await;
    assert!(reply.answer.starts_with("v=0\r\n"));
}

/// The offer with unknown attributes up to so many bytes.
fn padded(offer: &str, n_bytes: usize) -> String {
    let mut text = offer.to_owned();
    while text.len() < n_bytes {
        let left = n_bytes - text.len();
        // A line of four bytes at least is left for the last one.
        let line = left.min(SDP_LINE_BYTES_MAX);
        let line = if (1..4).contains(&(left - line)) {
            line - 4
        } else {
            line
        };
        text += &format!("a={}\r\n", "x".repeat(line - 4));
    }
    text
}

#[tokio::test]
async fn a_body_of_64_kb_is_taken_and_one_byte_more_is_413() {
    assert_eq!(SDP_BYTES_MAX, 65_536);
    let longest = padded(&offers::play(), SDP_BYTES_MAX);
    assert_eq!(longest.len(), SDP_BYTES_MAX);
    assert_taken(&longest).await;
    let detail = format!("longer than {SDP_BYTES_MAX} bytes");
    let refusal = Refusal::of_limit(413, "body-too-large", detail, "sdp_bytes");
    let longer = padded(&offers::publish(), SDP_BYTES_MAX + 1);
    assert_refused(&longer, &refusal).await;
    assert_refused(&"x".repeat(1024 * 1024), &refusal).await;
}

#[tokio::test]
async fn offers_of_32_media_lines_are_taken_and_one_more_is_422() {
    assert_eq!(SDP_MEDIA_LINES_MAX, 32);
    let with = |offer: String, n: usize| offer + &"m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n".repeat(n - 2);
    assert_taken(&with(offers::play(), SDP_MEDIA_LINES_MAX)).await;
    let detail = format!("more than {SDP_MEDIA_LINES_MAX} m-lines");
    let refusal = Refusal::of_limit(422, "too-many-media-lines", detail, "sdp_media_lines");
    let more = with(offers::publish(), SDP_MEDIA_LINES_MAX + 1);
    assert_refused(&more, &refusal).await;
    // As long as a browser's: 120 lines each.
    let section = "m=video 0 P 96\r\n".to_owned() + &"a=x\r\n".repeat(119);
    let long = offers::publish() + &section.repeat(SDP_MEDIA_LINES_MAX - 1);
    assert_refused(&long, &refusal).await;
}

#[tokio::test]
async fn offers_of_64_candidates_are_taken_and_one_more_is_422() {
    assert_eq!(SDP_CANDIDATES_MAX, 64);
    assert_taken(&(offers::play() + &CANDIDATE.repeat(SDP_CANDIDATES_MAX))).await;
    let detail = format!("more than {SDP_CANDIDATES_MAX} candidates");
    let refusal = Refusal::of_limit(422, "too-many-candidates", detail, "sdp_candidates");
    let more = offers::publish() + &CANDIDATE.repeat(SDP_CANDIDATES_MAX + 1);
    assert_refused(&more, &refusal).await;
}

#[tokio::test]
async fn a_line_of_4_kb_is_taken_and_one_byte_more_is_400() {
    let with = |offer: String, n: usize| offer + &format!("a={}\r\n", "x".repeat(n - 2));
    assert_taken(&with(offers::play(), SDP_LINE_BYTES_MAX)).await;
    let detail = format!("longer than {SDP_LINE_BYTES_MAX} bytes");
    let refusal = Refusal::of_limit(400, "sdp-line-too-long", detail, "sdp_line_bytes");
    let longer = with(offers::publish(), SDP_LINE_BYTES_MAX + 1);
    assert_refused(&longer, &refusal).await;
}

#[tokio::test]
async fn offers_of_4096_lines_are_taken_and_one_more_is_400() {
    let with = |offer: String, n: usize| {
        let n_more = n - offer.lines().count();
        offer + &"a=x\r\n".repeat(n_more)
    };
    assert_taken(&with(offers::play(), SDP_LINES_MAX)).await;
    let detail = format!("more than {SDP_LINES_MAX} lines");
    let refusal = Refusal::of_limit(400, "sdp-too-many-lines", detail, "sdp_lines");
    let more = with(offers::publish(), SDP_LINES_MAX + 1);
    assert_refused(&more, &refusal).await;
}

#[tokio::test]
async fn an_offer_without_a_fingerprint_is_422() {
    let offer = offers::without(&offers::publish(), "a=fingerprint");
    let refusal = Refusal::of_rule(422, "no-fingerprint", "no a=fingerprint");
    assert_refused(&offer, &refusal).await;
}

#[tokio::test]
async fn an_offer_with_two_fingerprints_is_422() {
    let other = FINGERPRINT.replace("DA:39", "DA:40");
    let in_one_section = format!("a=fingerprint:{FINGERPRINT}\r\na=fingerprint:{other}\r\n");
    let line = format!("a=fingerprint:{FINGERPRINT}\r\n");
    for offer in [
        offers::publish().replacen(FINGERPRINT, &other, 1),
        offers::publish().replacen(&line, &in_one_section, 1),
    ] {
        let detail = "two different a=fingerprint";
        let refusal = Refusal::of_rule(422, "conflicting-fingerprints", detail);
        assert_refused(&offer, &refusal).await;
    }
}

#[tokio::test]
async fn an_offer_of_plain_rtp_is_422() {
    for profile in ["RTP/AVP", "RTP/AVPF", "RTP/SAVPF"] {
        let offer = offers::publish().replacen("UDP/TLS/RTP/SAVPF", profile, 1);
        let refusal = Refusal::of_rule(422, "plain-rtp", "media profile is not secure");
        assert_refused(&offer, &refusal).await;
    }
}

#[tokio::test]
async fn an_offer_with_duplicate_mids_is_422() {
    let offer = offers::publish().replace("a=mid:1", "a=mid:0");
    let refusal = Refusal::of_rule(422, "duplicate-mid", "Two m-lines have the same a=mid");
    assert_refused(&offer, &refusal).await;
}

#[tokio::test]
async fn an_offer_with_a_nul_is_400() {
    let offer = offers::publish() + "a=x\0y\r\n";
    let refusal = Refusal::of_rule(400, "malformed-sdp", "");
    assert_refused(&offer, &refusal).await;
}
