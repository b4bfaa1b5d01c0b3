//! Rendition reports (draft-pantos-hls-rfc8216bis section 4.4.5.4).

use crate::catalog::Rule;
use crate::playlist::media::{Media, RenditionReport};
use crate::report::Notes;

/// How many segments a report may be from what was last read of its rendition: what is read at another moment is another.
const SEGMENTS_APART: u64 = 1;

/// What each report of a playlist says by itself.
pub fn judge(media: &Media, notes: &mut Notes<'_>) {
    for report in &media.reports {
        let is_relative = !report.uri.contains("://");
        notes.check(Rule::Lr02, Some(report.line), is_relative, || {
            format!("{} is not relative", report.uri)
        });
    }
}

/// Whether another rendition, which can be followed with low latency, is reported on.
pub fn judge_presence(is_there: bool, other: &str, notes: &mut Notes<'_>) {
    notes.check(Rule::Lr01, None, is_there, || {
        format!("no report on {other}")
    });
}

/// A report on a rendition, which was last read as `other`. What it does not say is as in the playlist `own`, where it stands.
pub fn judge_report(report: &RenditionReport, own: &Media, other: &Media, notes: &mut Notes<'_>) {
    let last = report.last_msn.unwrap_or_else(|| last_of(own));
    let says_part = report.last_part.is_some() || own.segments.iter().any(|s| !s.parts.is_empty());
    let has_parts = other.segments.iter().any(|s| !s.parts.is_empty());
    notes.check(
        Rule::Lr02,
        Some(report.line),
        says_part || !has_parts,
        || "no LAST-PART, and the rendition has parts".to_owned(),
    );
    let stands_at = last_of(other);
    let is_near = last.abs_diff(stands_at) <= SEGMENTS_APART;
    notes.check(Rule::Lr03, Some(report.line), is_near, || {
        format!("LAST-MSN is {last}, and it stands at {stands_at}")
    });
}

/// The number of the last segment, or of that of the last part.
fn last_of(media: &Media) -> u64 {
    let edge = media.edge();
    if edge.n_parts > 0 {
        edge.msn
    } else {
        edge.msn.saturating_sub(1)
    }
}
