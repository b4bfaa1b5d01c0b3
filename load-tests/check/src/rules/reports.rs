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

/// A report on a rendition, which was last read as `other`.
pub fn judge_report(report: &RenditionReport, other: &Media, notes: &mut Notes<'_>) {
    let Some(last) = report.last_msn else {
        // It is this playlist's own.
        return;
    };
    let has_parts = other.segments.iter().any(|s| !s.parts.is_empty());
    notes.check(
        Rule::Lr02,
        Some(report.line),
        report.last_part.is_some() || !has_parts,
        || "no LAST-PART, and the rendition has parts".to_owned(),
    );
    let edge = other.edge();
    let stands_at = if edge.n_parts > 0 {
        edge.msn
    } else {
        edge.msn.saturating_sub(1)
    };
    let is_near = last.abs_diff(stands_at) <= SEGMENTS_APART;
    notes.check(Rule::Lr03, Some(report.line), is_near, || {
        format!("LAST-MSN is {last}, and it stands at {stands_at}")
    });
}
