//! What is listed stays what it is: segments, parts, hints, date ranges and URIs.

use std::collections::BTreeMap;

use crate::catalog::Rule;
use crate::playlist::attributes::Attributes;
use crate::playlist::media::{DateRange, Edge, Media};
use crate::playlist::segment::{Part, Segment};
use crate::report::Notes;

/// URIs that are remembered of a rendition; later ones are not looked at. A day of half-second parts is 200,000.
const URIS_MAX: usize = 200_000;

/// A playlist after another of the same rendition, whose numbers agree.
pub fn judge(old: &Media, new: &Media, notes: &mut Notes<'_>) {
    for segment in &new.segments {
        let Some(before) = old.segment(segment.msn) else {
            continue;
        };
        if before.is_whole() {
            let name = before.difference(segment);
            notes.check(Rule::Lh14, Some(segment.line), name.is_none(), || {
                format!(
                    "segment {} has another {}",
                    segment.msn,
                    name.unwrap_or_default()
                )
            });
        }
        if !before.parts.is_empty() && !segment.parts.is_empty() {
            let is_kept = are_kept(&before.parts, &segment.parts);
            notes.check(Rule::Lh14, Some(segment.line), is_kept, || {
                format!("segment {} has other parts than it had", segment.msn)
            });
        }
    }
    hinted(old, new, notes);
    date_ranges(old, new, notes);
}

/// Parts may follow, and the first of them may have been removed.
fn are_kept(old: &[Part], new: &[Part]) -> bool {
    let first = new.first().map(Part::piece);
    let removed = old.iter().position(|part| Some(part.piece()) == first);
    let Some(removed) = removed else {
        return false;
    };
    let kept = old.get(removed..).unwrap_or_default();
    kept.len() <= new.len() && kept.iter().zip(new).all(|(a, b)| a.is_as(b))
}

/// The part that stands where the hint said.
fn hinted(old: &Media, new: &Media, notes: &mut Notes<'_>) {
    let Some(hint) = old.hints.iter().find(|hint| hint.kind == "PART") else {
        return;
    };
    let Edge { msn, n_parts } = old.edge();
    let index = usize::try_from(n_parts).unwrap_or(usize::MAX);
    // A segment that ended earlier than was thought leaves its hint behind, which is allowed.
    if let Some(part) = new
        .segment(msn)
        .and_then(|segment| segment.parts.get(index))
    {
        let is_same = part.uri == hint.uri && starts_at(part) == hint.start.unwrap_or(0);
        notes.check(Rule::Lp03, Some(part.line), is_same, || {
            format!(
                "part {index} of {msn} is {}, and {} was hinted",
                part.uri, hint.uri
            )
        });
    }
}

fn starts_at(part: &Part) -> u64 {
    let range = part
        .byte_range
        .as_deref()
        .and_then(|range| range.split_once('@'));
    range.and_then(|(_, start)| start.parse().ok()).unwrap_or(0)
}

fn date_ranges(old: &Media, new: &Media, notes: &mut Notes<'_>) {
    let begins = new.segments.iter().find_map(|segment| segment.date_time);
    for range in &old.date_ranges {
        match new.date_ranges.iter().find(|later| later.id == range.id) {
            Some(later) => notes.check(
                Rule::Lh29,
                Some(later.line),
                is_continued(range, later),
                || format!("{} says otherwise than before", range.id),
            ),
            None => {
                let applies = range
                    .start
                    .zip(begins)
                    .is_some_and(|(start, begins)| start >= begins);
                notes.check(Rule::Lh29, Some(range.line), !applies, || {
                    format!("{} was removed, and its segments are there", range.id)
                });
            }
        }
    }
}

/// A date range may learn its end, and no more.
fn is_continued(old: &DateRange, later: &DateRange) -> bool {
    let lists = (Attributes::parse(&old.text), Attributes::parse(&later.text));
    let (Ok(old), Ok(later)) = lists else {
        return false;
    };
    old.names()
        .all(|name| old.quoted(name) == later.quoted(name) && old.bare(name) == later.bare(name))
}

/// Which piece of media each URI was.
#[derive(Debug, Default)]
pub struct Uris(BTreeMap<(String, Option<String>), (u64, Option<usize>)>);

impl Uris {
    /// Another playlist of the rendition.
    pub fn judge(&mut self, media: &Media, notes: &mut Notes<'_>) {
        for segment in &media.segments {
            self.segment(segment, notes);
        }
    }

    fn segment(&mut self, segment: &Segment, notes: &mut Notes<'_>) {
        let Segment { msn, line, .. } = segment;
        if let Some(uri) = &segment.uri
            && !segment.is_gap
        {
            self.piece(
                (uri, segment.byte_range.as_deref()),
                (*msn, None),
                *line,
                notes,
            );
        }
        // Where the first parts are gone, an index means another part.
        let length = segment.parts_length();
        let is_all = segment
            .duration
            .is_none_or(|whole| length.as_millis() + 20 >= whole.as_millis());
        for (index, part) in segment.parts.iter().enumerate().filter(|_| is_all) {
            if !part.is_gap {
                self.piece(part.piece(), (*msn, Some(index)), part.line, notes);
            }
        }
    }

    fn piece(
        &mut self,
        (uri, range): (&str, Option<&str>),
        place: (u64, Option<usize>),
        line: usize,
        notes: &mut Notes<'_>,
    ) {
        let key = (uri.to_owned(), range.map(str::to_owned));
        match self.0.get(&key) {
            Some(known) => {
                // A segment of one part may be that part's file.
                let is_same = *known == place
                    || (known.0 == place.0 && known.1.is_some() != place.1.is_some());
                notes.check(Rule::Av05, Some(line), is_same, || {
                    format!("{uri} is {place:?}, and was {known:?}")
                });
            }
            None if self.0.len() < URIS_MAX => {
                self.0.insert(key, place);
            }
            None => {}
        }
    }
}
