//! How long the header list of an HTTP/2 request is. The library refuses one that is too long as well, and tells nobody: what it
//! takes is twice what we do, so that whoever is a little over is told by us and counted.

use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderValue, Request, StatusCode, Version};
use axum::response::Response;

use crate::problem::problem;

/// Largest header list of an HTTP/2 request, in bytes as RFC 9113 section 6.5.2 counts them; a larger one is 431. As for HTTP/1:
/// browsers send under 2 KB, and our longest bearer is 4 KB.
pub(super) const HTTP2_HEADER_LIST_BYTES_MAX: usize = 16 * 1024;

/// What the library takes. It keeps no more of a list than this, and ends a connection whose CONTINUATION frames have no end.
pub(super) const HTTP2_HEADER_LIST_BYTES_KEPT: u32 = 2 * 16 * 1024;

/// What a field counts beside its name and its value.
const FIELD_BYTES: usize = 32;

/// 431, where the request's header list is too long.
pub(super) fn refuse<B>(request: &Request<B>) -> Option<Response> {
    let is_too_long =
        request.version() == Version::HTTP_2 && bytes(request) > HTTP2_HEADER_LIST_BYTES_MAX;
    let detail = "The request's header fields are longer than 16 KiB together. Send fewer or shorter ones; cookies are not needed.";
    is_too_long.then(|| {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let mut refused = problem(status, "headers-too-large", detail);
        // It says nothing that one page may know and another may not.
        let anybody = HeaderValue::from_static("*");
        (refused.headers_mut()).insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
        refused
    })
}

/// As they came: what HTTP/2 has as pseudo-header fields is in the request's line here.
fn bytes<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let pseudo = [
        (":method", request.method().as_str()),
        (":scheme", uri.scheme_str().unwrap_or_default()),
        (":authority", uri.authority().map_or("", |a| a.as_str())),
        (":path", path),
    ];
    let pseudo = pseudo.into_iter().filter(|(_, value)| !value.is_empty());
    let pseudo = pseudo.map(|(name, value)| name.len() + value.len() + FIELD_BYTES);
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
    pseudo.chain(fields).sum()
}
