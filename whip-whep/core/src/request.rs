//! What an HTTP request says, without HTTP.

use std::net::IpAddr;

use sfu_model::id::SessionId;
use signaling_auth::grant::{Grant, Refusal, Verb};

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

/// What lies below a session URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below<'a> {
    /// `sse`: where event streams are made.
    Events,
    /// `sse/{number}`: one of them.
    EventStream(&'a str),
    /// `layer`: where a layer is selected.
    Layer,
}

/// The header fields that matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `Content-Type`
    pub content_type: Option<&'a str>,
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
    /// Who asks, proxies unwrapped.
    pub client: IpAddr,
    /// What the bearer permits on this stream. Not read where [`Method::needs_grant`] is false.
    pub authorization: Result<Grant, Refusal>,
    /// 128 bits from a CSPRNG, which name the session if the request opens one.
    pub fresh_session: SessionId,
    /// The body, complete, or why there is none.
    pub body: Result<&'a [u8], BodyRefusal>,
}

/// The body did not end where or when it had to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRefusal {
    /// It is longer than [`SDP_BYTES_MAX`](sfu_model::limits::SDP_BYTES_MAX).
    TooLarge,
    /// It did not arrive in time, or the connection broke.
    Stalled,
}
