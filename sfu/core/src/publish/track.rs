//! A published track and its encodings.

use sfu_model::codec::MediaKind;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::limits::ENCODINGS_PER_TRACK_MAX;
use sfu_model::packet::Packet;
use sfu_model::rtp::Rid;
use sfu_model::time::Instant;

use crate::publish::capture_clock::CaptureClock;
use crate::publish::encoding::Encoding;
use crate::route::tracks::{EncodingOutline, TrackOutline};
use crate::session::engine::ReceivedRtp;

/// One audio or video source that a publisher sends.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) id: TrackId,
    pub(crate) kind: MediaKind,
    pub(crate) encodings: Vec<Encoding>,
}

impl Track {
    /// A track with the encodings that its offer announced, in the order of `a=simulcast`; none means one without a rid.
    ///
    /// `next_id` gives every encoding of the node its own number.
    pub(crate) fn new(
        id: TrackId,
        kind: MediaKind,
        rids: &[Rid],
        mut next_id: impl FnMut() -> EncodingId,
    ) -> Self {
        let rids: Vec<Option<Rid>> = if rids.is_empty() {
            vec![None]
        } else {
            rids.iter().copied().map(Some).collect()
        };
        let encodings = (0_u8..)
            .zip(rids)
            .take(ENCODINGS_PER_TRACK_MAX)
            .map(|(rank, rid)| Encoding::new(next_id(), rid, rank))
            .collect();
        Self {
            id,
            kind,
            encodings,
        }
    }

    /// The packet that a received one becomes. `Err` says that no encoding has its rid, `Ok(None)` that it is malformed.
    pub(crate) fn receive(
        &mut self,
        rtp: ReceivedRtp,
        clock: &mut CaptureClock,
    ) -> Result<Option<Packet>, UnknownEncoding> {
        let track = self.id;
        let encoding = self
            .encodings
            .iter_mut()
            .find(|e| e.rid == rtp.rid)
            .ok_or(UnknownEncoding)?;
        let size_before = encoding.sizes;
        let packet = encoding.receive(track, rtp, clock);
        if encoding.sizes != size_before {
            self.rank_by_size();
        }
        Ok(packet)
    }

    /// Ranks encodings by their picture size once all that flow have told theirs; rids say nothing reliable about it.
    /// Until then the order of the offer stands.
    fn rank_by_size(&mut self) {
        let mut areas: Vec<(u32, u8)> = Vec::with_capacity(self.encodings.len());
        for encoding in &self.encodings {
            match encoding.sizes.largest() {
                Some(size) => areas.push((size.area(), encoding.rank)),
                None if encoding.packets == 0 => {}
                None => return,
            }
        }
        // Equal sizes keep their order: the sort is stable over the present ranks.
        areas.sort_unstable();
        for encoding in &mut self.encodings {
            let Some(size) = encoding.sizes.largest() else {
                continue;
            };
            let position = areas
                .iter()
                .position(|a| *a == (size.area(), encoding.rank));
            if let Some(rank) = position.and_then(|p| u8::try_from(p).ok()) {
                encoding.rank = rank;
            }
        }
        self.move_unsized_encodings_up(areas.len());
    }

    /// Encodings that never sent rank above those that did, so that ranks stay distinct.
    fn move_unsized_encodings_up(&mut self, n_sized: usize) {
        let mut rank = u8::try_from(n_sized).unwrap_or(u8::MAX);
        for encoding in self.encodings.iter_mut().filter(|e| e.sizes.is_empty()) {
            encoding.rank = rank;
            rank = rank.saturating_add(1);
        }
    }

    /// What subscribers and other workers are told of it.
    pub(crate) fn outline(&self, now: Instant) -> TrackOutline {
        TrackOutline {
            id: self.id,
            kind: self.kind,
            encodings: self.encoding_outlines(now).collect(),
        }
    }

    /// True when that is what they were told already. It is asked at every timer of the publisher, and builds nothing.
    pub(crate) fn is_told(&self, told: &TrackOutline, now: Instant) -> bool {
        self.id == told.id
            && self.kind == told.kind
            && self
                .encoding_outlines(now)
                .eq(told.encodings.iter().cloned())
    }

    fn encoding_outlines(&self, now: Instant) -> impl Iterator<Item = EncodingOutline> {
        // The only encoding of a track has no alternative: it is never left for another.
        let is_alone = self.encodings.len() == 1;
        self.encodings.iter().map(move |e| EncodingOutline {
            id: e.id,
            rid: e.rid,
            rank: e.rank,
            codec: e.codec,
            sizes: e.sizes,
            is_flowing: is_alone || e.is_flowing(now),
            highest_layer: e.layers.highest(),
        })
    }
}

/// A packet with a rid that the offer did not announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownEncoding;
