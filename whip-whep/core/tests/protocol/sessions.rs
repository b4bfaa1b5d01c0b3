//! The life of a session URL: opened, taken over, deleted, closed by the SFU.

use signaling_auth::grant::Subject;
use whip_whep_core::ask::{Ask, Reply, SfuRefusal, Step};
use whip_whep_core::endpoint::Config;
use whip_whep_core::limits::{Limit, Limits};
use whip_whep_core::request::{Endpoint, Method};

use crate::node::{Node, Sent, engine, header, problem_code, ticket_of};
use crate::offers;

fn node() -> Node {
    Node::new(Config::default())
}

fn session_of(url: &str) -> sfu_model::id::SessionId {
    sfu_model::id::SessionId::parse(url.rsplit('/').next().unwrap()).unwrap()
}

#[test]
fn a_deleted_session_is_closed_and_then_404() {
    for (path, offer) in [
        ("/whip/demo", offers::publish()),
        ("/whep/demo", offers::play()),
    ] {
        let mut node = node();
        let (url, _) = node.open(path, &offer);
        let deleted = node.send(&Sent::new(Method::Delete, &url));
        assert_eq!((deleted.status.code(), deleted.body.as_str()), (200, ""));
        assert!(matches!(node.last_ask, Some(Ask::Close { .. })));
        assert_eq!(
            node.send(&Sent::new(Method::Delete, &url)).status.code(),
            404
        );
        assert_eq!(node.send(&Sent::new(Method::Get, &url)).status.code(), 404);
        let patch = Sent::patch(
            &url,
            "*",
            "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n",
        );
        assert_eq!(node.send(&patch).status.code(), 404);
    }
}

#[test]
fn a_delete_ignores_if_match() {
    let mut node = node();
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let sent = Sent::new(Method::Delete, &url).with(|s| s.if_match = Some("\"wrong\"".into()));
    assert_eq!(node.send(&sent).status.code(), 200);
}

#[test]
fn a_session_that_the_sfu_closed_is_404() {
    let mut node = node();
    let (url, tag) = node.open("/whep/demo", &offers::play());
    node.core.handle_session_closed(session_of(&url), node.now);
    let refused = node.send(&Sent::patch(&url, &tag, "a=end-of-candidates\r\n"));
    assert_eq!(
        (refused.status.code(), problem_code(&refused).as_str()),
        (404, "no-such-session")
    );
    assert_eq!(node.core.n_sessions(Endpoint::Whep), 0);
}

#[test]
fn a_session_lies_under_its_own_endpoint_and_stream_only() {
    let mut node = node();
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let id = url.rsplit('/').next().unwrap();
    let other = format!("/whip/demo/{}", "0".repeat(32));
    for path in [
        format!("/whep/demo/{id}"),
        format!("/whip/other/{id}"),
        other,
    ] {
        for method in [Method::Get, Method::Head, Method::Delete] {
            assert_eq!(
                node.send(&Sent::new(method, &path)).status.code(),
                404,
                "{path}"
            );
        }
    }
    for strange in ["", "x", &id.to_uppercase(), &id[..31]] {
        let path = format!("/whip/demo/{strange}z");
        assert_eq!(
            node.send(&Sent::new(Method::Delete, &path)).status.code(),
            404
        );
    }
    assert_eq!(
        node.send(&Sent::new(Method::Get, &url)).status.code(),
        204,
        "it lives"
    );
}

#[test]
fn takeover_is_asked_for_only_by_who_may() {
    let token = |name: &str| Subject::Token(name.into());
    let table = [
        (token("ann"), token("ann"), true),
        (token("ann"), Subject::KeyHolder, true),
        (token("ann"), token("bob"), false),
        (Subject::KeyHolder, token("ann"), false),
    ];
    for (publisher, newcomer, may) in table {
        for wants in [true, false] {
            let mut node = node();
            let _ = node.send(
                &Sent::post("/whip/demo", &offers::publish())
                    .with(|s| s.subject = Ok(publisher.clone())),
            );
            let _ = node.send(&Sent::post("/whip/demo", &offers::publish()).with(|s| {
                s.subject = Ok(newcomer.clone());
                s.takeover = wants;
            }));
            match node.last_ask {
                Some(Ask::Publish { takeover, .. }) => assert_eq!(takeover, wants && may),
                ref other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_session_that_ends_before_its_answer_is_not_handed_out() {
    let mut node = node();
    let (ask, ticket) = ticket_of(node.begin(&Sent::post("/whip/demo", &offers::publish())));
    let Ask::Publish { session, .. } = ask else {
        panic!("{ask:?}")
    };
    node.core.handle_session_closed(session, node.now);
    let reply = engine(&ask);
    let (close, ticket) = ticket_of(node.core.handle_reply(ticket, reply));
    assert_eq!(close, Ask::Close { session });
    match node.core.handle_reply(ticket, Ok(Reply::Closed)) {
        Step::Done(response) => {
            assert_eq!(response.status.code(), 503);
            assert_eq!(header(&response, "retry-after"), "2");
        }
        other @ (Step::Ask(..) | Step::Pull(..)) => panic!("{other:?}"),
    }
}

#[test]
fn nobody_can_use_a_session_before_its_answer() {
    let mut node = node();
    let (ask, ticket) = ticket_of(node.begin(&Sent::post("/whip/demo", &offers::publish())));
    let Ask::Publish { session, .. } = ask else {
        panic!("{ask:?}")
    };
    let url = format!("/whip/demo/{session}");
    let early = node.send(&Sent::patch(&url, "*", "a=end-of-candidates\r\n"));
    assert_eq!(early.status.code(), 404);
    let _answered = node.core.handle_reply(ticket, engine(&ask));
    assert_eq!(node.send(&Sent::new(Method::Get, &url)).status.code(), 204);
}

#[test]
fn a_draining_node_refuses_posts_and_nothing_else() {
    let mut node = node();
    let (url, tag) = node.open("/whip/demo", &offers::publish());
    node.core.drain();
    for (path, offer) in [("/whip/b", offers::publish()), ("/whep/b", offers::play())] {
        let refused = node.send(&Sent::post(path, &offer));
        assert_eq!(
            (refused.status.code(), problem_code(&refused).as_str()),
            (503, "draining")
        );
        assert_eq!(header(&refused, "retry-after"), "2");
    }
    let fragment = format!(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
        offers::UFRAG,
        offers::PASSWORD
    );
    assert_eq!(
        node.send(&Sent::patch(&url, &tag, &fragment)).status.code(),
        204
    );
    assert_eq!(
        node.send(&Sent::new(Method::Delete, &url)).status.code(),
        200
    );
}

/// A node whose streams have two players each.
fn with_two_players_a_stream() -> Node {
    let limits = Limits {
        players_per_stream: 2,
        ..Limits::default()
    };
    Node::new(Config {
        limits,
        ..Config::default()
    })
}

#[track_caller]
fn assert_full(node: &mut Node, sent: &Sent) {
    let before = node.core.limit_hits();
    let refused = node.send(sent);
    assert_eq!(
        (refused.status.code(), problem_code(&refused).as_str()),
        (503, "audience-full")
    );
    assert_eq!(header(&refused, "retry-after"), "2");
    assert!(refused.body.contains("HLS"), "{}", refused.body);
    let hits = |limit| node.core.limit_hits().of(limit) - before.of(limit);
    assert_eq!(hits(Limit::PlayersPerStream), 1);
    assert_eq!(hits(Limit::Sessions), 0);
}

#[test]
fn a_stream_has_so_many_players_and_each_that_goes_frees_its_place() {
    let mut node = with_two_players_a_stream();
    let play = Sent::post("/whep/demo", &offers::play());
    node.open("/whip/demo", &offers::publish());
    let (first, tag) = node.open("/whep/demo", &offers::play());
    let (second, _) = node.open("/whep/demo", &offers::play());
    assert_full(&mut node, &play);
    node.open("/whep/other", &offers::play());
    node.open("/whip/demo", &offers::publish());

    let restart = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";
    let restarted = node.send(&Sent::patch(&first, "*", restart));
    assert_eq!(restarted.status.code(), 200, "{tag}");
    assert_full(&mut node, &play);

    assert_eq!(
        node.send(&Sent::new(Method::Delete, &first)).status.code(),
        200
    );
    node.open("/whep/demo", &offers::play());
    assert_full(&mut node, &play);
    // It vanished; and is not freed once more by a DELETE that comes late.
    node.core
        .handle_session_closed(session_of(&second), node.now);
    assert_eq!(
        node.send(&Sent::new(Method::Delete, &second)).status.code(),
        404
    );
    node.open("/whep/demo", &offers::play());
    assert_full(&mut node, &play);
}

#[test]
fn who_is_not_let_in_takes_no_place_and_who_is_being_let_in_does() {
    let mut node = with_two_players_a_stream();
    let play = Sent::post("/whep/demo", &offers::play());
    for _ in 0..5 {
        let offline = node.send_to(&play, |_| Err(SfuRefusal::RoomEmpty));
        assert_eq!(offline.status.code(), 409);
        assert_eq!(node.send(&Sent::post("/whep/demo", "x")).status.code(), 400);
    }
    let (ask, ticket) = ticket_of(node.begin(&play));
    node.open("/whep/demo", &offers::play());
    assert_full(&mut node, &play);
    let _answered = node.core.handle_reply(ticket, engine(&ask));
    assert_full(&mut node, &play);
}

#[test]
fn what_a_stream_says_of_its_players_is_what_holds() {
    for (says, n_players) in [(None, 2), (Some(1), 1), (Some(3), 3)] {
        let mut node = with_two_players_a_stream();
        let play = Sent::post("/whep/demo", &offers::play()).with(|s| s.players_max = says);
        for _ in 0..n_players {
            assert_eq!(node.send(&play).status.code(), 201, "{says:?}");
        }
        assert_full(&mut node, &play);
    }
}
