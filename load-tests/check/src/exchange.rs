//! A request and its answer.

use std::time::Duration;

/// What was asked, as far as the answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A playlist that is live, with no directive.
    Playlist,
    /// A multivariant playlist, or one that has ended: it may be kept as long as anybody likes.
    LastingPlaylist,
    /// A playlist that has, or once had, what is awaited.
    ReloadOfListed,
    /// A playlist of what comes next.
    ReloadOfNext,
    /// A playlist that has ended, of what will never come.
    ReloadOfEnded,
    /// `_HLS_part` without `_HLS_msn`.
    PartWithoutMsn,
    /// A segment further ahead than the second.
    FarSegment,
    /// A part further ahead than the limit.
    FarPart,
    /// `_HLS_msn=x`, or a negative number.
    NotANumber,
    /// A directive that nobody knows.
    UnknownDirective,
    /// A playlist, and gzip is taken.
    Gzip,
    /// What is hinted.
    Hint,
    /// A file that is neither there nor hinted.
    Nothing,
    /// Listed media.
    Media,
    /// The first ten bytes of media of this length.
    Range(u64),
    /// `HEAD` of media of this length.
    Head(u64),
    /// A part whose tag was removed less than three target durations ago.
    RemovedPart,
    /// A segment that was removed less than its length ago.
    RemovedSegment,
}

impl Question {
    /// Whether a good answer is a playlist that is live, or was asked for as one.
    pub const fn is_for_playlist(&self) -> bool {
        matches!(
            self,
            Self::Playlist
                | Self::LastingPlaylist
                | Self::ReloadOfListed
                | Self::ReloadOfNext
                | Self::Gzip
        )
    }

    /// Whether a good answer is media.
    pub const fn is_for_media(&self) -> bool {
        matches!(self, Self::Media | Self::Hint)
    }
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Where it went.
    pub url: String,
    /// What was asked.
    pub question: Question,
    /// The status of the answer.
    pub status: u16,
    /// Its header, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The length of its body.
    pub n_bytes: u64,
    /// From the request to the whole answer.
    pub took: Duration,
    /// The target duration of the playlist that it is about.
    pub target_duration: Duration,
}

impl Exchange {
    /// A field of the header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let field = headers.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.as_str())
    }

    /// For how long the answer may be kept; `None`: it does not say. `no-store` and `no-cache` are nothing at all.
    pub fn max_age(&self) -> Option<Duration> {
        let control = self.header("cache-control")?;
        if control.contains("no-store") || control.contains("no-cache") {
            return Some(Duration::ZERO);
        }
        let of = |name: &str| {
            let mut directives = control.split(',').map(str::trim);
            directives.find_map(|directive| directive.strip_prefix(name)?.parse().ok())
        };
        of("s-maxage=")
            .or_else(|| of("max-age="))
            .map(Duration::from_secs)
    }
}
