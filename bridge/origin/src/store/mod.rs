//! The bytes of a stream: what is recent in memory, what is older on disk by the server.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::server_control::ServerControl;
use bridge_packager::playlist::uri::MediaFile;
use bridge_packager::rendition::RenditionName;
use bridge_packager::segment::MediaSequenceNumber;
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::event::{Event, SegmentKey};
use crate::rendition::Slot;
use crate::response::Body;
use crate::stats::{Limit, Stats};

mod recent;
mod shelf;
mod times;

use shelf::{Leaving, Shelf};
use times::Times;

/// Bytes of media in memory of one stream: about 13 s of 40 Mb/s, a ladder of five renditions up to 4K. Past it the oldest
/// segments leave memory early: their parts are gone before a slow player has had its time, and where they are not on disk
/// yet, playlists begin later.
pub(crate) const MEMORY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Segments of one stream that the disk was told of and has not answered for: what it may owe us is as much as it takes in
/// about half a minute of five renditions. Past it a segment is not written, as if the disk had failed.
pub(crate) const DISK_WRITES_MAX: usize = 64;

#[derive(Debug)]
pub(crate) struct Store {
    has_disk: bool,
    times: Times,
    shelves: Vec<Shelf>,
    /// Segments that the disk was told of and has not answered for.
    writes: BTreeSet<SegmentKey>,
    is_failing: bool,
    /// The last segment that was lost while a playlist listed it: none begins before the one after it.
    lost_through: Option<u64>,
    events: VecDeque<Event>,
}

impl Store {
    pub(crate) fn new(control: &ServerControl, has_disk: bool) -> Self {
        Self {
            has_disk,
            times: Times::new(control),
            shelves: Vec::new(),
            writes: BTreeSet::new(),
            is_failing: false,
            lost_through: None,
            events: VecDeque::new(),
        }
    }

    /// One more rendition, with the next slot.
    pub(crate) fn add(&mut self, rendition: RenditionName) {
        self.shelves.push(Shelf::new(rendition));
    }

    pub(crate) fn lost_through(&self) -> Option<u64> {
        self.lost_through
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.shelves.iter().map(Shelf::memory_bytes).sum()
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(crate) fn insert_init(&mut self, slot: Slot, number: u32, bytes: Bytes) {
        if let Some(shelf) = self.shelves.get_mut(slot.0) {
            shelf.insert_init(number, bytes);
        }
    }

    pub(crate) fn insert_part(
        &mut self,
        slot: Slot,
        part: (u64, u32),
        bytes: Bytes,
        stats: &mut Stats,
    ) {
        if let Some(shelf) = self.shelves.get_mut(slot.0) {
            shelf.insert_part(part, bytes);
        }
        while self.memory_bytes() > MEMORY_BYTES_MAX {
            let with_oldest = self
                .shelves
                .iter_mut()
                .filter(|shelf| shelf.oldest().is_some());
            let Some(shelf) = with_oldest.min_by_key(|shelf| shelf.oldest()) else {
                break;
            };
            stats.on_limit(Limit::MemoryBytes);
            if let Some(leaving) = shelf.leave() {
                self.on_leave(leaving, stats);
            }
        }
    }

    /// A segment is whole: it goes to disk.
    pub(crate) fn finish(&mut self, slot: Slot, number: u64, now: Instant, stats: &mut Stats) {
        let Some(shelf) = self.shelves.get_mut(slot.0) else {
            return;
        };
        let parts = shelf.finish(number, now);
        let rendition = shelf.name.clone();
        if !self.has_disk || parts.iter().all(Bytes::is_empty) {
            return;
        }
        let segment = MediaSequenceNumber(number);
        let key = SegmentKey { rendition, segment };
        if self.writes.len() >= DISK_WRITES_MAX {
            stats.on_limit(Limit::DiskWrites);
            self.fail();
            return;
        }
        shelf.owe_last();
        self.writes.insert(key.clone());
        self.events.push_back(Event::ToDisk { key, parts });
    }

    /// A playlist lists this: what is not needed any more goes.
    pub(crate) fn on_listed(&mut self, slot: Slot, media: &Media, now: Instant, stats: &mut Stats) {
        if let Some(shelf) = self.shelves.get_mut(slot.0) {
            shelf.on_listed(media, self.times.parts, now);
        }
        self.clear(now, stats);
    }

    /// What has had its time goes.
    pub(crate) fn clear(&mut self, now: Instant, stats: &mut Stats) {
        for at in 0..self.shelves.len() {
            while let Some(shelf) = self.shelves.get_mut(at)
                && let Some(number) = shelf.withdraw()
            {
                self.on_leave(Leaving::Lost(number), stats);
            }
            while let Some(shelf) = self.shelves.get_mut(at)
                && shelf.is_due(&self.times, now)
                && let Some(leaving) = shelf.leave()
            {
                self.on_leave(leaving, stats);
            }
            let Some(shelf) = self.shelves.get_mut(at) else {
                continue;
            };
            while let Some(key) = shelf.remove_archived(self.times.segment, now) {
                self.events.push_back(Event::Delete { key });
            }
        }
    }

    fn on_leave(&mut self, leaving: Leaving, stats: &mut Stats) {
        match leaving {
            Leaving::Archived => stats.evictions = stats.evictions.saturating_add(1),
            Leaving::Forgotten => {}
            Leaving::Lost(number) => {
                stats.lost_segments = stats.lost_segments.saturating_add(1);
                self.lost_through = self.lost_through.max(Some(number));
            }
        }
    }

    /// The disk has a segment.
    pub(crate) fn on_stored(&mut self, key: &SegmentKey) {
        if !self.writes.remove(key) {
            return;
        }
        let is_kept = self
            .shelf_of(key)
            .is_some_and(|shelf| shelf.on_stored(key.segment.0));
        if !is_kept {
            // It came too late: nobody can be told of it any more.
            self.events.push_back(Event::Delete { key: key.clone() });
        }
        if self.is_failing {
            self.is_failing = false;
            self.events.push_back(Event::DiskWorks);
        }
    }

    /// The disk has not, or has lost, a segment. What is still in memory stays there for its time; what is not is lost.
    pub(crate) fn on_disk_error(&mut self, key: &SegmentKey, stats: &mut Stats) {
        let was_written = self.writes.remove(key);
        let is_lost = self
            .shelf_of(key)
            .is_some_and(|shelf| shelf.on_unreadable(key.segment.0));
        if is_lost {
            self.on_leave(Leaving::Lost(key.segment.0), stats);
        }
        if was_written || is_lost {
            self.fail();
        }
    }

    fn fail(&mut self) {
        if !self.is_failing {
            self.is_failing = true;
            self.events.push_back(Event::DiskFails);
        }
    }

    fn shelf_of(&mut self, key: &SegmentKey) -> Option<&mut Shelf> {
        let mut shelves = self.shelves.iter_mut();
        shelves.find(|shelf| shelf.name == key.rendition)
    }

    /// Whether a part is known, and be it as a gap.
    pub(crate) fn has_part(&self, slot: Slot, segment: u64, part: u32) -> bool {
        let shelf = self.shelves.get(slot.0);
        shelf.is_some_and(|shelf| shelf.part(segment, part).is_some())
    }

    /// The parts that there are of a segment, in order, as long as it is in memory: of one that is not finished too.
    pub(crate) fn parts(&self, slot: Slot, segment: u64) -> Vec<Bytes> {
        let shelf = self.shelves.get(slot.0);
        shelf.map_or_else(Vec::new, |shelf| shelf.parts(segment))
    }

    /// Whether a segment has all of its parts.
    pub(crate) fn is_finished(&self, slot: Slot, segment: u64) -> bool {
        let shelf = self.shelves.get(slot.0);
        shelf.is_some_and(|shelf| shelf.is_finished(segment))
    }

    /// Where the bytes of a file are.
    pub(crate) fn find(&self, slot: Slot, file: MediaFile) -> Option<Body> {
        let shelf = self.shelves.get(slot.0)?;
        let is_some = |bytes: &&Bytes| !bytes.is_empty();
        match file {
            MediaFile::Init(init) => shelf.init(init.0).cloned().map(Body::Bytes),
            MediaFile::Part(segment, part) => {
                let bytes = shelf.part(segment.0, part.0).filter(is_some);
                bytes.cloned().map(Body::Bytes)
            }
            MediaFile::Segment(segment) => {
                if let Some(parts) = shelf.recent(segment.0) {
                    let body = Body::Chunks(Arc::clone(parts));
                    return (body.length() > 0).then_some(body);
                }
                let length = u64::from(shelf.archived_bytes(segment.0)?);
                let rendition = shelf.name.clone();
                let key = SegmentKey { rendition, segment };
                Some(Body::Disk {
                    key,
                    range: 0..length,
                })
            }
        }
    }
}
