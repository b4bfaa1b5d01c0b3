//! HTTP Strict Transport Security (RFC 6797).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::middleware::Next;
use axum::response::Response;

use super::Arrival;
use crate::tls::CertificateSlot;

/// A year, as browsers and auditors want it. Not for subdomains: those may be other people's servers.
const POLICY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Tells browsers to stay with HTTPS, over HTTPS (section 7.2), while the certificate is one that an authority signed.
/// With a self-signed one, nobody could click the browser's warning away any more (section 12.1).
pub(crate) async fn stay_with_https(
    State(slot): State<Arc<CertificateSlot>>,
    request: Request,
    next: Next,
) -> Response {
    let arrival = request.extensions().get::<Arrival>();
    let is_tls = arrival.is_some_and(|arrival| arrival.is_tls);
    let mut response = next.run(request).await;
    if is_tls && !slot.is_self_signed() {
        let headers = response.headers_mut();
        headers.insert(STRICT_TRANSPORT_SECURITY, POLICY);
    }
    response
}
