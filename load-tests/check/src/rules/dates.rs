//! `EXT-X-PROGRAM-DATE-TIME` of one playlist.

use crate::catalog::Rule;
use crate::playlist::date_time::DateTime;
use crate::playlist::media::Media;
use crate::report::Notes;

/// How far a date may be from where the durations since the last one lead: a clock that is corrected, and rounding.
const STEP_MS: i64 = 250;
/// How far ahead of the wall clock a date may be: `Date` counts in seconds, and two machines' clocks differ a little.
const AHEAD_MS: i64 = 2_000;

/// One playlist, read when the wall clock said `wall`.
pub fn judge(media: &Media, wall: Option<DateTime>, notes: &mut Notes<'_>) {
    let mut expected: Option<i64> = None;
    let mut last: Option<i64> = None;
    for segment in &media.segments {
        if let Some(DateTime(date)) = segment.date_time {
            if let (Some(last), Some(expected)) = (last, expected) {
                let is_near = segment.is_discontinuous || (date - expected).abs() <= STEP_MS;
                notes.check(
                    Rule::Av07,
                    Some(segment.line),
                    date >= last && is_near,
                    || {
                        format!(
                            "segment {} is {} ms from where it should be",
                            segment.msn,
                            date - expected
                        )
                    },
                );
            }
            (last, expected) = (Some(date), Some(date));
            if let Some(DateTime(wall)) = wall {
                let ahead = date - wall;
                notes.check(Rule::Av06, Some(segment.line), ahead <= AHEAD_MS, || {
                    format!("segment {} begins in {ahead} ms", segment.msn)
                });
            }
        }
        let length = i64::try_from(segment.length().as_millis()).unwrap_or(i64::MAX);
        expected = expected.map(|date| date.saturating_add(length));
    }
}
