//! The bytes of one rendition.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bridge_packager::playlist::media::Media;
use bridge_packager::rendition::RenditionName;
use bridge_packager::segment::{MediaSequenceNumber, Segment};
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::event::SegmentKey;

use super::recent::{Copy, Recent, n_bytes};
use super::times::Times;

mod growth;

#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) name: RenditionName,
    inits: BTreeMap<u32, Init>,
    /// Parts of segments that are not finished, by number of segment and place in it.
    open: BTreeMap<(u64, u32), Bytes>,
    /// Finished segments in memory, oldest first.
    recents: VecDeque<Recent>,
    /// Those that are on disk alone, oldest first. A window of hours has thousands, so that this is all that is kept.
    archived: VecDeque<Archived>,
    /// Those of them that no playlist lists any more, with the end of their availability.
    removed: VecDeque<(Archived, Instant)>,
    memory_bytes: u64,
    listed: Listed,
}

#[derive(Debug)]
struct Init {
    bytes: Bytes,
    /// The first segment that needs it.
    from: Option<u64>,
}

#[derive(Debug)]
struct Archived {
    number: u64,
    appeared_at: Instant,
    n_bytes: u32,
}

/// What playlists list, and how long they are.
#[derive(Debug, Default)]
struct Listed {
    /// First segment of the DVR playlist, and of the live playlist.
    first: u64,
    first_live: u64,
    /// The longest that each has been, which is how long a segment must be there after it first was listed, with its own
    /// duration (draft-pantos-hls-rfc8216bis section 6.2.2).
    longest: Duration,
    longest_live: Duration,
    last: Option<MediaSequenceNumber>,
}

/// What becomes of a segment that leaves memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It is on disk.
    Archived,
    /// It is nowhere any more, and no playlist lists it.
    Forgotten,
    /// It is nowhere any more, and a playlist lists it.
    Lost(u64),
}

impl Shelf {
    pub(super) fn new(name: RenditionName) -> Self {
        Self {
            name,
            inits: BTreeMap::new(),
            open: BTreeMap::new(),
            recents: VecDeque::new(),
            archived: VecDeque::new(),
            removed: VecDeque::new(),
            memory_bytes: 0,
            listed: Listed::default(),
        }
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    pub(super) fn insert_init(&mut self, number: u32, bytes: Bytes) {
        self.inits.insert(number, Init { bytes, from: None });
    }

    pub(super) fn insert_part(&mut self, part: (u64, u32), bytes: Bytes) {
        self.memory_bytes = self.memory_bytes.saturating_add(n_bytes(&bytes));
        if let Some(twice) = self.open.insert(part, bytes) {
            self.memory_bytes = self.memory_bytes.saturating_sub(n_bytes(&twice));
        }
    }

    /// A segment has all of its parts.
    pub(super) fn finish(&mut self, number: u64, now: Instant) -> Arc<[Bytes]> {
        // Whatever is left of segments before it, which nobody will ask for, goes.
        let rest = self.open.split_off(&(number.saturating_add(1), 0));
        let done = std::mem::replace(&mut self.open, rest);
        let (own, left): (Vec<_>, Vec<_>) =
            done.into_iter().partition(|((of, _), _)| *of == number);
        let left: u64 = left.iter().map(|(_, bytes)| n_bytes(bytes)).sum();
        self.memory_bytes = self.memory_bytes.saturating_sub(left);
        let parts: Arc<[Bytes]> = own.into_iter().map(|(_, bytes)| bytes).collect();
        let recent = Recent::new(number, Arc::clone(&parts), now);
        self.recents.push_back(recent);
        parts
    }

    /// The disk was told of the segment that was finished last.
    pub(super) fn owe_last(&mut self) {
        if let Some(last) = self.recents.back_mut() {
            last.copy = Copy::Owed;
        }
    }

    /// The next segment that only the DVR playlist lists and that will be on no disk. It must leave the playlist while it is
    /// still here: who was told of it has its availability left (section 6.2.2).
    pub(super) fn withdraw(&mut self) -> Option<u64> {
        let (first, first_live) = (self.listed.first, self.listed.first_live);
        let mut recents = self.recents.iter_mut();
        let is_aside = |number: u64| (first..first_live).contains(&number);
        let lost = recents.find(|recent| is_aside(recent.number) && recent.is_only_here())?;
        lost.is_withdrawn = true;
        Some(lost.number)
    }

    pub(super) fn on_listed(&mut self, media: &Media, tagged: Duration, now: Instant) {
        let number = |s: &Arc<Segment>| s.head.number;
        let last = media.segments.last().map(number);
        if last != self.listed.last {
            self.listed.last = last;
            self.on_segments(media);
        }
        let open = media.open.iter().flat_map(|(_, parts)| parts.iter());
        let mut to_end: Duration = open.map(|part| part.duration).sum();
        let mut untagged = None;
        for segment in media.segments.iter().rev() {
            if to_end >= tagged {
                untagged = Some(segment.head.number.0);
                break;
            }
            to_end = to_end.saturating_add(segment.duration);
        }
        for recent in &mut self.recents {
            if untagged.is_some_and(|last| recent.number <= last) && recent.untagged_at.is_none() {
                recent.untagged_at = Some(now);
            }
        }
    }

    fn on_segments(&mut self, media: &Media) {
        let number = |s: &Arc<Segment>| s.head.number.0;
        let next = media.next_part().0.0;
        let listed = &mut self.listed;
        listed.first = media.segments.first().map_or(next, number);
        listed.first_live = media.segments.get(media.live_from).map_or(next, number);
        listed.longest = listed.longest.max(media.duration());
        let live = media.segments.iter().skip(media.live_from);
        listed.longest_live = (listed.longest_live).max(live.map(|s| s.duration).sum());
        self.clear_inits(media);
    }

    /// An init section is needed as long as there is a segment that needs it: their numbers rise together.
    fn clear_inits(&mut self, media: &Media) {
        if let Some(last) = media.segments.last()
            && let Some(init) = self.inits.get_mut(&last.head.init.0)
        {
            init.from.get_or_insert(last.head.number.0);
        }
        let removed = self.removed.front().map(|(removed, _)| removed.number);
        let archived = self.archived.front().map(|archived| archived.number);
        let Some(oldest) = removed.or(archived).or(self.oldest()) else {
            return;
        };
        let is_of_oldest = |init: &Init| init.from.is_some_and(|from| from <= oldest);
        let mut inits = self.inits.iter().rev();
        let first = inits.find(|(_, init)| is_of_oldest(init)).map(|(n, _)| *n);
        if let Some(first) = first {
            self.inits = self.inits.split_off(&first);
        }
    }

    /// The number of the oldest segment in memory.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.recents.front().map(|recent| recent.number)
    }

    /// Whether the oldest segment in memory has had its time there: as parts, and as a segment if the disk has it not.
    pub(super) fn is_due(&self, times: &Times, now: Instant) -> bool {
        let Some(oldest) = self.recents.front() else {
            return false;
        };
        let parts_end = oldest.untagged_at.map(|at| at + times.parts);
        let as_parts = parts_end.is_some_and(|end| now > end);
        let live_end = oldest.appeared_at + times.segment + self.listed.longest_live;
        let as_segment = oldest.number < self.listed.first_live && now >= live_end;
        as_parts && (oldest.copy == Copy::OnDisk || as_segment)
    }

    /// The oldest segment leaves memory.
    pub(super) fn leave(&mut self) -> Option<Leaving> {
        let oldest = self.recents.pop_front()?;
        let bytes = oldest.n_bytes();
        self.memory_bytes = self.memory_bytes.saturating_sub(bytes);
        if oldest.copy == Copy::OnDisk {
            self.archived.push_back(Archived {
                number: oldest.number,
                appeared_at: oldest.appeared_at,
                n_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            });
            return Some(Leaving::Archived);
        }
        let is_gap = bytes == 0;
        let is_listed = oldest.number >= self.listed.first && !oldest.is_withdrawn;
        Some(if !is_listed || is_gap {
            Leaving::Forgotten
        } else {
            Leaving::Lost(oldest.number)
        })
    }

    /// Removes a segment that is on disk alone, if nothing lists it and it has had its time: its own duration and that of the
    /// longest playlist that listed it, since it appeared.
    pub(super) fn remove_archived(
        &mut self,
        segment: Duration,
        now: Instant,
    ) -> Option<SegmentKey> {
        let listed = &self.listed;
        while let Some(oldest) = self.archived.pop_front_if(|a| a.number < listed.first) {
            let end = oldest.appeared_at + segment + listed.longest;
            self.removed.push_back((oldest, end));
        }
        let (oldest, _) = self.removed.pop_front_if(|(_, end)| now >= *end)?;
        Some(self.key(oldest.number))
    }

    fn key(&self, number: u64) -> SegmentKey {
        SegmentKey {
            rendition: self.name.clone(),
            segment: MediaSequenceNumber(number),
        }
    }

    /// The disk has a segment. Says whether it is still of use.
    pub(super) fn on_stored(&mut self, number: u64) -> bool {
        let found = self.recents.iter_mut().find(|r| r.number == number);
        found.map(|recent| recent.copy = Copy::OnDisk).is_some()
    }

    /// The disk has a segment not, or not any more. Says whether it is lost by that.
    pub(super) fn on_unreadable(&mut self, number: u64) -> bool {
        if let Some(recent) = self.recents.iter_mut().find(|r| r.number == number) {
            recent.copy = Copy::None;
            return false;
        }
        self.removed.retain(|(removed, _)| removed.number != number);
        let Ok(at) = self.archived.binary_search_by_key(&number, |a| a.number) else {
            return false;
        };
        self.archived.remove(at).is_some() && number >= self.listed.first
    }

    pub(super) fn init(&self, number: u32) -> Option<&Bytes> {
        self.inits.get(&number).map(|init| &init.bytes)
    }

    pub(super) fn part(&self, segment: u64, part: u32) -> Option<&Bytes> {
        let in_recent = || self.recent(segment)?.get(usize::try_from(part).ok()?);
        self.open.get(&(segment, part)).or_else(in_recent)
    }

    /// The parts of a finished segment that is in memory.
    pub(super) fn recent(&self, number: u64) -> Option<&Arc<[Bytes]>> {
        let at = self.recents.binary_search_by_key(&number, |r| r.number);
        self.recents.get(at.ok()?).map(|recent| &recent.parts)
    }

    /// The size of a segment that is on disk alone.
    pub(super) fn archived_bytes(&self, number: u64) -> Option<u32> {
        let removed = self
            .removed
            .binary_search_by_key(&number, |(a, _)| a.number);
        if let Ok(at) = removed {
            return self.removed.get(at).map(|(removed, _)| removed.n_bytes);
        }
        let at = self.archived.binary_search_by_key(&number, |a| a.number);
        self.archived.get(at.ok()?).map(|archived| archived.n_bytes)
    }
}
