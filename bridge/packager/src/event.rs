//! What a packager tells: finished bytes, once, and the playlists that list them.

use std::sync::Arc;

use bytes::Bytes;

use crate::part::PartIndex;
use crate::playlist::media::Media;
use crate::rendition::{RenditionName, RenditionOutline};
use crate::segment::{InitNumber, MediaSequenceNumber};

/// Something that happened. Bytes come before the playlist that lists them.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new init section: its bytes can be served.
    Init {
        /// Of which rendition.
        rendition: RenditionName,
        /// Its number.
        init: InitNumber,
        /// `ftyp` and `moov`.
        bytes: Bytes,
    },
    /// A part is finished: its bytes can be served. A segment's bytes are those of its parts.
    Part {
        /// Of which rendition.
        rendition: RenditionName,
        /// Of which segment.
        segment: MediaSequenceNumber,
        /// Which part.
        index: PartIndex,
        /// One or more `moof` and `mdat`; empty where the part is a gap.
        bytes: Bytes,
    },
    /// A segment is whole: `n_parts` parts of it were told of.
    Segment {
        /// Of which rendition.
        rendition: RenditionName,
        /// Which.
        segment: MediaSequenceNumber,
        /// How many parts it has.
        n_parts: u32,
    },
    /// A rendition lists something else than before.
    Playlist(Arc<Media>),
    /// The renditions, or what is known of them, changed: what a multivariant playlist and an MPD list, best first.
    Renditions(Arc<[RenditionOutline]>),
    /// These renditions should send a keyframe now: a segment is to be cut.
    KeyframeWanted,
}
