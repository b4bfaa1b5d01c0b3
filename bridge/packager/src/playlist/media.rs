//! The media playlist of one rendition, at one moment.

use std::sync::Arc;
use std::time::Duration;

use crate::part::Part;
use crate::rendition::RenditionName;
use crate::run::Run;
use crate::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};

use super::server_control::ServerControl;

/// What a rendition lists at one moment: a value, written as text by its methods, as often as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Whose it is.
    pub rendition: RenditionName,
    /// What the stream promises.
    pub server_control: ServerControl,
    /// The wall time of the timeline's zero, since 1970.
    pub zero_unix: Duration,
    /// The random name of this life of the stream, a segment of the URLs of its media: no URL ever means two things.
    pub epoch: Arc<str>,
    /// Finished segments, oldest first, numbered without a gap: the whole DVR window.
    pub segments: Arc<[Arc<Segment>]>,
    /// Which of them, and of the open segment, have one relation of number and time, oldest first. A regular run is here if the
    /// rendition is in it from its first segment on.
    pub runs: Arc<[Run]>,
    /// Index in `segments` of the first that the live playlist lists; the rest is listed by the DVR playlist alone.
    pub live_from: usize,
    /// `EXT-X-DISCONTINUITY-SEQUENCE` of the DVR playlist: discontinuities that were removed from it.
    pub discontinuities_removed: u64,
    /// The segment that is being written, with the parts that are finished. `None`: it has no part yet, and the next part
    /// opens one.
    pub open: Option<(SegmentHead, Arc<[Part]>)>,
    /// What is known of the segment that the next part opens.
    pub upcoming: Upcoming,
    /// Nothing more will come (`EXT-X-ENDLIST`).
    pub is_ended: bool,
    /// The last segment and part of every other rendition (`EXT-X-RENDITION-REPORT`).
    pub reports: Arc<[Report]>,
}

/// What is known of a segment that has no part yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upcoming {
    /// It goes on with the init section of the segment before it; or a segment is open.
    #[default]
    GoesOn,
    /// A discontinuity is before it, and this is its init section. Both are told of together with the part's hint: players that
    /// take what is hinted before it is listed must know which init section it needs.
    Anew(InitNumber),
    /// A discontinuity is before it, and its first frame is not here, which may need another init section than the last: nothing
    /// is hinted.
    Unknown,
}

/// Where another rendition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub rendition: RenditionName,
    /// `LAST-MSN`.
    pub last: MediaSequenceNumber,
    /// `LAST-PART`; `None`: it has no parts.
    pub last_part: Option<crate::part::PartIndex>,
}

/// How long the parts of a live playlist reach back from its end, in target durations
/// (draft-pantos-hls-rfc8216bis section 6.2.2).
pub const PART_TARGET_DURATIONS_LISTED: u32 = 3;

impl Media {
    /// The number of the segment that the next part belongs to, and its place there.
    pub fn next_part(&self) -> (MediaSequenceNumber, crate::part::PartIndex) {
        let n_finished = |parts: &Arc<[Part]>| u32::try_from(parts.len()).unwrap_or(u32::MAX);
        match &self.open {
            Some((head, parts)) => (head.number, crate::part::PartIndex(n_finished(parts))),
            None => {
                let last = self.segments.last().map(|s| s.head.number.0);
                let next = last.map_or(0, |number| number.saturating_add(1));
                (MediaSequenceNumber(next), crate::part::PartIndex(0))
            }
        }
    }

    /// How much media the finished segments hold.
    pub fn duration(&self) -> Duration {
        self.segments.iter().map(|s| s.duration).sum()
    }
}
