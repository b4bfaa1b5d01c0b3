//! Segments of one playlist.

use std::time::Duration;

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::report::Notes;

/// So many segments in a row that all begin with a discontinuity are no chance.
const DISCONTINUITIES_IN_A_ROW: usize = 4;

/// One playlist.
pub fn judge(media: &Media, notes: &mut Notes<'_>) {
    for segment in &media.segments {
        if let (Some(duration), Some(target)) = (segment.duration, media.target_duration) {
            let rounded = (duration + Duration::from_millis(500)).as_secs();
            notes.check(Rule::Lh13, Some(segment.line), rounded <= target, || {
                format!("{duration:?} rounds to {rounded}, and the target duration is {target}")
            });
        }
        if !segment.parts.is_empty() {
            let late = segment.late_tags.first().copied();
            notes.check(Rule::Lh09, late, late.is_none(), || {
                "it applies to a segment, some of whose parts stand before it".to_owned()
            });
        }
        if segment.is_discontinuous {
            notes.check(
                Rule::Lh20,
                Some(segment.line),
                segment.date_time.is_some(),
                || {
                    format!(
                        "segment {} is after a discontinuity, and has no date",
                        segment.msn
                    )
                },
            );
        }
    }
    for (before, segment) in media.segments.iter().zip(media.segments.iter().skip(1)) {
        if before.map.is_some() && segment.map.is_some() && before.map != segment.map {
            notes.check(
                Rule::Lh18s,
                Some(segment.line),
                segment.is_discontinuous,
                || format!("segment {} has another init section", segment.msn),
            );
        }
    }
    let later = media.segments.iter().skip(1);
    let n_later = later.clone().count();
    if n_later >= DISCONTINUITIES_IN_A_ROW {
        let n_discontinuous = later.filter(|s| s.is_discontinuous).count();
        notes.check(Rule::Av04, None, n_discontinuous < n_later, || {
            format!("{n_discontinuous} of {n_later} segments begin with a discontinuity")
        });
    }
    let n_skips = media.skips.len();
    if n_skips > 0 {
        notes.check(
            Rule::Lh11,
            media.skips.last().map(|s| s.line),
            n_skips == 1,
            || format!("{n_skips} EXT-X-SKIP"),
        );
    }
}
