//! Where one period ends and the next begins: at discontinuities, and where a rendition has a gap or has had one, because
//! DASH numbers the segments of a period without holes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::rendition::RenditionOutline;
use crate::segment::Segment;

use super::Listed;

/// A run of segments with the same renditions.
#[derive(Debug)]
pub(crate) struct Period<'m> {
    pub(crate) id: String,
    /// Since the stream's zero.
    pub(crate) starts_at: Duration,
    pub(crate) representations: Vec<Representation<'m>>,
}

/// One rendition in one period.
#[derive(Debug)]
pub(crate) struct Representation<'m> {
    pub(crate) rendition: &'m RenditionOutline,
    pub(crate) epoch: &'m str,
    /// At least one, none of them a gap.
    pub(crate) segments: &'m [Arc<Segment>],
}

/// The periods of these renditions, oldest first.
///
/// One that begins at a discontinuity is named after it, and is so still when it is the oldest and its first segments are gone;
/// one that begins elsewhere has its number as well. The oldest starts at zero, the others where their first segment does. Media
/// times are those of the stream in all of them, so that this moves nothing that is played.
pub(crate) fn periods(listed: &[Listed]) -> Vec<Period<'_>> {
    let begins = begins(listed);
    let ends = begins.iter().skip(1).copied().chain([u64::MAX]);
    let mut periods = Vec::new();
    for (begin, end) in begins.iter().copied().zip(ends) {
        let all = listed.iter();
        let found = all.filter_map(|one| representation(one, begin, end));
        let representations: Vec<Representation<'_>> = found.collect();
        let starts = representations.iter().filter_map(Representation::starts_at);
        let Some(starts_at) = starts.min() else {
            continue;
        };
        let is_oldest = periods.is_empty();
        let sequence = representations
            .iter()
            .filter_map(|representation| representation.segments.first())
            .map(|segment| segment.head.discontinuity_sequence)
            .max()
            .unwrap_or(0);
        let firsts = || {
            representations
                .iter()
                .filter_map(|one| one.segments.first())
        };
        let is_of_discontinuity = firsts().any(|first| first.head.is_discontinuous);
        periods.push(Period {
            id: match is_oldest || is_of_discontinuity {
                true => format!("d{sequence}"),
                false => format!("d{sequence}n{begin}"),
            },
            starts_at: if is_oldest { Duration::ZERO } else { starts_at },
            representations,
        });
    }
    periods
}

impl Representation<'_> {
    fn starts_at(&self) -> Option<Duration> {
        let first = self.segments.first()?;
        Some(self.rendition.clock_rate.duration(first.head.starts_at.0))
    }
}

/// The numbers of segments that begin a period.
fn begins(listed: &[Listed]) -> BTreeSet<u64> {
    let mut begins = BTreeSet::new();
    for (_, media) in listed {
        let mut was_gap = None;
        for segment in media.segments.iter() {
            let is_other = was_gap.replace(segment.is_gap) != Some(segment.is_gap);
            if is_other || segment.head.is_discontinuous {
                begins.insert(segment.head.number.0);
            }
        }
    }
    begins
}

fn representation((rendition, media): &Listed, begin: u64, end: u64) -> Option<Representation<'_>> {
    let first = media.segments.first()?.head.number.0;
    let index = |number: u64| usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
    let (from, to) = (index(begin), index(end).min(media.segments.len()));
    let segments = media.segments.get(from..to)?;
    let is_there = segments.first().is_some_and(|segment| !segment.is_gap);
    is_there.then_some(Representation {
        rendition,
        epoch: &media.epoch,
        segments,
    })
}
