//! How long a cache may keep an answer: the table that a CDN lives by (draft-pantos-hls-rfc8216bis appendix B.1).

use std::borrow::Cow;

use bridge_packager::playlist::server_control::ServerControl;

/// The `Cache-Control` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// Not at all. What was not our plan must not outlive its cause: a hold that ran out, too many requests, nonsense.
    NoStore,
    /// So many seconds.
    MaxAge(u32),
    /// For ever: the path has the random name of the stream's life in it, so that it never means anything else.
    Immutable,
}

/// A multivariant playlist while renditions may still join.
pub const MULTIVARIANT_EARLY: CachePolicy = CachePolicy::MaxAge(2);

/// A multivariant playlist once all of its renditions have been there for a while. It changes only in measured bit rates
/// and when a rendition comes or goes.
pub const MULTIVARIANT: CachePolicy = CachePolicy::MaxAge(30);

/// A media playlist without directives, and an MPD: half of the smallest target duration that there is.
pub const BARE_PLAYLIST: CachePolicy = CachePolicy::MaxAge(1);

/// Two thumbnails are ten seconds apart.
pub const THUMBNAIL: CachePolicy = CachePolicy::MaxAge(10);

/// What is not there, and a directive too far ahead: both may be right soon, so that a cache may shield us from the
/// question and no longer.
pub const NOT_YET: CachePolicy = CachePolicy::MaxAge(1);

impl CachePolicy {
    /// A media playlist that was asked for with `_HLS_msn`: six target durations. Whoever has it later than that asks for a
    /// later one, so that its URL means one text in effect.
    pub fn awaited_playlist(control: &ServerControl) -> Self {
        Self::MaxAge(control.target_duration_s.saturating_mul(6))
    }

    /// The value of the field.
    pub fn value(self) -> Cow<'static, str> {
        match self {
            Self::NoStore => Cow::Borrowed("no-store"),
            Self::MaxAge(1) => Cow::Borrowed("max-age=1"),
            Self::MaxAge(seconds) => Cow::Owned(format!("max-age={seconds}")),
            Self::Immutable => Cow::Borrowed("max-age=31536000, immutable"),
        }
    }
}
