//! Who asks, and over what: proxies unwrapped, and plain HTTP from beyond this machine sent to HTTPS.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, LOCATION};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::config::proxies::TrustedProxies;
use crate::http::Arrival;
use crate::problem::problem;
use whip_whep_server::client_addr::ClientAddr;

/// What the decision depends on.
#[derive(Clone, Debug)]
pub(crate) struct Ingress {
    pub(crate) proxies: Arc<TrustedProxies>,
    /// The port that HTTPS is on; `None` where the operator turned it off: then a proxy ends TLS.
    pub(crate) https_port: Option<u16>,
}

/// Paths that machines ask over plain HTTP: probes and scrapers, which hold no secret.
const PLAIN_PATHS: [&str; 3] = ["/health", "/ready", "/metrics"];

/// What is said where HTTPS is somebody else's part, who does not do it (RFC 9725 section 5: keys travel in every request).
const HTTPS_REQUIRED: &str = "Plain HTTP is answered on this machine only, and [https] is off. The operator turns it on, or lists the \
    proxy that ends TLS in http.trusted_proxies, which then says so in x-forwarded-proto.";

/// The certificate authority asks before there is a certificate (RFC 8555 section 8.3); a token follows.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// Notes the client's address as [`ClientAddr`], and redirects where the request should have been HTTPS. Status 308
/// keeps the method and the body, so a WHIP POST is sent again as it was (RFC 9110 section 15.4.9).
pub(crate) async fn unwrap_and_redirect(
    State(ingress): State<Ingress>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(&arrival) = request.extensions().get::<Arrival>() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let client = ingress.client(arrival, request.headers());
    let is_secure = ingress.is_secure(arrival, request.headers());
    let path = request.uri().path();
    let may_be_plain =
        client.is_loopback() || PLAIN_PATHS.contains(&path) || path.starts_with(CHALLENGES);
    if !is_secure && !may_be_plain {
        return match ingress.https_port {
            Some(port) => redirect(&ingress, arrival, &request, port),
            None => problem(StatusCode::FORBIDDEN, "https-required", HTTPS_REQUIRED),
        };
    }
    request.extensions_mut().insert(ClientAddr(client));
    next.run(request).await
}

impl Ingress {
    fn is_proxied(&self, arrival: Arrival) -> bool {
        self.proxies.contains(arrival.peer.ip().to_canonical())
    }

    fn client(&self, arrival: Arrival, headers: &HeaderMap) -> IpAddr {
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        self.proxies.unwrap(arrival.peer.ip(), hops)
    }

    fn is_secure(&self, arrival: Arrival, headers: &HeaderMap) -> bool {
        let last = headers.get_all("x-forwarded-proto").iter().next_back();
        let forwarded = last
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next());
        let says_https = forwarded.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        arrival.is_tls || (self.is_proxied(arrival) && says_https)
    }
}

fn redirect(ingress: &Ingress, arrival: Arrival, request: &Request, port: u16) -> Response {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    // The authority's own syntax is the guard against a Host header that would write another header.
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    // A proxy ends TLS itself, on the port that the world knows it by.
    let location = if ingress.is_proxied(arrival) || port == 443 {
        format!("https://{}{path}", host.host())
    } else {
        format!("https://{}:{port}{path}", host.host())
    };
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Body;
    use axum::routing::any;
    use axum::{Extension, Router};
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(
        peer: &str,
        is_tls: bool,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, String) {
        ask_at(Some(8443), (peer, is_tls), path, headers).await
    }

    async fn ask_at(
        https_port: Option<u16>,
        (peer, is_tls): (&str, bool),
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let proxies = TrustedProxies::parse(&["10.0.0.1".to_owned()]).unwrap();
        let ingress = Ingress {
            proxies: Arc::new(proxies),
            https_port,
        };
        let echo = any(
            |Extension(ClientAddr(client)): Extension<ClientAddr>| async move { client.to_string() },
        );
        let layer = axum::middleware::from_fn_with_state(ingress, unwrap_and_redirect);
        let router = Router::new().fallback(echo).layer(layer);
        let mut request = Request::post(path).header(HOST, "stage.example:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 50_000);
        request.extensions_mut().insert(Arrival { peer, is_tls });
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        if let Some(location) = response.headers().get(LOCATION) {
            return (status, location.to_str().unwrap().to_owned());
        }
        let body = axum::body::to_bytes(response.into_body(), 1_000)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    const OK: StatusCode = StatusCode::OK;
    const MOVED: StatusCode = StatusCode::PERMANENT_REDIRECT;

    #[tokio::test]
    async fn plain_http_from_beyond_this_machine_is_sent_to_https() {
        for (peer, is_tls, path, expected) in [
            (
                "203.0.113.7",
                false,
                "/whip/demo?x=1",
                (MOVED, "https://stage.example:8443/whip/demo?x=1"),
            ),
            ("203.0.113.7", true, "/whip/demo", (OK, "203.0.113.7")),
            ("127.0.0.1", false, "/whip/demo", (OK, "127.0.0.1")),
            ("::1", false, "/whip/demo", (OK, "::1")),
            ("::ffff:127.0.0.1", false, "/whip/demo", (OK, "127.0.0.1")),
            ("203.0.113.7", false, "/health", (OK, "203.0.113.7")),
            ("203.0.113.7", false, "/ready", (OK, "203.0.113.7")),
            ("203.0.113.7", false, "/metrics", (OK, "203.0.113.7")),
            (
                "203.0.113.7",
                false,
                "/metricsfoo",
                (MOVED, "https://stage.example:8443/metricsfoo"),
            ),
            (
                "203.0.113.7",
                false,
                "/health/x",
                (MOVED, "https://stage.example:8443/health/x"),
            ),
            (
                "203.0.113.7",
                false,
                "/.well-known/acme-challenge/x",
                (OK, "203.0.113.7"),
            ),
        ] {
            let (status, text) = ask(peer, is_tls, path, &[]).await;
            assert_eq!((status, text.as_str()), expected, "{peer} {is_tls} {path}");
        }
    }

    #[tokio::test]
    async fn a_trusted_proxy_says_who_asks_and_over_what() {
        let forwarded = ("x-forwarded-for", "203.0.113.7");
        let https = ("x-forwarded-proto", "https");
        let plain = ("x-forwarded-proto", "http");
        let (status, client) = ask("10.0.0.1", false, "/", &[forwarded, https]).await;
        assert_eq!((status, client.as_str()), (OK, "203.0.113.7"));
        let (status, location) = ask("10.0.0.1", false, "/", &[forwarded, plain]).await;
        assert_eq!(
            (status, location.as_str()),
            (MOVED, "https://stage.example/")
        );
        let (status, _) = ask(
            "203.0.113.9",
            false,
            "/",
            &[("x-forwarded-for", "127.0.0.1"), https],
        )
        .await;
        assert_eq!(status, MOVED, "anybody can write these headers");
    }

    #[tokio::test]
    async fn without_https_of_its_own_it_answers_this_machine_and_proxies_that_end_tls() {
        let https = ("x-forwarded-proto", "https");
        for (peer, headers, expected) in [
            ("127.0.0.1", &[][..], OK),
            ("10.0.0.1", &[https][..], OK),
            ("10.0.0.1", &[][..], StatusCode::FORBIDDEN),
            ("203.0.113.7", &[https][..], StatusCode::FORBIDDEN),
        ] {
            let (status, text) = ask_at(None, (peer, false), "/whip/demo", headers).await;
            assert_eq!(status, expected, "{peer} {headers:?} {text}");
            let says_why = text.contains("https-required");
            assert_eq!(says_why, expected != OK, "{text}");
        }
    }

    #[tokio::test]
    async fn a_host_that_is_none_is_refused() {
        let headers = [("host", "a b")];
        let ingress = Ingress {
            proxies: Arc::default(),
            https_port: Some(8443),
        };
        let request = Request::get("/")
            .header(headers[0].0, headers[0].1)
            .body(Body::empty())
            .unwrap();
        let peer = "203.0.113.7:1".parse().unwrap();
        let response = redirect(
            &ingress,
            Arrival {
                peer,
                is_tls: false,
            },
            &request,
            8443,
        );
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
}
