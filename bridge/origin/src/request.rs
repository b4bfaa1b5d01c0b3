//! A request as the server hands it over: what of it decides its answer.

use crate::byte_range::ByteRange;
use crate::client::Client;
use crate::encoding::Encoding;
use crate::etag::ETag;

/// What is asked for, with the header fields that matter. The stream is known, and is no part of the path.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Below which of the two paths of a stream.
    pub tree: Tree,
    /// What follows `/hls/{stream}/` or `/dash/{stream}/`, as it came: nothing is decoded.
    pub path: &'a str,
    /// What follows the question mark, as it came.
    pub query: Option<&'a str>,
    /// Header fields.
    pub headers: Headers<'a>,
    /// Who asks, if that is anybody who has a share of those that wait.
    pub client: Option<Client>,
}

/// The methods that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The object.
    Get,
    /// All but the object.
    Head,
    /// What a browser asks before a request to another origin.
    Options,
    /// Anything else: 405.
    Other,
}

/// The two paths that a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// `/hls/{stream}/`: playlists and all media.
    Hls,
    /// `/dash/{stream}/`: the MPD, which names media of the other.
    Dash,
}

/// Header fields, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    /// `Accept-Encoding`.
    pub accept_encoding: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// `Range`.
    pub range: Option<&'a str>,
    /// `If-Range`.
    pub if_range: Option<&'a str>,
}

/// What makes two requests for the same object different: with the same wish they share an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wish {
    /// Without the body.
    pub is_head: bool,
    /// The best encoding that is accepted.
    pub encoding: Encoding,
    /// Only these bytes.
    pub range: Option<ByteRange>,
}

impl Wish {
    /// What is wished of a text, which has no ranges: it is another one soon.
    pub fn of_text(request: &Request<'_>) -> Self {
        Self {
            is_head: request.method == Method::Head,
            encoding: Encoding::best(request.headers.accept_encoding),
            range: None,
        }
    }

    /// What is wished of media, whose validator is `etag`: a range counts only for GET (RFC 9110 section 14.2), and only
    /// if `If-Range` names what it would be a range of (section 13.1.5).
    pub fn of_media(request: &Request<'_>, etag: ETag) -> Self {
        let is_head = request.method == Method::Head;
        let is_same = |text: &str| etag.is_strongly(text);
        let counts = !is_head && request.headers.if_range.is_none_or(is_same);
        let range = request.headers.range.filter(|_| counts);
        Self {
            is_head,
            encoding: Encoding::Identity,
            range: range.and_then(ByteRange::parse),
        }
    }
}
