//! What no path of an endpoint lacks: a whole problem document, and the headers that let a page read it.

use crate::http::Reply;
use crate::node::{Node, good_offer};

/// Where an endpoint would have something, and has nothing.
const NOWHERE: [&str; 8] = [
    "/demo/",
    "//",
    "//demo",
    "//demo/sse",
    "/demo/0/x",
    "/demo/0/sse/1/2",
    "/demo/0/layer/",
    "/demo//sse",
];

#[track_caller]
fn assert_readable(reply: &Reply) {
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let exposed = reply.header("access-control-expose-headers");
    assert!(exposed.contains("Retry-After"), "{exposed}");
}

#[tokio::test]
async fn an_endpoint_without_a_stream_is_404_in_words_that_a_page_can_read() {
    let node = Node::start();
    for path in [
        "/whip",
        "/whip/",
        "/whep",
        "/whep/",
        "/whip/a_b",
        "/whep/%ff",
    ] {
        for method in ["POST", "GET", "DELETE"] {
            let reply = node.trusted(method, path);
            let reply = reply.header("content-type", "application/sdp");
            let reply = reply.body(&good_offer(path)).send().await;
            reply.assert_refused(404, "bad-stream-name");
            assert_readable(&reply);
        }
    }
}

#[tokio::test]
async fn a_path_with_nothing_at_it_is_404_to_every_method_and_a_preflight_is_let_through() {
    let node = Node::start();
    for endpoint in ["/whip", "/whep"] {
        for below in NOWHERE {
            let path = format!("{endpoint}{below}");
            for method in ["GET", "POST", "PATCH", "DELETE", "PUT"] {
                let reply = node.request(method, &path).send().await;
                reply.assert_refused(404, "no-such-path");
                assert_readable(&reply);
            }
            let reply = node.request("OPTIONS", &path).send().await;
            assert_eq!((reply.status, reply.find("allow")), (200, None), "{path}");
            assert!(
                reply
                    .header("access-control-allow-methods")
                    .contains("POST")
            );
            assert_readable(&reply);
        }
    }
    let layer = node.request("POST", "/whip/demo/0/layer").send().await;
    layer.assert_refused(404, "no-such-path");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_with_allow() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    for (method, path, allow) in [
        ("PUT", "/whip/demo".to_owned(), "GET, HEAD, POST, OPTIONS"),
        (
            "DELETE",
            "/whep/demo".to_owned(),
            "GET, HEAD, POST, OPTIONS",
        ),
        ("POST", session.clone(), "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("PUT", session.clone(), "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("GET", format!("{session}/sse"), "POST, OPTIONS"),
        ("PUT", format!("{session}/layer"), "POST, OPTIONS"),
        (
            "POST",
            format!("{session}/sse/0"),
            "GET, HEAD, DELETE, OPTIONS",
        ),
    ] {
        let reply = node.trusted(method, &path).send().await;
        reply.assert_refused(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
        assert_readable(&reply);
    }
}
