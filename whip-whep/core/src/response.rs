//! What goes back, without HTTP types.

use crate::status::Status;

/// `Content-Type` of offers and answers (RFC 8866 section 8.1).
pub const SDP: &str = "application/sdp";

/// `Content-Type` of trickle and restart fragments (RFC 8840 section 9).
pub const SDP_FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// `Content-Type` of refusals (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// `Content-Type` of what is sent to the places below a session URL (RFC 8259).
pub const JSON: &str = "application/json";

/// `Content-Type` of events (the HTML standard, "Server-sent events").
pub const EVENT_STREAM: &str = "text/event-stream";

/// One header field of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Lower case, as HTTP/2 wants it.
    pub name: &'static str,
    /// Visible ASCII.
    pub value: String,
}

/// A finished response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Response {
    /// The status.
    pub status: Status,
    /// In the order in which they were added; `link` may stand more than once.
    pub headers: Vec<Header>,
    /// The content; empty means none.
    pub body: String,
}

impl Response {
    /// A response without content.
    pub const fn empty(status: Status) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A response with content.
    pub fn with_body(status: Status, content_type: &'static str, body: String) -> Self {
        let mut response = Self::empty(status);
        response.body = body;
        response.header("content-type", content_type)
    }

    /// Adds a header field.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        debug_assert!(name.bytes().all(|b| !b.is_ascii_uppercase()));
        debug_assert!(value.bytes().all(|b| (0x20..0x7f).contains(&b)), "{name}");
        self.headers.push(Header { name, value });
        self
    }

    /// The first value of a header field.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.as_str())
    }
}
