//! Where one period ends and the next begins: with each regular run, and a segment alone before one; elsewhere at
//! discontinuities, and where a rendition has a gap or has had one, because DASH numbers the segments of a period without
//! holes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::playlist::media::Media;
use crate::rendition::RenditionOutline;
use crate::run::{Run, SEGMENT_LENGTH};
use crate::segment::{InitNumber, MediaSequenceNumber, Segment};

use super::{Edge, Listed};

/// Segments with the same renditions.
#[derive(Debug)]
pub(crate) struct Period<'m> {
    pub(crate) id: String,
    /// Since the stream's zero.
    pub(crate) starts_at: Duration,
    /// `None`: its segments are listed.
    pub(crate) numbers: Option<Numbers>,
    pub(crate) representations: Vec<Representation<'m>>,
}

/// What numbers say in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// This segment begins with the period.
    pub(crate) first: MediaSequenceNumber,
    /// From one to the next.
    pub(crate) length: Duration,
    /// They can be asked for before they are whole.
    pub(crate) is_regular: bool,
}

/// What is listed before a regular run is left out so long after that began. Shaka Player takes the end of the last segment
/// that is listed for the present when it begins; who plays what is listed has come to the run by then.
const LISTED_BEFORE: Duration = Duration::from_secs(30);

/// One rendition in one period.
#[derive(Debug)]
pub(crate) struct Representation<'m> {
    pub(crate) rendition: &'m RenditionOutline,
    pub(crate) epoch: &'m str,
    pub(crate) init: InitNumber,
    /// Those that are whole. Where they are listed at least one, none of them a gap.
    pub(crate) segments: &'m [Arc<Segment>],
    /// Its last, where numbers say times and it is known. How many there are does not follow from when the period ends: the last
    /// begins nearly where its number says, and is as long as it happens to be.
    pub(crate) last: Option<MediaSequenceNumber>,
}

/// The runs of these renditions, by their first segments. Where only whole segments are told of, they make no difference.
pub(crate) type Runs = BTreeMap<u64, Run>;

pub(crate) fn runs(listed: &[Listed], edge: Edge) -> Runs {
    let all = listed.iter().filter(|_| edge == Edge::OpenSegments);
    let runs = all.flat_map(|(_, media)| media.runs.iter());
    runs.map(|run| (run.first.0, *run)).collect()
}

/// The periods of these renditions up to a time, oldest first. Media times are those of the stream in all of them.
pub(crate) fn periods<'m>(listed: &'m [Listed], runs: &Runs, now: Duration) -> Vec<Period<'m>> {
    let begins = begins(listed, runs);
    let ends = begins.iter().skip(1).copied().chain([u64::MAX]);
    let mut periods = Vec::new();
    for (begin, end) in begins.iter().copied().zip(ends) {
        let is_oldest = periods.is_empty();
        let period = match runs.get(&begin).filter(|run| run.is_regular) {
            Some(run) => regular(listed, run, end),
            None if is_single(runs, begin) => single(listed, begin, end),
            None => irregular(listed, is_oldest, begin, end),
        };
        periods.extend(period);
    }
    let is_over = |pair: &[Period<'_>]| match pair {
        [before, after] => {
            before.numbers.is_none()
                && after.numbers.is_some()
                && after.starts_at.saturating_add(LISTED_BEFORE) < now
        }
        _ => false,
    };
    let n_over = periods.windows(2).rposition(is_over).map_or(0, |at| at + 1);
    periods.split_off(n_over)
}

/// Whether one segment alone is between two runs, the next of which is regular.
fn is_single(runs: &Runs, begin: u64) -> bool {
    let next = runs.get(&begin.saturating_add(1));
    runs.contains_key(&begin) && next.is_some_and(|next| next.is_regular)
}

/// One segment as a period that needs no list: the first of a stream is one, and may not be listed before a regular run.
fn single(listed: &[Listed], begin: u64, end: u64) -> Option<Period<'_>> {
    let listed_alone = irregular(listed, false, begin, end)?;
    let ends = listed_alone.representations.iter().filter_map(|one| {
        let last = one.segments.last()?;
        Some(one.rendition.clock_rate.duration(last.head.starts_at.0) + last.duration)
    });
    let ends_at = ends.max()?;
    let number = MediaSequenceNumber(begin);
    let alone = |one| Representation {
        last: Some(number),
        ..one
    };
    Some(Period {
        id: format!("n{begin}"),
        numbers: Some(Numbers {
            first: number,
            length: ends_at.saturating_sub(listed_alone.starts_at),
            is_regular: false,
        }),
        representations: listed_alone
            .representations
            .into_iter()
            .map(alone)
            .collect(),
        ..listed_alone
    })
}

/// The numbers of segments that begin a period.
fn begins(listed: &[Listed], runs: &Runs) -> BTreeSet<u64> {
    let is_regular = |number: u64| {
        let run = runs.range(..=number).next_back();
        run.is_some_and(|(_, run)| run.is_regular)
    };
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
    // Once it is told of, a regular one is as it is, whatever becomes of its segments.
    begins.retain(|number| !is_regular(*number));
    let first_after = |number: u64| number.checked_sub(1).is_some_and(is_regular);
    begins.extend(runs.keys().filter(|n| is_regular(**n) || first_after(**n)));
    begins
}

/// A regular run is named after its first segment, and begins where that did, also when it is gone.
///
/// `None`: not all renditions have come to it, and one that comes later would be missing for a player that has its period by then;
/// or it is of none of them.
fn regular<'m>(listed: &'m [Listed], run: &Run, end: u64) -> Option<Period<'m>> {
    let all_have_come = listed
        .iter()
        .all(|(_, media)| last_begun(media) >= Some(run.first));
    let of_run = listed.iter().filter(|(_, media)| media.runs.contains(run));
    let is_ended = listed.iter().any(|(_, media)| media.is_ended);
    let last = (end < u64::MAX).then(|| MediaSequenceNumber(end.saturating_sub(1)));
    let found = of_run.filter_map(|(rendition, media)| {
        let segments = between(media, run.first.0, end);
        let open = media.open.as_ref().map(|(head, _)| head);
        let open = open.filter(|head| (run.first.0..end).contains(&head.number.0));
        let head = segments.first().map(|segment| &segment.head).or(open)?;
        Some(Representation {
            rendition,
            epoch: &media.epoch,
            init: head.init,
            segments,
            last: match segments.last().filter(|_| is_ended) {
                Some(segment) => Some(segment.head.number),
                None => last,
            },
        })
    });
    let representations: Vec<Representation<'_>> = found.collect();
    let first = match is_ended {
        false => run.first,
        // Who begins to play begins with what there is. The number of a moment is the same.
        true => first_there(&representations).unwrap_or(run.first),
    };
    (all_have_come && !representations.is_empty()).then(|| Period {
        id: format!("n{}", run.first.0),
        starts_at: run.starts_at(first),
        numbers: Some(Numbers {
            first,
            length: SEGMENT_LENGTH,
            is_regular: true,
        }),
        representations,
    })
}

/// The last segment that has begun.
fn last_begun(media: &Media) -> Option<MediaSequenceNumber> {
    let open = media.open.as_ref().map(|(head, _)| head.number);
    open.or(media.segments.last().map(|segment| segment.head.number))
}

fn first_there(representations: &[Representation<'_>]) -> Option<MediaSequenceNumber> {
    let firsts = representations
        .iter()
        .filter_map(|one| one.segments.first());
    firsts.map(|segment| segment.head.number).min()
}

/// One that begins at a discontinuity is named after it, and is so still when it is the oldest and its first segments are gone;
/// one that begins elsewhere has its number as well. The oldest starts at zero, the others where their first segment does.
fn irregular(listed: &[Listed], is_oldest: bool, begin: u64, end: u64) -> Option<Period<'_>> {
    let found = listed.iter().filter_map(|(rendition, media)| {
        let segments = between(media, begin, end);
        let first = segments.first().filter(|segment| !segment.is_gap)?;
        Some(Representation {
            rendition,
            epoch: &media.epoch,
            init: first.head.init,
            segments,
            last: None,
        })
    });
    let representations: Vec<Representation<'_>> = found.collect();
    let starts = representations.iter().filter_map(Representation::starts_at);
    let starts_at = starts.min()?;
    let firsts = || {
        representations
            .iter()
            .filter_map(|one| one.segments.first())
    };
    let sequence = firsts()
        .map(|first| first.head.discontinuity_sequence)
        .max();
    let sequence = sequence.unwrap_or(0);
    let is_of_discontinuity = firsts().any(|first| first.head.is_discontinuous);
    Some(Period {
        id: match is_oldest || is_of_discontinuity {
            true => format!("d{sequence}"),
            false => format!("d{sequence}n{begin}"),
        },
        starts_at: if is_oldest { Duration::ZERO } else { starts_at },
        numbers: None,
        representations,
    })
}

impl Representation<'_> {
    fn starts_at(&self) -> Option<Duration> {
        let first = self.segments.first()?;
        Some(self.rendition.clock_rate.duration(first.head.starts_at.0))
    }
}

/// The whole segments from a number on, before another.
fn between(media: &Media, begin: u64, end: u64) -> &[Arc<Segment>] {
    let first = media
        .segments
        .first()
        .map_or(0, |first| first.head.number.0);
    let index = |number: u64| usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
    let (from, to) = (index(begin), index(end).min(media.segments.len()));
    media.segments.get(from..to).unwrap_or_default()
}
