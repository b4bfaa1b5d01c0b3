//! The response that says a problem: its document (RFC 9457) and its headers.

use std::time::Duration;

use signaling_auth::grant::Refusal;

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
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few problems have a header of their own"
    )]
    pub fn response(&self) -> Response {
        let code = self.code();
        let body = serde_json::json!({
            "type": format!("urn:freshet:problem:{code}"),
            "title": title(code),
            "status": self.status().code(),
            "detail": self.detail(),
            "code": code,
        });
        let mut response = Response::with_body(self.status(), PROBLEM, body.to_string())
            .header("cache-control", "no-store");
        if let Some(wait) = self.retry_after() {
            // Whole seconds (RFC 9110 section 10.2.3), rounded up: a client that obeys must not be refused again.
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            response = response.header("retry-after", seconds.to_string());
        }
        match self {
            Self::Unauthorized(refusal) => response.header("www-authenticate", challenge(*refusal)),
            Self::Method(allow) => response.header("allow", *allow),
            Self::ContentType(header, accepted) => response.header(header, *accepted),
            _ => response,
        }
    }
}

/// `no-fingerprint` as `No fingerprint`.
fn title(code: &str) -> String {
    let mut words = code.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// RFC 6750 section 3: no error code for a request that had no credential.
const fn challenge(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Missing => "Bearer realm=\"freshet\"",
        Refusal::WrongVerb | Refusal::Ended => {
            "Bearer realm=\"freshet\", error=\"insufficient_scope\""
        }
        Refusal::Invalid | Refusal::Expired | _ => {
            "Bearer realm=\"freshet\", error=\"invalid_token\""
        }
    }
}
