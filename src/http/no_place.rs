//! What a connection is told that is not let in.

use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpStream;
use tracing::debug;
use whip_whep_core::response::PROBLEM;

use super::gate::Refused;

/// What whoever is refused is told to wait: a place is free again as soon as anybody's connection ends.
const RETRY_AFTER_SECS: u32 = 1;

/// Any page may read it: it is the same for all, and who asks has not been read.
const CORS: &str =
    "access-control-allow-origin: *\r\naccess-control-expose-headers: Retry-After\r\n";

impl Refused {
    /// Says no without reading anything: on a plain connection in HTTP, on a TLS one by closing it.
    pub(super) fn say(self, stream: &TcpStream, is_tls: bool) {
        debug!(refused = ?self, "a connection is refused");
        if !is_tls {
            // An empty socket buffer takes these few bytes whole; a client that is gone does not matter.
            let _ = stream.try_write(self.answer().as_bytes());
        }
    }

    fn answer(self) -> String {
        let (status, code, detail) = match self {
            Self::Full => (
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                format!(
                    "The node has all the connections that it may have. Wait {RETRY_AFTER_SECS} s, then try again, or use \
                     another node. The limit is connections."
                ),
            ),
            Self::TooManyFromOne => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-connections",
                format!(
                    "This address has too many connections open. Close one, wait {RETRY_AFTER_SECS} s, then try again. The \
                     limit is connections_per_address."
                ),
            ),
        };
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "code": code,
        });
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nretry-after: {RETRY_AFTER_SECS}\r\nconnection: close\r\ncontent-type: {PROBLEM}\r\n\
             {CORS}content-length: {}\r\n\r\n",
            body.len()
        );
        head + &body
    }
}
