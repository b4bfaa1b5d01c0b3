//! Refusals of the routes beside WHIP and WHEP, for programs: `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use whip_whep_core::response::PROBLEM;

/// A refusal that says why: `code` to programs, `detail` to people, as WHIP's and WHEP's do.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "code": code,
    });
    let mut response = (status, Json(body)).into_response();
    let kind = HeaderValue::from_static(PROBLEM);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// There is no such path.
pub(crate) async fn no_such_path() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "no-such-path",
        "There is nothing at this path.",
    )
}
