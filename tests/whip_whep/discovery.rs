//! GET, HEAD and OPTIONS: what can be asked without a credential.

use crate::http::{Reply, Request};
use crate::node::{ENDPOINTS, Node};
use crate::offers;

fn preflight(request: Request, method: &str) -> Request {
    request
        .header("origin", "https://player.test")
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization,content-type,if-match",
        )
}

fn lists(reply: &Reply, name: &str, expected: &[&str]) {
    let value = reply.header(name).to_lowercase();
    let items: Vec<&str> = value.split(',').map(str::trim).collect();
    for item in expected {
        assert!(
            items.contains(&item.to_lowercase().as_str()),
            "{item} in {name}: {value}"
        );
    }
}

#[tokio::test]
async fn wi_01_a_get_of_an_endpoint_succeeds_without_content() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let reply = node.get(path).await;
        assert!(
            (200..300).contains(&reply.status) && reply.body.is_empty(),
            "{path} {reply:?}"
        );
    }
    let reply = node.get("/whip/demo").await;
    assert_eq!((reply.status, reply.find("content-length")), (204, None));
}

#[tokio::test]
async fn wi_02_a_get_of_a_session_succeeds_without_content() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let session = node.open(path).await.session;
        let reply = node.get(&session).await;
        assert_eq!(
            (
                reply.status,
                reply.body.as_str(),
                reply.find("content-length")
            ),
            (204, "", None)
        );
    }
}

#[tokio::test]
async fn wi_13_a_preflight_lets_pages_do_what_they_must_and_read_what_they_need() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    for (path, method) in [
        ("/whip/demo", "POST"),
        ("/whep/demo", "POST"),
        (&session, "PATCH"),
        (&session, "DELETE"),
    ] {
        let reply = preflight(node.request("OPTIONS", path), method)
            .send()
            .await;
        assert!(
            (200..300).contains(&reply.status),
            "{path} {}",
            reply.status
        );
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        lists(
            &reply,
            "access-control-allow-methods",
            &["GET", "HEAD", "POST", "PATCH", "DELETE"],
        );
        lists(
            &reply,
            "access-control-allow-headers",
            &["Authorization", "Content-Type", "If-Match"],
        );
        lists(
            &reply,
            "access-control-expose-headers",
            &["Location", "Link", "ETag", "Retry-After"],
        );
        assert_eq!(reply.find("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn wi_14_options_is_200_and_says_which_type_a_post_takes() {
    let node = Node::start();
    for path in ENDPOINTS {
        let reply = node.request("OPTIONS", path).send().await;
        assert_eq!(
            (reply.status, reply.header("accept-post")),
            (200, "application/sdp")
        );
    }
}

#[tokio::test]
async fn wi_44_options_tells_no_ice_servers() {
    let ice = "[[ice_servers]]\nuri = \"turn:turn.example.net:3478\"\nusername = \"u\"\npassword = \"p\"\n";
    let node = Node::with(ice);
    for path in ENDPOINTS {
        let plain = node.request("OPTIONS", path).send().await;
        let preflight = preflight(node.request("OPTIONS", path), "POST")
            .send()
            .await;
        assert_eq!((plain.find("link"), preflight.find("link")), (None, None));
    }
}

#[tokio::test]
async fn wi_47_a_preflight_needs_no_credential() {
    let node = Node::start();
    for path in ["/whip/demo", "/whep/private", "/whip/no-such-stream"] {
        let reply = preflight(node.request("OPTIONS", path), "POST")
            .send()
            .await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[tokio::test]
async fn only_listed_pages_are_echoed_when_there_is_a_list() {
    let node = Node::with("[http]\nallowed_origins = [\"https://player.test\"]\n");
    for (origin, expected) in [
        ("https://player.test", Some("https://player.test")),
        ("https://evil.test", None),
        ("null", None),
    ] {
        let reply = node
            .request("OPTIONS", "/whep/demo")
            .header("origin", origin)
            .send()
            .await;
        assert_eq!(reply.find("access-control-allow-origin"), expected);
        assert_eq!(reply.header("vary"), "Origin");
    }
}

#[tokio::test]
async fn we_01_a_head_of_the_whep_endpoint_is_200_with_its_type_and_no_body() {
    let node = Node::start();
    let reply = node.request("HEAD", "/whep/demo").send().await;
    assert_eq!(
        (
            reply.status,
            reply.header("content-type"),
            reply.body.as_str()
        ),
        (200, "application/sdp", "")
    );
}

#[tokio::test]
async fn we_02_a_head_has_the_headers_of_its_get() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let fields = |reply: Reply| {
            let mut headers = reply.headers;
            headers.retain(|(name, _)| name != "date");
            (reply.status, headers)
        };
        let get = fields(node.get(path).await);
        assert_eq!(
            fields(node.request("HEAD", path).send().await),
            get,
            "{path}"
        );
    }
}

#[tokio::test]
async fn methods_that_a_url_does_not_take_are_405_and_say_which_it_takes() {
    let node = Node::start();
    let session = node.open("/whip/demo").await.session;
    for (method, path, takes) in [
        ("PUT", "/whip/demo", "POST"),
        ("DELETE", "/whep/demo", "POST"),
        ("POST", &session, "PATCH"),
        ("PUT", &session, "DELETE"),
    ] {
        let reply = node.request(method, path).send().await;
        reply.assert_refused(405, "method-not-allowed");
        lists(&reply, "allow", &[takes]);
    }
    let reply = node.post("/whip/demo/", &offers::publish()).await;
    assert_eq!(reply.status, 404, "a session without a name");
}
