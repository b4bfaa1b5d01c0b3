//! An answer, as values that any HTTP library can write.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::cache_policy::CachePolicy;
use crate::encoding::Encoding;
use crate::etag::ETag;
use crate::event::SegmentKey;

/// An answer. A copy shares its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: Status,
    /// What the body is.
    pub content_type: Option<ContentType>,
    /// How long caches may keep it.
    pub cache: CachePolicy,
    /// How the body is encoded. `Some`: another request might have it otherwise (`Vary: Accept-Encoding`).
    pub encoding: Option<Encoding>,
    /// Its validator.
    pub etag: Option<ETag>,
    /// Which bytes of the object the body has.
    pub content_range: Option<ContentRange>,
    /// Length of the body, or of that which HEAD does not get. `None`: it is still being made.
    pub content_length: Option<u64>,
    /// Try again after so many seconds.
    pub retry_after_s: Option<u32>,
    /// The bytes.
    pub body: Body,
}

/// The statuses that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Status {
    /// Here it is.
    Ok = 200,
    /// The answer to OPTIONS.
    NoContent = 204,
    /// A range of it.
    PartialContent = 206,
    /// You have it.
    NotModified = 304,
    /// The directives mean nothing, or are too far ahead.
    BadRequest = 400,
    /// It is not there, or not any more, or will not come.
    NotFound = 404,
    /// Only GET, HEAD and OPTIONS.
    MethodNotAllowed = 405,
    /// It has none of these bytes.
    RangeNotSatisfiable = 416,
    /// It did not come in time, or too many wait.
    ServiceUnavailable = 503,
}

impl Status {
    /// The number.
    pub const fn code(self) -> u16 {
        self as u16
    }
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// A playlist (draft-pantos-hls-rfc8216bis section 4).
    Playlist,
    /// An MPD (ISO/IEC 23009-1 annex C).
    Mpd,
    /// Pictures in fMP4.
    Video,
    /// Sound in fMP4.
    Audio,
    /// A thumbnail.
    Jpeg,
}

impl ContentType {
    /// The value of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Playlist => "application/vnd.apple.mpegurl",
            Self::Mpd => "application/dash+xml",
            Self::Video => "video/mp4",
            Self::Audio => "audio/mp4",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// `Content-Range` (RFC 9110 section 14.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentRange {
    /// These of so many bytes.
    Of(Range<u64>, u64),
    /// None of so many bytes.
    NoneOf(u64),
}

/// Where the bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nowhere.
    Empty,
    /// Here.
    Bytes(Bytes),
    /// Here, one after the other.
    Chunks(Arc<[Bytes]>),
    /// Here as far as it is made; more of the segment follows, which [`crate::origin::Origin::handle_more`] gives.
    Growing {
        /// Which.
        key: SegmentKey,
        /// What has come, one after the other.
        parts: Arc<[Bytes]>,
        /// How many bytes of the segment there are up to here.
        until: u64,
    },
    /// In the file that the server made of a segment.
    Disk {
        /// Which.
        key: SegmentKey,
        /// These bytes of it.
        range: Range<u64>,
    },
}

impl Body {
    /// How many bytes.
    pub fn length(&self) -> u64 {
        let length = |bytes: &Bytes| bytes.len() as u64;
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => length(bytes),
            Self::Chunks(chunks) | Self::Growing { parts: chunks, .. } => {
                chunks.iter().map(length).sum()
            }
            Self::Disk { range, .. } => range.end.saturating_sub(range.start),
        }
    }

    /// These bytes of it; those that it does not have are left out. What is still being made stays whole.
    #[must_use]
    pub fn slice(self, wanted: Range<u64>) -> Self {
        match self {
            Self::Empty | Self::Growing { .. } => self,
            Self::Bytes(bytes) => Self::Bytes(slice(&bytes, 0, &wanted)),
            Self::Chunks(chunks) => {
                let starts = chunks.iter().scan(0_u64, |at, chunk| {
                    let start = *at;
                    *at = at.saturating_add(chunk.len() as u64);
                    Some((start, chunk))
                });
                let slices = starts.map(|(start, chunk)| slice(chunk, start, &wanted));
                Self::Chunks(slices.filter(|slice| !slice.is_empty()).collect())
            }
            Self::Disk { key, range } => {
                let start = range.start.saturating_add(wanted.start).min(range.end);
                let end = range.start.saturating_add(wanted.end).min(range.end);
                let range = start..end.max(start);
                Self::Disk { key, range }
            }
        }
    }
}

/// What bytes that begin at `start` have of a range.
fn slice(bytes: &Bytes, start: u64, wanted: &Range<u64>) -> Bytes {
    let place = |at: u64| {
        let at = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        at.min(bytes.len())
    };
    let (first, end) = (place(wanted.start), place(wanted.end));
    bytes.slice(first..end.max(first))
}

impl Response {
    /// An answer without a body.
    pub fn bare(status: Status, cache: CachePolicy) -> Self {
        Self {
            status,
            content_type: None,
            cache,
            encoding: None,
            etag: None,
            content_range: None,
            content_length: Some(0),
            retry_after_s: None,
            body: Body::Empty,
        }
    }

    /// The same, with a time after which it may be another.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after_s: Some(seconds),
            ..self
        }
    }

    /// The fields of its head, but for `Date`, which needs a clock, and `Age`, which is a cache's to set: what leaves here
    /// is new.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Cow<'static, str>)> {
        let is_preflight = self.status == Status::NoContent;
        let has_length = !matches!(self.status, Status::NoContent | Status::NotModified);
        let is_gzip = self.encoding == Some(Encoding::Gzip) && self.status == Status::Ok;
        let accepts_ranges = self.cache == CachePolicy::Immutable;
        let range = self.content_range.as_ref().map(ContentRange::value);
        [
            fixed("access-control-allow-origin", "*", true),
            fixed("access-control-expose-headers", EXPOSED, !is_preflight),
            fixed("access-control-allow-methods", METHODS, is_preflight),
            fixed("access-control-allow-headers", ALLOWED, is_preflight),
            fixed("access-control-max-age", PREFLIGHT_AGE, is_preflight),
            fixed("allow", METHODS, self.status == Status::MethodNotAllowed),
            fixed("vary", "accept-encoding", self.encoding.is_some()),
            fixed("content-encoding", "gzip", is_gzip),
            fixed("accept-ranges", "bytes", accepts_ranges),
            Some(("cache-control", self.cache.value())),
            (self.content_type).map(|kind| ("content-type", Cow::Borrowed(kind.as_str()))),
            self.etag.map(|etag| ("etag", Cow::Owned(etag.to_string()))),
            range.map(|range| ("content-range", Cow::Owned(range))),
            (self.content_length.filter(|_| has_length))
                .map(|length| ("content-length", Cow::Owned(length.to_string()))),
            (self.retry_after_s).map(|wait| ("retry-after", Cow::Owned(wait.to_string()))),
        ]
        .into_iter()
        .flatten()
    }
}

/// What a page of another origin may read: without `Age` a player cannot tell how old a playlist from a cache is, and
/// believes the live edge to be there where it was.
const EXPOSED: &str = "Age, Date, Server-Timing, Content-Range, ETag";

/// What can be done here.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// Fields that make a browser ask first.
const ALLOWED: &str = "Range, If-None-Match, If-Range";

/// How long a browser may remember what it asked: a day, of which Chromium takes two hours.
const PREFLIGHT_AGE: &str = "86400";

fn fixed(
    name: &'static str,
    value: &'static str,
    is_there: bool,
) -> Option<(&'static str, Cow<'static, str>)> {
    is_there.then_some((name, Cow::Borrowed(value)))
}

impl ContentRange {
    fn value(&self) -> String {
        match self {
            Self::Of(range, length) => {
                let last = range.end.saturating_sub(1);
                format!("bytes {}-{last}/{length}", range.start)
            }
            Self::NoneOf(length) => format!("bytes */{length}"),
        }
    }
}
