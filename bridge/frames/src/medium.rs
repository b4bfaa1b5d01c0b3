//! What a publisher sends of a medium: its track, the encodings of it, and the clock that they share.

use sfu_model::codec::ClockRate;
use sfu_model::frame::Discontinuity;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::SPATIAL_LAYERS_MAX;
use sfu_model::limits::ENCODINGS_PER_TRACK_MAX;
use sfu_model::packet::Packet;

use crate::pictures::Pictures;
use crate::sound::Sound;
use crate::stage::SourceState;
use crate::sync::media_clock::MediaClock;

/// What a publisher sends of a medium, and what stays when it is replaced.
#[derive(Debug)]
pub(crate) struct Medium<E> {
    pub(crate) track: Option<TrackId>,
    pub(crate) encodings: Vec<E>,
    pub(crate) clock: MediaClock,
    /// By rank.
    pub(crate) sources: Vec<SourceState>,
}

#[derive(Debug)]
pub(crate) struct SoundEncoding {
    pub(crate) id: EncodingId,
    pub(crate) sound: Sound,
}

#[derive(Debug)]
pub(crate) struct PictureEncoding {
    pub(crate) id: EncodingId,
    /// `None`: another encoding has taken its rank, and its next packet will say which it has.
    pub(crate) rank: Option<u8>,
    pub(crate) pictures: Pictures,
}

impl<E> Medium<E> {
    pub(crate) fn new(ticks_per_second: u32, sources: Vec<SourceState>) -> Self {
        Self {
            track: None,
            encodings: Vec::new(),
            clock: MediaClock::new(ClockRate(ticks_per_second)),
            sources,
        }
    }

    /// Its track has ended; which that was.
    pub(crate) fn end(&mut self) -> Option<TrackId> {
        self.encodings.clear();
        self.clock.restart();
        for source in &mut self.sources {
            source.mark(Discontinuity::Publisher);
        }
        self.track.take()
    }
}

/// How an encoding came to its rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It had it.
    Not,
    /// The encodings were ranked anew.
    FromAnotherRank,
}

impl Medium<PictureEncoding> {
    /// Gives a packet's encoding its rank, which whoever had it has no more. `None`: there is no such rank, or there are
    /// encodings enough.
    pub(crate) fn claim(&mut self, packet: &Packet) -> Option<Moved> {
        let rank = packet.layer.spatial;
        if rank >= SPATIAL_LAYERS_MAX {
            return None;
        }
        let known = self.encodings.iter().position(|e| e.id == packet.encoding);
        if known.is_none() {
            if self.encodings.len() >= ENCODINGS_PER_TRACK_MAX {
                return None;
            }
            self.encodings.push(PictureEncoding {
                id: packet.encoding,
                rank: None,
                pictures: Pictures::new(packet)?,
            });
        }
        for other in &mut self.encodings {
            if other.id != packet.encoding && other.rank == Some(rank) {
                other.rank = None;
            }
        }
        let encoding = self
            .encodings
            .iter_mut()
            .find(|e| e.id == packet.encoding)?;
        let before = encoding.rank.replace(rank);
        let is_new = known.is_none();
        Some(if is_new || before == Some(rank) {
            Moved::Not
        } else {
            Moved::FromAnotherRank
        })
    }
}
