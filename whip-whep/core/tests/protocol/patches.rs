//! PATCH: trickle, restart, and everything that is neither (RFC 9725 section 4.3).

use signaling_auth::grant::{Refusal, Subject};
use whip_whep_core::ask::{Ask, SfuRefusal};
use whip_whep_core::endpoint::Config;
use whip_whep_core::request::Method;

use crate::node::{Node, Sent, engine, header, problem_code, ticket_of};
use crate::offers::{self, PASSWORD, UFRAG};

const ENDPOINTS: [&str; 2] = ["/whip/demo", "/whep/demo"];

fn offer_for(path: &str) -> String {
    if path.starts_with("/whip") {
        offers::publish()
    } else {
        offers::play()
    }
}

fn fragment(ufrag: &str, password: &str) -> String {
    format!(
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{password}\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
    )
}

fn trickle() -> String {
    fragment(UFRAG, PASSWORD)
}

fn restart() -> String {
    fragment("newU", "newPasswordOf22Letters")
}

/// A node with one open session: its URL and tag.
fn opened(path: &str) -> (Node, String, String) {
    let mut node = Node::new(Config::default());
    let (url, tag) = node.open(path, &offer_for(path));
    (node, url, tag)
}

#[test]
fn trickle_with_the_tag_is_204_without_body_or_tag() {
    for path in ENDPOINTS {
        let (mut node, url, tag) = opened(path);
        for _ in 0..2 {
            let response = node.send(&Sent::patch(&url, &tag, &trickle()));
            assert_eq!(
                response.status.code(),
                204,
                "repeated candidates change nothing"
            );
            assert_eq!(
                (response.body.as_str(), response.header_value("etag")),
                ("", None)
            );
        }
    }
}

#[test]
fn trickle_with_a_star_is_trickle() {
    let (mut node, url, _) = opened("/whip/demo");
    assert_eq!(
        node.send(&Sent::patch(&url, "*", &trickle())).status.code(),
        204
    );
}

#[test]
fn candidates_that_cannot_be_used_are_no_error() {
    let (mut node, url, tag) = opened("/whip/demo");
    let mixed = trickle()
        + "a=candidate:2 1 sctp 1 192.0.2.1 9 typ host\r\n\
           a=candidate:3 1 udp 1 0f8a.local 9 typ host\r\na=end-of-candidates\r\n";
    assert_eq!(
        node.send(&Sent::patch(&url, &tag, &mixed)).status.code(),
        204
    );
}

#[test]
fn new_credentials_are_a_restart_with_a_star_and_with_the_tag() {
    for path in ENDPOINTS {
        for with_star in [true, false] {
            let (mut node, url, tag) = opened(path);
            let if_match = if with_star { "*" } else { &tag };
            let response = node.send(&Sent::patch(&url, if_match, &restart()));
            assert_eq!(response.status.code(), 200);
            assert_eq!(
                header(&response, "content-type"),
                "application/trickle-ice-sdpfrag"
            );
            assert!(response.body.contains("a=ice-ufrag:newfrag0\r\n"));
            assert!(
                response
                    .body
                    .contains("a=ice-pwd:0123456789012345678901\r\n")
            );
            assert!(response.body.contains("a=candidate:1 1 udp "));
            assert_ne!(header(&response, "etag"), tag);
        }
    }
}

#[test]
fn after_a_restart_the_old_tag_is_412_and_the_new_one_trickles() {
    let (mut node, url, old) = opened("/whip/demo");
    let new = header(&node.send(&Sent::patch(&url, "*", &restart())), "etag");
    let stale = node.send(&Sent::patch(&url, &old, &restart()));
    assert_eq!(
        (stale.status.code(), problem_code(&stale).as_str()),
        (412, "if-match-stale")
    );
    assert_eq!(
        node.send(&Sent::patch(&url, &new, &restart()))
            .status
            .code(),
        204
    );
}

#[test]
fn every_restart_has_a_tag_of_its_own() {
    let (mut node, url, tag) = opened("/whip/demo");
    let mut seen = vec![tag];
    for n in 0..5 {
        let next = fragment(&format!("ufrag{n}"), &format!("newPasswordOf22Letters{n}"));
        let tag = header(&node.send(&Sent::patch(&url, "*", &next)), "etag");
        assert!(!seen.contains(&tag), "{tag}");
        seen.push(tag);
    }
}

#[test]
fn a_restart_repeats_the_ice_attributes_of_the_answer() {
    let mut node = Node::new(Config::default());
    let created = node.send(&Sent::post("/whip/demo", &offers::publish()));
    let restarted = node.send(&Sent::patch(&header(&created, "location"), "*", &restart()));
    for name in ["a=ice-lite", "a=ice-options", "a=ice-pacing"] {
        let of = |sdp: &str| {
            let mut lines: Vec<String> = sdp
                .lines()
                .filter(|l| l.starts_with(name))
                .map(str::to_owned)
                .collect();
            lines.dedup();
            lines
        };
        assert_eq!(of(&created.body), of(&restarted.body), "{name}");
    }
    assert!(restarted.body.contains("a=ice-lite\r\n"));
}

#[test]
fn without_if_match_it_is_428() {
    for path in ENDPOINTS {
        for body in [trickle(), restart()] {
            let (mut node, url, _) = opened(path);
            let response = node.send(&Sent::patch(&url, "", &body).with(|s| s.if_match = None));
            assert_eq!(response.status.code(), 428);
            assert_eq!(problem_code(&response), "if-match-missing");
        }
    }
}

#[test]
fn a_tag_that_is_stale_weak_or_unquoted_is_412_and_the_session_lives() {
    let (mut node, url, tag) = opened("/whip/demo");
    let (weak, bare) = (format!("W/{tag}"), tag.trim_matches('"').to_owned());
    for if_match in ["\"xyzzy\"", &weak, &bare, ""] {
        let response = node.send(&Sent::patch(&url, if_match, &trickle()));
        assert_eq!(response.status.code(), 412, "{if_match}");
    }
    assert_eq!(
        node.send(&Sent::patch(&url, &tag, &trickle()))
            .status
            .code(),
        204
    );
}

#[test]
fn another_content_type_is_415_and_says_which_is_taken() {
    let (mut node, url, tag) = opened("/whep/demo");
    for content_type in [
        None,
        Some("application/json"),
        Some("application/sdp"),
        Some(""),
    ] {
        let sent = Sent::patch(&url, &tag, &trickle()).with(|s| s.content_type = content_type);
        let response = node.send(&sent);
        assert_eq!(response.status.code(), 415, "{content_type:?}");
        assert_eq!(
            header(&response, "accept-patch"),
            "application/trickle-ice-sdpfrag"
        );
    }
    let parameter = Some("Application/Trickle-ICE-sdpfrag; charset=utf-8");
    let sent = Sent::patch(&url, &tag, &trickle()).with(|s| s.content_type = parameter);
    assert_eq!(node.send(&sent).status.code(), 204);
}

#[test]
fn a_body_that_is_coded_is_415_wherever_one_is_taken() {
    let (mut node, url, tag) = opened("/whep/demo");
    let requests = [
        Sent::post("/whep/demo", &offer_for("/whep/demo")),
        Sent::patch(&url, &tag, &trickle()),
        Sent::json(&format!("{url}/sse"), "[\"active\"]"),
        Sent::json(&format!("{url}/layer"), "{}"),
    ];
    for sent in requests {
        for (coding, is_refused) in [
            ("gzip", true),
            ("identity, deflate", true),
            (" IDENTITY ", false),
            ("", false),
        ] {
            let coded = sent.clone().with(|s| s.content_encoding = Some(coding));
            let response = node.send(&coded);
            let status = response.status.code();
            assert_eq!(status == 415, is_refused, "{coding}: {}", response.body);
            if is_refused {
                assert_eq!(problem_code(&response), "content-encoding");
                assert_eq!(header(&response, "accept-encoding"), "identity");
            }
        }
    }
}

#[test]
fn a_malformed_fragment_is_400_also_with_a_stale_tag() {
    let (mut node, url, tag) = opened("/whip/demo");
    let bad = [
        "",
        "hello",
        "v=0\r\n",
        "a=candidate:x\r\n",
        "a=ice-ufrag:EsAw\r\n",
        "{}",
    ];
    for body in bad {
        for if_match in [tag.as_str(), "*", "\"stale\""] {
            let response = node.send(&Sent::patch(&url, if_match, body));
            assert_eq!(response.status.code(), 400, "{body:?} {if_match}");
            assert_eq!(problem_code(&response), "malformed-fragment");
        }
    }
}

#[test]
fn changing_half_of_the_credentials_is_422() {
    let (mut node, url, _) = opened("/whip/demo");
    for body in [
        fragment("newU", PASSWORD),
        fragment(UFRAG, "newPasswordOf22Letters"),
    ] {
        let response = node.send(&Sent::patch(&url, "*", &body));
        assert_eq!(
            (response.status.code(), problem_code(&response).as_str()),
            (422, "half-restart")
        );
    }
}

#[test]
fn a_restart_that_cannot_be_satisfied_leaves_the_session_as_it_is() {
    let (mut node, url, tag) = opened("/whip/demo");
    let refused = node.send_to(&Sent::patch(&url, "*", &restart()), |_| {
        Err(SfuRefusal::Exhausted)
    });
    assert_eq!(refused.status.code(), 503);
    assert_eq!(
        node.send(&Sent::patch(&url, &tag, &trickle()))
            .status
            .code(),
        204
    );
    assert_eq!(
        node.send(&Sent::patch(&url, "*", &restart())).status.code(),
        200
    );
}

#[test]
fn a_second_restart_waits_for_the_first() {
    let (mut node, url, _) = opened("/whip/demo");
    let (ask, ticket) = ticket_of(node.begin(&Sent::patch(&url, "*", &restart())));
    let second = fragment("third", "thirdPasswordOf22Letters");
    let waiting = node.send(&Sent::patch(&url, "*", &second));
    assert_eq!(
        (
            waiting.status.code(),
            header(&waiting, "retry-after").as_str()
        ),
        (409, "2")
    );
    let _done = node.core.handle_reply(ticket, engine(&ask));
    assert_eq!(
        node.send(&Sent::patch(&url, "*", &second)).status.code(),
        200
    );
}

#[test]
fn a_session_that_ends_while_it_restarts_is_404() {
    let (mut node, url, _) = opened("/whip/demo");
    let response = {
        let (ask, ticket) = ticket_of(node.begin(&Sent::patch(&url, "*", &restart())));
        let deleted = node.send(&Sent::new(Method::Delete, &url));
        assert_eq!(deleted.status.code(), 200);
        match node.core.handle_reply(ticket, engine(&ask)) {
            whip_whep_core::ask::Step::Done(response) => response,
            other @ (whip_whep_core::ask::Step::Ask(..) | whip_whep_core::ask::Step::Pull(..)) => {
                panic!("{other:?}")
            }
        }
    };
    assert_eq!(response.status.code(), 404);
}

#[test]
fn a_patch_needs_the_grant_of_whoever_opened_the_session() {
    let (mut node, url, tag) = opened("/whip/demo");
    let stranger = Ok(Subject::Token("mallory".into()));
    let table = [
        (Err(Refusal::Missing), 401),
        (Err(Refusal::Invalid), 401),
        (stranger, 404),
    ];
    for (subject, status) in table {
        let sent = Sent::patch(&url, &tag, &trickle()).with(|s| s.subject = subject);
        assert_eq!(node.send(&sent).status.code(), status);
    }
}

#[test]
fn lenient_patches_are_off_and_take_old_clients_when_on() {
    let json = r#"{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0"}"#;
    let no_credentials =
        "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let as_json = |s: &mut Sent| {
        s.content_type = Some("application/json");
        s.if_match = None;
    };
    for (is_lenient, expected) in [(false, [428, 412, 400, 415]), (true, [204, 204, 204, 204])] {
        let mut node = Node::new(Config {
            lenient_patch: is_lenient,
            ..Config::default()
        });
        let (url, tag) = node.open("/whip/demo", &offers::publish());
        let bare = tag.trim_matches('"');
        let sent = [
            Sent::patch(&url, "", &trickle()).with(|s| s.if_match = None),
            Sent::patch(&url, bare, &trickle()),
            Sent::patch(&url, &tag, no_credentials),
            Sent::patch(&url, &tag, json).with(as_json),
        ];
        let statuses = sent.map(|sent| node.send(&sent).status.code());
        assert_eq!(statuses, expected);
        assert_eq!(node.core.n_lenient_patches() > 0, is_lenient);
    }
}

#[test]
fn what_the_sfu_is_told_of_a_restart_is_what_the_client_said() {
    let (mut node, url, _) = opened("/whip/demo");
    let _ = node.send(&Sent::patch(&url, "*", &restart()));
    match node.last_ask {
        Some(Ask::RestartIce { ref remote, .. }) => assert_eq!(remote.ufrag, "newU"),
        ref other => panic!("{other:?}"),
    }
}
