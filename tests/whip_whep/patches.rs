//! PATCH without a change of credentials, and every way to get it wrong.

use sfu_model::limits::SDP_CANDIDATES_MAX;

use crate::node::{ENDPOINTS, Node, fragment, restart, trickle};
use crate::offers;

const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

#[tokio::test]
async fn wi_16_and_we_11_another_content_type_is_415() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        for content_type in ["application/json", "application/sdp", "text/plain"] {
            let request = node
                .trusted("PATCH", &opened.session)
                .header("content-type", content_type);
            let request = request.header("if-match", &opened.etag);
            let reply = request.body(&trickle()).send().await;
            reply.assert_refused(415, "content-type");
            assert_eq!(reply.header("accept-patch"), FRAGMENT);
        }
    }
}

#[tokio::test]
async fn a_compressed_fragment_is_415() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        for (coding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 204)] {
            let request = node
                .trusted("PATCH", &opened.session)
                .header("content-type", FRAGMENT)
                .header("content-encoding", coding)
                .header("if-match", &opened.etag);
            let reply = request.body(&trickle()).send().await;
            assert_eq!(reply.status, status, "{coding}: {}", reply.body);
            if status == 415 {
                assert_eq!(reply.code(), "content-encoding");
                assert_eq!(reply.header("accept-encoding"), "identity");
            }
        }
    }
}

#[tokio::test]
async fn wi_17_a_malformed_fragment_is_400() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        for body in [
            "",
            "hello",
            "{}",
            "v=0\r\n",
            "a=candidate:x\r\n",
            "a=ice-ufrag:abcd\r\n",
        ] {
            let reply = node.patch(&opened.session, &opened.etag, body).await;
            reply.assert_refused(400, "malformed-fragment");
        }
    }
}

#[tokio::test]
async fn fragments_of_64_candidates_are_taken_and_one_more_is_422_as_in_an_offer() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let more = |n: usize| "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n".repeat(n);
        let most = trickle() + &more(SDP_CANDIDATES_MAX - 1);
        let reply = node.patch(&opened.session, &opened.etag, &most).await;
        assert_eq!(reply.status, 204, "{}", reply.body);
        let many = trickle() + &more(SDP_CANDIDATES_MAX);
        let reply = node.patch(&opened.session, &opened.etag, &many).await;
        reply.assert_refused(422, "too-many-candidates");
    }
}

#[tokio::test]
async fn wi_20_a_patch_without_if_match_is_428() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let session = node.open(path).await.session;
        for body in [trickle(), restart()] {
            let request = node
                .trusted("PATCH", &session)
                .header("content-type", FRAGMENT);
            let reply = request.body(&body).send().await;
            reply.assert_refused(428, "if-match-missing");
        }
    }
}

#[tokio::test]
async fn wi_21_a_stale_tag_is_412_and_the_session_is_intact() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let bare = opened.etag.trim_matches('"');
        for stale in ["\"xyzzy\"", &format!("W/{}", opened.etag), bare] {
            let reply = node.patch(&opened.session, stale, &trickle()).await;
            reply.assert_refused(412, "if-match-stale");
        }
        assert_eq!(
            node.patch(&opened.session, &opened.etag, &trickle())
                .await
                .status,
            204
        );
    }
}

#[tokio::test]
async fn wi_24_and_27_trickle_is_204_without_body_or_tag_again_and_again() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        for _ in 0..3 {
            let reply = node.patch(&opened.session, &opened.etag, &trickle()).await;
            assert_eq!(
                (reply.status, reply.body.as_str(), reply.find("etag")),
                (204, "", None)
            );
            assert_eq!(reply.find("content-length"), None);
        }
    }
}

#[tokio::test]
async fn wi_25_candidates_that_cannot_be_used_are_discarded_in_silence() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let body = trickle()
            + "a=candidate:2 1 sctp 1 192.0.2.1 9 typ host\r\n\
               a=candidate:3 1 udp 1 4f8a2f8e-1f0c-4d3e-9c5e-2f1d1e0b7a11.local 9 typ host\r\n\
               a=end-of-candidates\r\n";
        assert_eq!(
            node.patch(&opened.session, &opened.etag, &body)
                .await
                .status,
            204
        );
    }
}

#[tokio::test]
async fn wi_26_a_fragment_may_hold_the_tagged_section_alone_or_credentials_first() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let (ufrag, password) = (offers::UFRAG, offers::PASSWORD);
        let tagged = format!(
            "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n"
        );
        let first = format!(
            "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        );
        for body in [tagged, first, trickle()] {
            assert_eq!(
                node.patch(&opened.session, &opened.etag, &body)
                    .await
                    .status,
                204,
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn half_a_restart_is_422() {
    let node = Node::start();
    let opened = node.open("/whip/demo").await;
    for body in [
        fragment("newU", offers::PASSWORD),
        fragment(offers::UFRAG, "newPasswordOf22Letters"),
    ] {
        node.patch(&opened.session, "*", &body)
            .await
            .assert_refused(422, "half-restart");
    }
}

#[tokio::test]
async fn old_clients_are_let_in_only_where_the_operator_says_so() {
    let candidate = r#"{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0"}"#;
    for (more, expected) in [
        ("", [428, 412, 415]),
        ("[compat]\nlenient_patch = true\n", [204, 204, 204]),
    ] {
        let node = Node::with(more);
        let opened = node.open("/whip/demo").await;
        let patch = |content_type: &str| {
            let request = node.trusted("PATCH", &opened.session);
            request.header("content-type", content_type)
        };
        let bare = opened.etag.trim_matches('"');
        let replies = [
            patch(FRAGMENT).body(&trickle()).send().await,
            patch(FRAGMENT)
                .header("if-match", bare)
                .body(&trickle())
                .send()
                .await,
            patch("application/json").body(candidate).send().await,
        ];
        assert_eq!(replies.map(|reply| reply.status), expected);
    }
}
