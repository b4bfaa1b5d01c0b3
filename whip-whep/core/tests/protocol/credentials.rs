//! Who is let in, and what the others are told (RFC 9725 section 4.7, RFC 6750).

use signaling_auth::grant::Refusal;
use whip_whep_core::endpoint::Config;
use whip_whep_core::request::Method;

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

#[test]
fn each_refusal_has_its_status_and_challenge() {
    let table = [
        (
            Refusal::Missing,
            401,
            "credential-missing",
            "Bearer realm=\"freshet\"",
        ),
        (
            Refusal::Invalid,
            401,
            "credential-invalid",
            "Bearer realm=\"freshet\", error=\"invalid_token\"",
        ),
        (
            Refusal::Expired,
            401,
            "token-expired",
            "Bearer realm=\"freshet\", error=\"invalid_token\"",
        ),
        (
            Refusal::WrongVerb,
            403,
            "wrong-verb",
            "Bearer realm=\"freshet\", error=\"insufficient_scope\"",
        ),
    ];
    for (refusal, status, code, challenge) in table {
        let mut node = Node::new(Config::default());
        let (url, tag) = node.open("/whip/demo", &offers::publish());
        let requests = [
            Sent::post("/whip/demo", &offers::publish()),
            Sent::patch(&url, &tag, "a=end-of-candidates\r\n"),
            Sent::new(Method::Delete, &url),
        ];
        for sent in requests {
            let response = node.send(&sent.with(|s| s.subject = Err(refusal)));
            assert_eq!(
                (response.status.code(), problem_code(&response).as_str()),
                (status, code)
            );
            assert_eq!(header(&response, "www-authenticate"), challenge);
        }
        assert_eq!(
            node.send(&Sent::new(Method::Get, &url)).status.code(),
            204,
            "it lives"
        );
    }
}

#[test]
fn an_ended_stream_is_403_to_who_begins_and_its_sessions_are_404() {
    let mut node = Node::new(Config::default());
    let (url, tag) = node.open("/whip/demo", &offers::publish());
    let table = [
        (
            Sent::post("/whip/demo", &offers::publish()),
            (403, "stream-ended"),
        ),
        (
            Sent::patch(&url, &tag, "a=end-of-candidates\r\n"),
            (404, "no-such-session"),
        ),
        (Sent::new(Method::Delete, &url), (404, "no-such-session")),
    ];
    for (sent, expected) in table {
        let response = node.send(&sent.with(|s| s.subject = Err(Refusal::Ended)));
        let code = problem_code(&response);
        assert_eq!((response.status.code(), code.as_str()), expected);
        let challenge = "Bearer realm=\"freshet\", error=\"insufficient_scope\"";
        let is_forbidden = response.status.code() == 403;
        assert_eq!(
            response.header_value("www-authenticate"),
            is_forbidden.then_some(challenge)
        );
    }
}

#[test]
fn reading_and_preflights_need_no_credential() {
    let mut node = Node::new(Config::default());
    let (url, _) = node.open("/whip/demo", &offers::publish());
    for method in [Method::Get, Method::Head, Method::Options] {
        for path in ["/whip/demo", "/whep/demo", &url] {
            let sent = Sent::new(method, path).with(|s| s.subject = Err(Refusal::Missing));
            assert!(node.send(&sent).status.code() < 300, "{method:?} {path}");
        }
    }
}

#[test]
fn a_patch_or_delete_without_a_credential_does_not_tell_whether_a_session_exists() {
    let mut node = Node::new(Config::default());
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let guess = format!("/whip/demo/{}", "0".repeat(32));
    for method in [Method::Delete, Method::Patch] {
        let [real, guessed] = [&url, &guess].map(|path| {
            node.send(&Sent::new(method, path).with(|s| s.subject = Err(Refusal::Missing)))
        });
        assert_eq!(real, guessed);
    }
    let stranger = signaling_auth::grant::Subject::Token("mallory".into());
    let [real, guessed] = [&url, &guess].map(|path| {
        node.send(&Sent::new(Method::Delete, path).with(|s| s.subject = Ok(stranger.clone())))
    });
    assert_eq!(real, guessed);
}

#[test]
fn who_knows_a_session_url_may_read_whether_it_lives_and_nothing_more() {
    let mut node = Node::new(Config::default());
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let read = |node: &mut Node, path: &str| {
        node.send(&Sent::new(Method::Get, path).with(|s| s.subject = Err(Refusal::Missing)))
    };
    let alive = read(&mut node, &url);
    assert_eq!(alive.status.code(), 204);
    assert!(alive.body.is_empty() && alive.header_value("etag").is_none());
    let guess = format!("/whip/demo/{}", "0".repeat(32));
    let guessed = read(&mut node, &guess);
    assert_eq!(
        node.send(&Sent::new(Method::Delete, &url)).status.code(),
        200
    );
    assert_eq!(read(&mut node, &url), guessed, "a dead one is like none");
}

#[test]
fn a_path_that_can_name_no_stream_is_404() {
    for name in ["a.b", "%2e%2e", "", &"a".repeat(65)] {
        let path = format!("/whip/{name}");
        for method in [Method::Post, Method::Get] {
            let response = Node::new(Config::default()).send(&Sent::new(method, &path));
            assert_eq!(
                (response.status.code(), problem_code(&response).as_str()),
                (404, "bad-stream-name")
            );
        }
    }
}
