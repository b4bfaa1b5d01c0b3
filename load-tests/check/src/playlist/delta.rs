//! Delta updates (draft-pantos-hls-rfc8216bis section 6.2.5.1): what a player makes of them.

use super::media::{DateRange, Media};
use super::segment::Segment;

/// What a player has that had `old` and was given `delta`. The error says what it lacks.
pub fn reconstruct(old: &Media, delta: &Media) -> Result<Media, String> {
    let n_skipped: u64 = delta.skips.iter().map(|skip| skip.n_segments).sum();
    let end = delta.msn.saturating_add(n_skipped);
    let known = old.whole().filter(|s| (delta.msn..end).contains(&s.msn));
    let mut segments: Vec<Segment> = known.cloned().collect();
    if segments.len() as u64 != n_skipped {
        let n_known = segments.len();
        return Err(format!(
            "{n_skipped} segments from {} are skipped, of which {n_known} are known",
            delta.msn
        ));
    }
    let (map, key) = match segments.last() {
        Some(last) => (last.map.clone(), last.key.clone()),
        None => (None, None),
    };
    let mut is_inherited = true;
    for segment in &delta.segments {
        let mut segment = segment.clone();
        is_inherited &= !segment.has_own_map;
        if is_inherited {
            segment.map.clone_from(&map);
        }
        if segment.key.is_none() {
            segment.key.clone_from(&key);
        }
        segments.push(segment);
    }
    let mut new = Media {
        segments,
        skips: Vec::new(),
        date_ranges: date_ranges(old, delta),
        ..delta.clone()
    };
    new.number();
    Ok(new)
}

/// A delta with `RECENTLY-REMOVED-DATERANGES` leaves out what its reader has; any other names them all.
fn date_ranges(old: &Media, delta: &Media) -> Vec<DateRange> {
    let removed = delta
        .skips
        .iter()
        .find_map(|skip| skip.removed_date_ranges.as_ref());
    let Some(removed) = removed else {
        return delta.date_ranges.clone();
    };
    let is_new = |id: &String| delta.date_ranges.iter().any(|range| range.id == *id);
    let kept = old
        .date_ranges
        .iter()
        .filter(|range| !removed.contains(&range.id) && !is_new(&range.id));
    kept.chain(&delta.date_ranges).cloned().collect()
}

/// Where two playlists of the same moment differ, if they do.
pub fn difference(one: &Media, other: &Media) -> Option<String> {
    let numbers = [
        (one.msn == other.msn, "MEDIA-SEQUENCE"),
        (
            one.discontinuity_sequence == other.discontinuity_sequence,
            "DISCONTINUITY-SEQUENCE",
        ),
        (
            one.target_duration == other.target_duration,
            "TARGETDURATION",
        ),
        (one.part_target == other.part_target, "PART-TARGET"),
        (one.is_ended == other.is_ended, "ENDLIST"),
        (
            one.segments.len() == other.segments.len(),
            "the number of segments",
        ),
    ];
    if let Some((_, name)) = numbers.into_iter().find(|(is_same, _)| !is_same) {
        return Some(format!("{name} is another"));
    }
    for (a, b) in one.segments.iter().zip(&other.segments) {
        if let Some(name) = a.difference(b) {
            return Some(format!("segment {} has another {name}", a.msn));
        }
        let are_parts_same =
            a.parts.len() == b.parts.len() && a.parts.iter().zip(&b.parts).all(|(x, y)| x.is_as(y));
        // A delta leaves out parts only with their segment, which the reader has as they were when it read them.
        let is_in_both = !a.parts.is_empty() && !b.parts.is_empty();
        if is_in_both && !are_parts_same {
            return Some(format!("segment {} has other parts", a.msn));
        }
    }
    let texts = |media: &Media| {
        let mut texts: Vec<String> = media
            .date_ranges
            .iter()
            .map(|range| range.text.clone())
            .collect();
        texts.sort();
        texts
    };
    (texts(one) != texts(other)).then(|| "date ranges are others".to_owned())
}
