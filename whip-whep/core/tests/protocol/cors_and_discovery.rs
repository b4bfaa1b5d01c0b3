//! GET, HEAD, OPTIONS, and what a web page needs.

use whip_whep_core::cors::AllowedOrigins;
use whip_whep_core::endpoint::Config;
use whip_whep_core::link_header::IceServer;
use whip_whep_core::request::Method;

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

fn node() -> Node {
    let ice_servers = vec![IceServer::new("stun:stun.example.net", None).unwrap()];
    Node::new(Config {
        ice_servers,
        ..Config::default()
    })
}

#[test]
fn a_get_of_an_endpoint_succeeds_without_content() {
    let response = node().send(&Sent::new(Method::Get, "/whip/demo"));
    assert_eq!((response.status.code(), response.body.as_str()), (204, ""));
    let response = node().send(&Sent::new(Method::Get, "/whep/demo"));
    assert_eq!((response.status.code(), response.body.as_str()), (200, ""));
}

#[test]
fn a_head_of_the_whep_endpoint_is_its_get() {
    for path in ["/whip/demo", "/whep/demo"] {
        let get = node().send(&Sent::new(Method::Get, path));
        assert_eq!(node().send(&Sent::new(Method::Head, path)), get);
    }
    let head = node().send(&Sent::new(Method::Head, "/whep/demo"));
    assert_eq!(head.status.code(), 200);
    assert_eq!(header(&head, "content-type"), "application/sdp");
}

#[test]
fn a_get_of_a_session_succeeds_without_content() {
    let mut node = node();
    for (path, offer) in [
        ("/whip/demo", offers::publish()),
        ("/whep/demo", offers::play()),
    ] {
        let (url, _) = node.open(path, &offer);
        let response = node.send(&Sent::new(Method::Get, &url));
        assert_eq!((response.status.code(), response.body.as_str()), (204, ""));
    }
}

#[test]
fn a_post_needs_the_sdp_content_type() {
    for content_type in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("application/sdpx"),
    ] {
        let sent =
            Sent::post("/whip/demo", &offers::publish()).with(|s| s.content_type = content_type);
        let response = node().send(&sent);
        assert_eq!(
            (response.status.code(), problem_code(&response).as_str()),
            (415, "content-type")
        );
        assert_eq!(header(&response, "accept-post"), "application/sdp");
    }
    let parameter = Some("application/SDP; charset=utf-8");
    let sent = Sent::post("/whip/demo", &offers::publish()).with(|s| s.content_type = parameter);
    assert_eq!(node().send(&sent).status.code(), 201);
}

#[test]
fn options_says_what_is_taken_and_tells_no_ice_servers() {
    let mut node = node();
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let table = [
        ("/whip/demo", "accept-post", "application/sdp"),
        ("/whep/demo", "accept-post", "application/sdp"),
        (
            url.as_str(),
            "accept-patch",
            "application/trickle-ice-sdpfrag",
        ),
    ];
    for (path, name, value) in table {
        let response = node
            .send(&Sent::new(Method::Options, path).with(|s| s.origin = Some("https://a.test")));
        assert_eq!((response.status.code(), response.body.as_str()), (200, ""));
        assert_eq!(header(&response, name), value);
        assert_eq!(response.header_value("link"), None);
        let methods = header(&response, "access-control-allow-methods");
        assert!(
            ["POST", "PATCH", "DELETE", "HEAD"]
                .iter()
                .all(|m| methods.contains(m))
        );
        let headers = header(&response, "access-control-allow-headers");
        assert!(
            ["Authorization", "Content-Type", "If-Match"]
                .iter()
                .all(|h| headers.contains(h))
        );
    }
}

#[test]
fn every_response_exposes_what_a_page_must_read() {
    let mut node = node();
    let requests = [
        Sent::post("/whip/demo", &offers::publish()),
        Sent::post("/whip/demo", "x"),
        Sent::new(Method::Other, "/whip/demo"),
        Sent::new(Method::Get, "/whip/demo"),
        Sent::post("/whip/", "x"),
        Sent::post("/whip/demo/0/nothing", "x"),
        Sent::new(Method::Options, "/whip/demo/0/nothing"),
    ];
    for sent in requests {
        let response = node.send(&sent);
        let exposed = header(&response, "access-control-expose-headers");
        for name in ["Location", "Link", "ETag", "Retry-After"] {
            assert!(exposed.contains(name), "{name}");
        }
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
    }
}

#[test]
fn a_foreign_page_is_not_echoed_also_after_the_sfu_was_asked() {
    let allowed_origins = AllowedOrigins::List(vec!["https://a.test".into()]);
    for (origin, allowed) in [
        ("https://a.test", true),
        ("https://b.test", false),
        ("null", false),
    ] {
        let mut node = Node::new(Config {
            allowed_origins: allowed_origins.clone(),
            ..Config::default()
        });
        let sent = Sent::post("/whip/demo", &offers::publish()).with(|s| s.origin = Some(origin));
        let response = node.send(&sent);
        assert_eq!(response.status.code(), 201);
        let echoed = response.header_value("access-control-allow-origin");
        assert_eq!(echoed, allowed.then_some(origin));
        assert_eq!(header(&response, "vary"), "Origin");
    }
}

#[test]
fn methods_that_a_url_does_not_take_are_405_with_allow() {
    let mut node = node();
    let (url, _) = node.open("/whip/demo", &offers::publish());
    let table = [
        (Method::Patch, "/whip/demo", "POST"),
        (Method::Delete, "/whep/demo", "POST"),
        (Method::Other, "/whip/demo", "POST"),
        (Method::Post, url.as_str(), "PATCH, DELETE"),
        (Method::Other, url.as_str(), "PATCH, DELETE"),
    ];
    for (method, path, takes) in table {
        let response = node.send(&Sent::new(method, path));
        assert_eq!(
            (response.status.code(), problem_code(&response).as_str()),
            (405, "method-not-allowed")
        );
        assert!(
            header(&response, "allow").contains(takes),
            "{method:?} {path}"
        );
    }
}
