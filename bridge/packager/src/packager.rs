//! The packager of one stream.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::time::{Instant, MediaTime};

use crate::alignment::Alignment;
use crate::config::Config;
use crate::event::Event;
use crate::ladder::Ladder;
use crate::listing::Listing;
use crate::rendition::RenditionName;
use crate::slot::Slot;
use crate::stats::Stats;

/// Renditions of a stream: a ladder of six, two kinds of sound, and the same again while one ladder replaces another.
const RENDITIONS_MAX: usize = 16;
/// A rendition that joins a stream which is listed already is listed itself once a player would find this many parts, the
/// hold-back of one.
const PARTS_OF_A_LATECOMER: u64 = 3;

/// There are [`RENDITIONS_MAX`] already, or one of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream has this rendition, or as many as it may have")]
pub struct CannotAdd;

/// Frames in; parts, segments and playlists out, as [`Event`]s. Any order of calls is legal.
#[derive(Debug)]
pub struct Packager {
    ladder: Ladder,
    listing: Listing,
    is_ended: bool,
}

impl Packager {
    /// A stream without renditions.
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            ladder: Ladder::new(config, now),
            listing: Listing::default(),
            is_ended: false,
        }
    }

    /// Frames of another rendition will come. It has a playlist from its first part on.
    pub fn add_rendition(&mut self, name: RenditionName, kind: MediaKind) -> Result<(), CannotAdd> {
        let is_there = self.ladder.slots.iter().any(|slot| slot.name == name);
        if is_there || self.ladder.slots.len() >= RENDITIONS_MAX {
            return Err(CannotAdd);
        }
        let is_late = self.ladder.slots.iter().any(Slot::is_listed);
        let parts_wanted = if is_late { PARTS_OF_A_LATECOMER } else { 1 };
        self.ladder.slots.push(Slot::new(name, kind, parts_wanted));
        Ok(())
    }

    /// Nothing more comes of a rendition, and nobody is to play it.
    pub fn remove_rendition(&mut self, name: &RenditionName) {
        self.ladder.slots.retain(|slot| slot.name != *name);
        self.tell();
    }

    /// A frame is whole.
    pub fn handle_frame(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        self.take(name, frame, false, now);
    }

    /// A rendition that gets nothing of its own at the moment shows this frame of another.
    pub fn handle_borrowed_frame(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        self.take(name, frame, true, now);
    }

    /// The first packet of the next frame is here: the frame before it lasts until then.
    pub fn handle_begins(&mut self, name: &RenditionName, time: MediaTime, now: Instant) {
        if !self.is_ended {
            self.ladder.expire(now);
            self.ladder.begins(name, time, now);
            self.settle(now);
        }
    }

    /// All pictures will have a keyframe at this time since the stream's zero: an encoder of ours makes it. Segments are cut
    /// there, where they may be, before it is here: sound, which is ahead of it, would else reach the time at which a
    /// segment is cut without a keyframe.
    pub fn expect_keyframe(&mut self, at: Duration, now: Instant) {
        if !self.is_ended {
            self.ladder.clock.adopt(at, now);
        }
    }

    /// Decoders of all renditions are to begin anew at this time since the stream's zero, where all pictures have a keyframe: one
    /// rendition will be in another format from there on. It is a discontinuity that costs nobody a picture, which it would if it
    /// came as a surprise.
    pub fn expect_break(&mut self, at: Duration) {
        self.ladder.clock.expect_break(at);
    }

    /// Whether all pictures have a keyframe on each multiple of [`crate::run::SEGMENT_LENGTH`] since the stream's zero from here
    /// on, because an encoder of ours makes them: then segments can be told of before they end.
    pub fn expect_regular(&mut self, is_regular: bool) {
        self.ladder.clock.runs.is_regular = is_regular;
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.is_ended {
            self.ladder.expire(now);
            self.settle(now);
        }
    }

    /// Nothing more will come.
    pub fn handle_end(&mut self, now: Instant) {
        if !self.is_ended {
            self.ladder.expire(now);
            self.ladder.end();
            self.is_ended = true;
            self.tell();
        }
    }

    /// What happened, oldest first.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.ladder.outbox.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.ladder.deadline().filter(|_| !self.is_ended)
    }

    /// What went otherwise than wished.
    pub fn stats(&self) -> Stats {
        let last = self.ladder.clock.last();
        Stats {
            discontinuities: last.map_or(0, |cut| cut.discontinuity_sequence),
            ..self.ladder.outbox.stats
        }
    }

    /// How the pictures of a rendition keep to the cuts. `None`: it has no frame yet.
    pub fn alignment(&self, name: &RenditionName) -> Option<Alignment> {
        let mut writers = self.ladder.writers();
        let writer = writers.find(|writer| writer.name == *name)?;
        Some(writer.alignment)
    }

    fn take(&mut self, name: &RenditionName, frame: &Frame, is_borrowed: bool, now: Instant) {
        if !self.is_ended {
            self.ladder.expire(now);
            self.ladder.take(name, frame, is_borrowed, now);
            self.settle(now);
        }
    }

    /// What follows from whatever happened.
    fn settle(&mut self, now: Instant) {
        self.ladder.settle(now);
        self.tell();
    }

    /// Playlists that are other than before, each once.
    fn tell(&mut self) {
        let Ladder {
            config,
            slots,
            outbox,
            ..
        } = &mut self.ladder;
        self.listing.tell(config, slots, self.is_ended, outbox);
    }
}
