//! A media playlist.

use std::time::Duration;

use super::fault::Fault;
use super::segment::Segment;
use super::server_control::ServerControl;

/// What a media playlist says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// `EXT-X-VERSION`.
    pub version: Option<u64>,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: Option<u64>,
    /// `EXT-X-MEDIA-SEQUENCE`.
    pub msn: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`.
    pub discontinuity_sequence: u64,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub playlist_type: Option<String>,
    /// `EXT-X-ENDLIST`.
    pub is_ended: bool,
    /// `EXT-X-I-FRAMES-ONLY`.
    pub is_i_frames_only: bool,
    /// `PART-TARGET`, and where it stands.
    pub part_target: Option<Duration>,
    /// `EXT-X-SERVER-CONTROL`.
    pub server_control: Option<ServerControl>,
    /// `EXT-X-SKIP`, each.
    pub skips: Vec<Skip>,
    /// Segments; the last may be without a URI.
    pub segments: Vec<Segment>,
    /// `EXT-X-PRELOAD-HINT`.
    pub hints: Vec<Hint>,
    /// `EXT-X-RENDITION-REPORT`.
    pub reports: Vec<RenditionReport>,
    /// `EXT-X-DATERANGE`: the ID, the start, and all that it says.
    pub date_ranges: Vec<DateRange>,
    /// What a tag asks of the version, the most of all: where, what for.
    pub version_needed: Option<(u64, usize, &'static str)>,
    /// What cannot be read as it should.
    pub faults: Vec<Fault>,
    /// Lines there are.
    pub n_lines: usize,
}

/// `EXT-X-SKIP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Where it stands.
    pub line: usize,
    /// `SKIPPED-SEGMENTS`.
    pub n_segments: u64,
    /// `RECENTLY-REMOVED-DATERANGES`.
    pub removed_date_ranges: Option<Vec<String>>,
}

/// `EXT-X-PRELOAD-HINT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where it stands.
    pub line: usize,
    /// `TYPE`: `PART` or `MAP`.
    pub kind: String,
    /// `URI`.
    pub uri: String,
    /// `BYTERANGE-START`; nothing is the beginning.
    pub start: Option<u64>,
}

/// `EXT-X-RENDITION-REPORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenditionReport {
    /// Where it stands.
    pub line: usize,
    /// `URI`.
    pub uri: String,
    /// `LAST-MSN`.
    pub last_msn: Option<u64>,
    /// `LAST-PART`.
    pub last_part: Option<u64>,
}

/// `EXT-X-DATERANGE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateRange {
    /// Where it stands.
    pub line: usize,
    /// `ID`.
    pub id: String,
    /// `START-DATE`.
    pub start: Option<super::date_time::DateTime>,
    /// Its attributes as they stand there.
    pub text: String,
}

/// How far a playlist is: the number of its last segment, and how many parts that has. A finished segment is further than all
/// of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The segment that comes, or is being written.
    pub msn: u64,
    /// How many parts of it there are.
    pub n_parts: u64,
}

impl Media {
    /// Where the next part or segment will be.
    pub fn edge(&self) -> Edge {
        let skipped: u64 = self.skips.iter().map(|skip| skip.n_segments).sum();
        let first = self.msn.saturating_add(skipped);
        let n_whole = self.segments.iter().filter(|s| s.is_whole()).count() as u64;
        let open = self.segments.last().filter(|s| !s.is_whole());
        Edge {
            msn: first.saturating_add(n_whole),
            n_parts: open.map_or(0, |open| open.parts.len() as u64),
        }
    }

    /// Whether it has, or had, this segment whole, or this part of it.
    pub fn has(&self, msn: u64, part: Option<u64>) -> bool {
        let edge = self.edge();
        msn < edge.msn || part.is_some_and(|part| msn == edge.msn && part < edge.n_parts)
    }

    /// How long all that is listed is.
    pub fn length(&self) -> Duration {
        self.segments.iter().map(Segment::length).sum()
    }

    /// Whether it says anything about parts.
    pub fn is_low_latency(&self) -> bool {
        self.part_target.is_some() || self.segments.iter().any(|s| !s.parts.is_empty())
    }

    /// Finished segments.
    pub fn whole(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.is_whole())
    }

    /// The segment of this number.
    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        let mut segments = self.segments.iter();
        segments.find(|segment| segment.msn == msn)
    }

    /// The last media that it names.
    pub fn last_uri(&self) -> Option<&str> {
        let last = self.segments.last()?;
        let part = last.parts.last().map(|part| part.uri.as_str());
        last.uri.as_deref().or(part)
    }
}

impl Media {
    /// Gives every segment its number, and how many discontinuities there are up to it.
    pub(crate) fn number(&mut self) {
        let skipped: u64 = self.skips.iter().map(|skip| skip.n_segments).sum();
        let mut msn = self.msn.saturating_add(skipped);
        let mut sequence = self.discontinuity_sequence;
        for segment in &mut self.segments {
            sequence = sequence.saturating_add(u64::from(segment.is_discontinuous));
            segment.msn = msn;
            segment.discontinuity_sequence = sequence;
            msn = msn.saturating_add(1);
        }
    }
}
