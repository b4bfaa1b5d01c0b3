//! HTTP routes only: parse, call, map.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty, LengthLimitError};
use sfu_net::entropy;
use signaling_auth::grant::Refusal;
use tokio::time::timeout;
use tracing::error;
use whip_whep_core::limits::BODY_TIMEOUT;
use whip_whep_core::problem::Problem;
use whip_whep_core::request::{BodyRefusal, Endpoint, Headers, Method, Request, Target};
use whip_whep_core::response::Response;
use whip_whep_core::status::Status;

use crate::client_addr::ClientAddr;
use crate::event_body;
use crate::exchange::Exchange;

pub(crate) fn router(exchange: Arc<Exchange>) -> Router {
    Router::new()
        .merge(routes(Endpoint::Whip))
        .merge(routes(Endpoint::Whep))
        .with_state(exchange)
}

/// Everything below an endpoint's first segment, that segment alone included: what each path names is the core's to say, and
/// where nothing is, its refusal too.
fn routes(endpoint: Endpoint) -> Router<Arc<Exchange>> {
    let answer = move |State(exchange): State<Arc<Exchange>>,
                       rest: Result<Path<String>, PathRejection>,
                       request: axum::extract::Request| async move {
        // No rest, or one that is not UTF-8: neither names a stream.
        let rest = rest.map(|Path(rest)| rest).unwrap_or_default();
        handle(&exchange, Target::parse(endpoint, &rest), request).await
    };
    let first = format!("/{}", endpoint.label());
    Router::new()
        .route(&first, any(answer))
        .route(&format!("{first}/"), any(answer))
        .route(&format!("{first}/{{*rest}}"), any(answer))
}

async fn handle(
    exchange: &Arc<Exchange>,
    target: Target<'_>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let Some(ClientAddr(client)) = parts.extensions.get().copied() else {
        error!("a request has no ClientAddr extension: the listener must add one");
        return into_http(&Problem::Internal.response());
    };
    let Ok(fresh_session) = entropy::session_id() else {
        error!("no entropy: the system's random number generator failed");
        return into_http(&Problem::Internal.response());
    };
    let method = method_of(&parts.method);
    let authorization = match method.needs_grant() {
        true => exchange.authorize(&target, bearer(&parts.headers)),
        false => Err(Refusal::Missing),
    };
    let body = match target.body_bytes_max(method) {
        0 => Ok(Bytes::new()),
        n_bytes_max => read(body, n_bytes_max).await,
    };
    let text = |name: HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let request = Request {
        method,
        players_max: exchange.players_max(&target),
        target,
        headers: Headers {
            content_type: text(header::CONTENT_TYPE),
            content_encoding: text(header::CONTENT_ENCODING),
            if_match: text(header::IF_MATCH),
            origin: text(header::ORIGIN),
        },
        takeover: wants_takeover(&parts.uri),
        client,
        authorization,
        fresh_session,
        body: body.as_deref().map_err(|refusal| *refusal),
    };
    let answered = exchange.respond(&request).await;
    let mut response = into_http(&answered.response);
    if let Some(pull) = answered.pull {
        *response.body_mut() = event_body::body(exchange, pull);
    }
    response
}

fn method_of(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::OPTIONS => Method::Options,
        http::Method::POST => Method::Post,
        http::Method::PATCH => Method::Patch,
        http::Method::DELETE => Method::Delete,
        _ => Method::Other,
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1). Any other scheme is no credential here.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn wants_takeover(uri: &Uri) -> bool {
    let mut pairs = uri.query().unwrap_or_default().split('&');
    pairs.any(|pair| pair == "takeover=1")
}

/// A length that is declared (RFC 9110 section 8.6) and too long is refused unread: a client that asked first
/// (`Expect: 100-continue`, section 10.1.1) is sent its 100 (Continue) when the body is asked for its first byte.
async fn read(body: Body, n_bytes_max: usize) -> Result<Bytes, BodyRefusal> {
    if body.size_hint().lower() > n_bytes_max as u64 {
        return Err(BodyRefusal::TooLarge);
    }
    match timeout(BODY_TIMEOUT, to_bytes(body, n_bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length_limit(&error) => Err(BodyRefusal::TooLarge),
        Ok(Err(_)) => Err(BodyRefusal::Broken),
        Err(_) => Err(BodyRefusal::Stalled),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<LengthLimitError>())
}

fn into_http(response: &Response) -> axum::response::Response {
    let status = StatusCode::from_u16(response.status.code());
    let mut http = if response.status == Status::NoContent {
        // A 204 has no Content-Length (RFC 9110 section 8.6), which axum adds to every body whose length it can tell;
        // that of a mapped one it cannot.
        Body::new(Empty::new().map_frame(|frame| frame)).into_response()
    } else {
        response.body.clone().into_response()
    };
    *http.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = http.headers_mut();
    headers.clear();
    for field in &response.headers {
        // Values are visible ASCII, which `Response::header` asserts.
        if let Ok(value) = HeaderValue::from_str(&field.value) {
            headers.append(HeaderName::from_static(field.name), value);
        }
    }
    http
}
