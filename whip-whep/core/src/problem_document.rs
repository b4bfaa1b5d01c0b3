//! The response that says a problem: its document (RFC 9457) and its headers.

use std::time::Duration;

use signaling_auth::grant::Refusal;

use crate::limited;
use crate::limits::RETRY_AFTER;
use crate::problem::Problem;
use crate::response::{PROBLEM, Response};

impl Problem {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "waiting helps only against the problems that stand here"
    )]
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited(_, wait) => Some(*wait),
            Self::Full(_)
            | Self::Overloaded
            | Self::Draining
            | Self::EndedEarly
            | Self::Offline
            | Self::Restarting => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// The response that says it.
    ///
    /// Its `type` is `about:blank`, so its `title` is the status's phrase (RFC 9457 section 4.2.1). A type of our own
    /// would have to be a URI under a name that somebody registered and keeps: a domain (also in a `tag:`, RFC 4151) or
    /// a URN namespace. Software that others run under their own names has none. Programs tell problems apart by the
    /// member `code`; people read `detail`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few problems have a header of their own"
    )]
    pub fn response(&self) -> Response {
        let status = self.status();
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.phrase(),
            "status": status.code(),
            "detail": self.detail(),
            "code": self.code(),
        });
        let mut response = Response::with_body(status, PROBLEM, body.to_string())
            .header("cache-control", "no-store");
        if let Some(wait) = self.retry_after() {
            response = response.header("retry-after", limited::seconds(wait).to_string());
        }
        match self {
            Self::Unauthorized(refusal) => response.header("www-authenticate", challenge(*refusal)),
            Self::Method(allow) => response.header("allow", *allow),
            Self::ContentType(header, accepted) => response.header(header, *accepted),
            // RFC 9110 section 15.5.16.
            Self::ContentEncoding => response.header("accept-encoding", "identity"),
            _ => response,
        }
    }
}

/// RFC 6750 section 3: no error code for a request that had no credential.
const fn challenge(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Missing => "Bearer realm=\"freshet\"",
        Refusal::WrongVerb | Refusal::Ended => {
            "Bearer realm=\"freshet\", error=\"insufficient_scope\""
        }
        Refusal::Invalid | Refusal::Expired | Refusal::TooLong | _ => {
            "Bearer realm=\"freshet\", error=\"invalid_token\""
        }
    }
}
