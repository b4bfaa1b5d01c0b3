//! Two renditions of one multivariant playlist.

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::playlist::segment::Segment;
use crate::report::Notes;

/// How far two renditions' dates may be apart where they mean the same media.
const DATES_APART_MS: i64 = 500;
/// Segments whose dates are this near are the same place of the timeline.
const SAME_PLACE_MS: i64 = 250;

/// One of them and another, each as it was last read.
pub fn judge(one: &Media, other: &Media, notes: &mut Notes<'_>) {
    let (a, b) = (one.target_duration, other.target_duration);
    notes.check(Rule::Lh26t, None, a == b, || {
        format!("{a:?}, and {b:?} of another rendition")
    });
    if !one.is_ended && !other.is_ended {
        let line = one.server_control.as_ref().map(|control| control.line);
        let is_same = match (&one.server_control, &other.server_control) {
            (Some(one), Some(other)) => one.promises_as(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        notes.check(Rule::Lh26c, line, is_same, || {
            format!(
                "{:?}, and {:?} of another",
                one.server_control, other.server_control
            )
        });
    }
    dates(one, other, notes);
    discontinuities(one, other, notes);
}

fn dates(one: &Media, other: &Media, notes: &mut Notes<'_>) {
    let has = |media: &Media| media.segments.iter().any(|s| s.date_time.is_some());
    if one.segments.is_empty() || other.segments.is_empty() {
        return;
    }
    notes.check(Rule::Lh26p, None, has(one) == has(other), || {
        "one rendition has PROGRAM-DATE-TIME, and another has none".to_owned()
    });
    // Numbers mean the same media only where segments are cut alike.
    let pairs = one.whole().filter_map(|s| Some((s, other.segment(s.msn)?)));
    let pairs: Vec<(&Segment, &Segment)> = pairs.filter(|(_, s)| s.is_whole()).collect();
    let is_near =
        |(a, b): &(&Segment, &Segment)| a.length().abs_diff(b.length()).as_millis() <= 100;
    if !pairs.iter().all(is_near) {
        return;
    }
    for (segment, twin) in pairs {
        if let (Some(a), Some(b)) = (segment.date_time, twin.date_time) {
            let apart = (a.0 - b.0).abs();
            notes.check(
                Rule::Lh26p,
                Some(segment.line),
                apart <= DATES_APART_MS,
                || {
                    format!(
                        "segment {} is {apart} ms from that of another rendition",
                        segment.msn
                    )
                },
            );
        }
    }
}

fn discontinuities(one: &Media, other: &Media, notes: &mut Notes<'_>) {
    for segment in &one.segments {
        let Some(date) = segment.date_time else {
            continue;
        };
        let is_twin = |twin: &&Segment| {
            let apart = twin.date_time.map(|twin| (twin.0 - date.0).abs());
            apart.is_some_and(|apart| apart <= SAME_PLACE_MS)
        };
        if let Some(twin) = other.segments.iter().find(is_twin) {
            let (a, b) = (segment.discontinuity_sequence, twin.discontinuity_sequence);
            notes.check(Rule::Lh26d, Some(segment.line), a == b, || {
                format!(
                    "segment {} has the discontinuity sequence {a}, and {b} elsewhere",
                    segment.msn
                )
            });
        }
    }
}

/// Date ranges that one rendition listed twice in a row, and another as it was last read.
pub fn judge_date_ranges(before: &Media, now: &Media, other: &Media, notes: &mut Notes<'_>) {
    for range in &now.date_ranges {
        let is_old = before.date_ranges.iter().any(|old| old.id == range.id);
        if is_old {
            let is_there = other.date_ranges.iter().any(|twin| twin.id == range.id);
            notes.check(Rule::Lh26r, Some(range.line), is_there, || {
                format!("another rendition has no date range {}", range.id)
            });
        }
    }
}
