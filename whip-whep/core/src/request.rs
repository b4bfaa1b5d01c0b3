//! What an HTTP request says, without HTTP.

use std::net::IpAddr;

use sfu_model::id::SessionId;
use sfu_model::limits::SDP_BYTES_MAX;
use signaling_auth::grant::{Grant, Refusal, Verb};

use crate::limits::JSON_BYTES_MAX;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Publishing: RFC 9725.
    Whip,
    /// Playing: draft-ietf-wish-whep-04.
    Whep,
}

impl Endpoint {
    /// Its first path segment, and its label in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Whip => "whip",
            Self::Whep => "whep",
        }
    }

    /// What a grant must permit here.
    pub const fn verb(self) -> Verb {
        match self {
            Self::Whip => Verb::Publish,
            Self::Whep => Verb::Play,
        }
    }
}

/// The methods that the table tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// Any other: 405 everywhere.
    Other,
}

impl Method {
    /// Its label in metrics; a client cannot invent new ones.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Options => "options",
            Self::Post => "post",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Other => "other",
        }
    }

    /// Whether a request with this method needs a grant. Reading says nothing that its caller does not hold already
    /// (the name of a stream, the secret of a session URL), and a preflight cannot carry one (RFC 9725 section 4.7).
    pub const fn needs_grant(self) -> bool {
        match self {
            Self::Post | Self::Patch | Self::Delete => true,
            Self::Get | Self::Head | Self::Options | Self::Other => false,
        }
    }
}

/// What the path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The first segment.
    pub endpoint: Endpoint,
    /// The stream's name, as it stands in the path.
    pub stream: &'a str,
    /// The session's id, where the path is a session URL.
    pub session: Option<&'a str>,
    /// What of the session, where the path goes on.
    pub below: Option<Below<'a>>,
}

impl<'a> Target<'a> {
    /// What a path names, by what follows the endpoint's first segment and its slash.
    pub fn parse(endpoint: Endpoint, rest: &'a str) -> Self {
        let mut segments = rest.split('/');
        let stream = segments.next().unwrap_or_default();
        let session = segments.next();
        let below = match (endpoint, segments.next(), segments.next(), segments.next()) {
            // An empty segment names nothing, a stream as little as a session.
            _ if session.is_some_and(|session| session.is_empty() || stream.is_empty()) => {
                Some(Below::Nothing)
            }
            (_, None, None, None) => None,
            (_, Some("sse"), None, None) => Some(Below::Events),
            (_, Some("sse"), Some(number), None) => Some(Below::EventStream(number)),
            (Endpoint::Whep, Some("layer"), None, None) => Some(Below::Layer),
            _ => Some(Below::Nothing),
        };
        Self {
            endpoint,
            stream,
            session,
            below,
        }
    }

    /// Most bytes of a body that this takes with this method. Where it takes none, none is waited for, nor asked for from a
    /// client that asks first (RFC 9110 section 10.1.1): the answer needs none.
    pub const fn body_bytes_max(&self, method: Method) -> usize {
        match (method, self.session, self.below) {
            (Method::Post, None, None) | (Method::Patch, Some(_), None) => SDP_BYTES_MAX,
            (Method::Post, _, Some(Below::Events | Below::Layer)) => JSON_BYTES_MAX,
            _ => 0,
        }
    }
}

/// What lies below a session URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below<'a> {
    /// `sse`: where event streams are made.
    Events,
    /// `sse/{number}`: one of them.
    EventStream(&'a str),
    /// `layer`: where a layer is selected.
    Layer,
    /// Anything else: nothing is there.
    Nothing,
}

/// The header fields that matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `Content-Type`
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`
    pub content_encoding: Option<&'a str>,
    /// `If-Match`
    pub if_match: Option<&'a str>,
    /// `Origin`
    pub origin: Option<&'a str>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub method: Method,
    /// To what.
    pub target: Target<'a>,
    /// Said how.
    pub headers: Headers<'a>,
    /// `?takeover=1`: replace the publisher that is there.
    pub takeover: bool,
    /// How many may play this stream by WHEP, where it says so itself.
    pub players_max: Option<usize>,
    /// Who asks, proxies unwrapped.
    pub client: IpAddr,
    /// What the bearer permits on this stream. Not read where [`Method::needs_grant`] is false.
    pub authorization: Result<Grant, Refusal>,
    /// 128 bits from a CSPRNG, which name the session if the request opens one.
    pub fresh_session: SessionId,
    /// The body, complete, or why there is none.
    pub body: Result<&'a [u8], BodyRefusal>,
}

/// The body did not end where or when it had to. The text is what the client's developer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyRefusal {
    /// It is longer than [`Target::body_bytes_max`].
    #[error(
        "The body is longer than {SDP_BYTES_MAX} bytes. Offer fewer codecs, m-lines and candidates."
    )]
    TooLarge,
    /// It did not arrive in time.
    #[error("The body did not arrive in time. Send the request again, with its body at once.")]
    Stalled,
    /// It broke off, or the framing around it (RFC 9112 section 7.1) makes no sense.
    #[error("The body broke off, or its chunks cannot be read. Send the request again, whole.")]
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_an_endpoint_a_session_something_below_it_or_nothing() {
        let parsed = |rest| {
            let target = Target::parse(Endpoint::Whep, rest);
            (target.stream, target.session, target.below)
        };
        assert_eq!(parsed(""), ("", None, None));
        assert_eq!(parsed("a"), ("a", None, None));
        assert_eq!(parsed("a/b"), ("a", Some("b"), None));
        for (rest, below) in [
            ("a/b/sse", Below::Events),
            ("a/b/sse/7", Below::EventStream("7")),
            ("a/b/layer", Below::Layer),
        ] {
            assert_eq!(parsed(rest), ("a", Some("b"), Some(below)), "{rest}");
        }
        for rest in [
            "a/",
            "/",
            "a//",
            "a//sse",
            "a/b/",
            "a/b/x",
            "a/b/layer/",
            "a/b/layer/1",
            "a/b/sse/7/8",
        ] {
            assert_eq!(parsed(rest).2, Some(Below::Nothing), "{rest}");
        }
        let layer = Target::parse(Endpoint::Whip, "a/b/layer");
        assert_eq!(layer.below, Some(Below::Nothing), "publishers have none");
    }

    #[test]
    fn a_body_is_read_only_where_one_is_taken() {
        let taken = |method, rest| Target::parse(Endpoint::Whep, rest).body_bytes_max(method);
        assert_eq!(taken(Method::Post, "a"), SDP_BYTES_MAX);
        assert_eq!(taken(Method::Patch, "a/b"), SDP_BYTES_MAX);
        assert_eq!(taken(Method::Post, "a/b/sse"), JSON_BYTES_MAX);
        assert_eq!(taken(Method::Post, "a/b/layer"), JSON_BYTES_MAX);
        for (method, rest) in [
            (Method::Patch, "a"),
            (Method::Post, "a/b"),
            (Method::Delete, "a/b"),
            (Method::Post, "a/b/c"),
            (Method::Post, "a/b/sse/1"),
            (Method::Patch, "a/b/sse"),
            (Method::Get, "a"),
        ] {
            assert_eq!(taken(method, rest), 0, "{method:?} {rest}");
        }
    }
}
