//! Segments and parts, with what applies to them.

use std::time::Duration;

use super::date_time::DateTime;

/// A segment; without a URI, the one that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Its media sequence number.
    pub msn: u64,
    /// The line of its `EXTINF`, or of its first tag.
    pub line: usize,
    /// Where its media is; `None` while it is being written.
    pub uri: Option<String>,
    /// `EXTINF`.
    pub duration: Option<Duration>,
    /// `EXT-X-DISCONTINUITY`.
    pub is_discontinuous: bool,
    /// Discontinuities up to it, its own among them.
    pub discontinuity_sequence: u64,
    /// `EXT-X-GAP`.
    pub is_gap: bool,
    /// `EXT-X-PROGRAM-DATE-TIME`, as it says itself.
    pub date_time: Option<DateTime>,
    /// `EXT-X-BYTERANGE`.
    pub byte_range: Option<String>,
    /// The `EXT-X-MAP` that applies.
    pub map: Option<Map>,
    /// Whether it is this segment's own.
    pub has_own_map: bool,
    /// The attributes of the `EXT-X-KEY` tags that apply, as they stand there.
    pub key: Option<String>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Tags that apply to it and stand after its first part: their lines.
    pub late_tags: Vec<usize>,
}

/// An init section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Where it is.
    pub uri: String,
    /// Which bytes of it.
    pub byte_range: Option<String>,
}

/// A part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands.
    pub line: usize,
    /// `URI`.
    pub uri: String,
    /// `DURATION`.
    pub duration: Duration,
    /// `INDEPENDENT=YES`.
    pub is_independent: bool,
    /// `GAP=YES`.
    pub is_gap: bool,
    /// `BYTERANGE`.
    pub byte_range: Option<String>,
}

impl Part {
    /// The same part, wherever it stands.
    pub fn is_as(&self, other: &Self) -> bool {
        let line = self.line;
        *self
            == Self {
                line,
                ..other.clone()
            }
    }

    /// Its media: two parts of one file are two pieces.
    pub fn piece(&self) -> (&str, Option<&str>) {
        (&self.uri, self.byte_range.as_deref())
    }
}

impl Segment {
    /// How much media it has so far.
    pub fn length(&self) -> Duration {
        self.duration.unwrap_or_else(|| self.parts_length())
    }

    /// How long its parts are together.
    pub fn parts_length(&self) -> Duration {
        self.parts.iter().map(|part| part.duration).sum()
    }

    /// Whether it is finished.
    pub fn is_whole(&self) -> bool {
        self.uri.is_some()
    }

    /// What a server must never say otherwise of it (draft-pantos-hls-rfc8216bis section 6.2.1); how it differs.
    pub fn difference(&self, later: &Self) -> Option<&'static str> {
        let own = |segment: &Self| segment.is_discontinuous;
        [
            (self.uri == later.uri, "URI"),
            (self.duration == later.duration, "EXTINF"),
            (own(self) == own(later), "DISCONTINUITY"),
            (self.byte_range == later.byte_range, "BYTERANGE"),
            (self.date_time == later.date_time, "PROGRAM-DATE-TIME"),
            (self.map == later.map, "MAP"),
            (self.key == later.key, "KEY"),
            (self.is_gap == later.is_gap, "GAP"),
        ]
        .into_iter()
        .find_map(|(is_same, name)| (!is_same).then_some(name))
    }
}
