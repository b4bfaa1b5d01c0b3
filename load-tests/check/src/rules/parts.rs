//! Parts of one playlist.

use std::time::Duration;

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::playlist::segment::Segment;
use crate::report::Notes;

use super::promises::target;

/// How far the durations of parts may be from that of their segment, for each of them: durations are written in
/// milliseconds, and each is rounded.
const ROUNDING: Duration = Duration::from_millis(2);

/// One playlist.
pub fn judge(media: &Media, notes: &mut Notes<'_>) {
    let has_parts = media.segments.iter().any(|s| !s.parts.is_empty());
    if media.part_target.is_some() && !media.is_ended && !media.segments.is_empty() {
        notes.check(Rule::Av03, None, has_parts, || {
            "PART-INF, and no part".to_owned()
        });
    }
    if let Some(target) = media.part_target {
        for segment in &media.segments {
            lengths(segment, target, notes);
        }
    }
    let mut is_first = true;
    for segment in media.segments.iter().filter(|s| !s.parts.is_empty()) {
        sum(segment, is_first, notes);
        is_first = false;
        if segment.is_gap {
            let there = segment.parts.iter().find(|part| !part.is_gap);
            notes.check(
                Rule::Lh17,
                there.map(|part| part.line),
                there.is_none(),
                || {
                    format!(
                        "segment {} is a gap, and this part of it is not",
                        segment.msn
                    )
                },
            );
        }
    }
    reach(media, notes);
}

fn lengths(segment: &Segment, target: Duration, notes: &mut Notes<'_>) {
    for (index, part) in segment.parts.iter().enumerate() {
        notes.check(Rule::Lh06, Some(part.line), part.duration <= target, || {
            format!(
                "a part of {:?}, and PART-TARGET is {target:?}",
                part.duration
            )
        });
        let next = segment.parts.get(index + 1);
        // The last of what is listed may be the last of its segment.
        let is_exempt = part.is_independent || part.is_gap || next.is_none_or(|next| next.is_gap);
        if !is_exempt {
            let least = target * 85 / 100;
            notes.check(Rule::Lh07, Some(part.line), part.duration >= least, || {
                format!(
                    "a part of {:?}, which is less than {least:?}",
                    part.duration
                )
            });
        }
    }
}

/// Parts are as long as their segment. Of the first segment that has parts, earlier ones may have been removed.
fn sum(segment: &Segment, is_first: bool, notes: &mut Notes<'_>) {
    let Some(duration) = segment.duration else {
        return;
    };
    let parts = segment.parts_length();
    let n_parts = u32::try_from(segment.parts.len()).unwrap_or(u32::MAX);
    let slack = ROUNDING.saturating_mul(n_parts.saturating_add(1));
    let is_same = parts <= duration + slack && (is_first || parts + slack >= duration);
    notes.check(Rule::Lh10, Some(segment.line), is_same, || {
        format!(
            "segment {} lasts {duration:?}, and its parts {parts:?}",
            segment.msn
        )
    });
}

/// Parts are listed near the end only.
fn reach(media: &Media, notes: &mut Notes<'_>) {
    let Some(reach) = target(media).map(|target| target * 3) else {
        return;
    };
    let mut after = Duration::ZERO;
    for segment in media.segments.iter().rev() {
        if let Some(part) = segment.parts.first() {
            let end = after + segment.length().saturating_sub(part.duration);
            notes.check(Rule::Lh23s, Some(part.line), end <= reach, || {
                format!("a part {end:?} from the end, which is more than {reach:?}")
            });
        }
        after += segment.length();
    }
}
