//! Where other renditions stand when a playlist is written (`EXT-X-RENDITION-REPORT`, draft-pantos-hls-rfc8216bis section
//! 4.4.5.4).
//!
//! A packager knows where they stood when this playlist changed last. One of them may have got a part since, and a player
//! that switches by a report that is a part old asks for what has come already, which costs it a reload.

use bridge_packager::part::PartIndex;
use bridge_packager::playlist::media::{Media, Report};
use bridge_packager::segment::MediaSequenceNumber;

/// The report of a rendition that lists this. What the packager told may be more than has arrived here yet: its bytes have.
pub(crate) fn renewed(told: Option<&Report>, media: &Media) -> Option<Report> {
    let told = told.map(|report| (report.last, report.last_part));
    let (last, last_part) = last_of(media).max(told)?;
    Some(Report {
        rendition: media.rendition.clone(),
        last,
        last_part,
    })
}

/// The last part that is listed; of a segment without parts the segment.
fn last_of(media: &Media) -> Option<(MediaSequenceNumber, Option<PartIndex>)> {
    let before = |n_parts: u32| n_parts.checked_sub(1).map(PartIndex);
    let (open, n_parts) = media.next_part();
    if let Some(last) = before(n_parts.0) {
        return Some((open, Some(last)));
    }
    let last = media.segments.last()?;
    let n_parts = u32::try_from(last.parts.len()).unwrap_or(u32::MAX);
    Some((last.head.number, before(n_parts)))
}
