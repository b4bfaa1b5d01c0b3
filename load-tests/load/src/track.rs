//! One track as a player gets it: counted from the plain headers, opened where that is needed.

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;

use crate::continuity::Continuity;
use crate::first_picture::{FirstPicture, Part};
use crate::missing::Missing;
use crate::reception::Reception;
use crate::rtp::RtpPacket;
use crate::srtp::Srtp;
use crate::stamp::Stamp;

/// Bytes in front of a retransmitted payload: the number that it had (RFC 4588 section 4).
const ORIGINAL_SEQUENCE_BYTES: usize = 2;

/// What a player knows of a track.
#[derive(Debug)]
pub(crate) struct Track {
    clock_hz: u32,
    pub(crate) continuity: Continuity,
    pub(crate) missing: Missing,
    pub(crate) first_picture: FirstPicture,
    /// What comes before a keyframe is of no use: the path may have lost the one that the server began with.
    waits_for_keyframe: bool,
    /// When a keyframe has to be asked for.
    pub(crate) keyframe_due_at: Option<Instant>,
    /// Of the media; retransmissions have their own stream, of which nothing is reported.
    pub(crate) reception: Option<Reception>,
    pub(crate) n_repairs: u64,
}

impl Track {
    pub(crate) fn new(kind: MediaKind) -> Self {
        Self {
            clock_hz: match kind {
                MediaKind::Audio => 48_000,
                MediaKind::Video => 90_000,
            },
            continuity: Continuity::default(),
            missing: Missing::default(),
            first_picture: FirstPicture::default(),
            waits_for_keyframe: false,
            keyframe_due_at: None,
            reception: None,
            n_repairs: 0,
        }
    }

    /// This track over a path that may lose its beginning.
    pub(crate) fn waiting_for_keyframe(self, waits_for_keyframe: bool) -> Self {
        Self {
            waits_for_keyframe,
            ..self
        }
    }

    /// Takes a packet of media. It is opened, and its stamp given, when `opens` says so, or when none of the track has
    /// been: what its numbers mean is learned from the first one.
    pub(crate) fn record(
        &mut self,
        packet: &RtpPacket<'_>,
        arrived_at: Instant,
        srtp: &mut Srtp,
        opens: bool,
    ) -> Option<Stamp> {
        let clock_hz = self.clock_hz;
        let reception = self
            .reception
            .get_or_insert_with(|| Reception::new(packet.ssrc, clock_hz));
        if reception.ssrc() != packet.ssrc {
            // A second sender of the track.
            self.continuity.record_foreign();
            return None;
        }
        let sequence = reception.record(packet.sequence, packet.timestamp, arrived_at);
        self.missing.record(sequence, arrived_at);
        let part = Part {
            sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
        };
        if !opens && self.continuity.record_unopened(sequence) {
            self.first_picture.record(part, None, arrived_at);
            return None;
        }
        let payload = srtp.open_rtp(packet.bytes, packet.header_bytes);
        let stamp = payload.and_then(|payload| Stamp::read(&payload));
        match stamp {
            Some(stamp) => {
                if !self.continuity.has_begun() {
                    if self.waits_for_keyframe && !stamp.is_keyframe {
                        self.keyframe_due_at.get_or_insert(arrived_at);
                        return None;
                    }
                    self.keyframe_due_at = None;
                    let n_before = u64::from(stamp.index_in_frame);
                    self.missing.record_before(sequence, n_before, arrived_at);
                }
                self.continuity.record(&stamp, sequence);
                let index = Some(stamp.index_in_frame);
                self.first_picture.record(part, index, arrived_at);
            }
            None => self.continuity.record_foreign(),
        }
        stamp
    }

    /// Takes a retransmission. One without a stamp is padding: a server probes with those.
    pub(crate) fn record_repair(
        &mut self,
        packet: &RtpPacket<'_>,
        arrived_at: Instant,
        srtp: &mut Srtp,
    ) {
        self.n_repairs += 1;
        let Some(payload) = srtp.open_rtp(packet.bytes, packet.header_bytes) else {
            self.continuity.record_foreign();
            return;
        };
        let Some((original, media)) = payload.split_first_chunk::<ORIGINAL_SEQUENCE_BYTES>() else {
            return;
        };
        if let (Some(reception), Some(stamp)) = (&self.reception, Stamp::read(media)) {
            let original = u16::from_be_bytes(*original);
            let sequence = crate::arrival_report::extend(original, reception.highest());
            self.missing.record(sequence, arrived_at);
            self.continuity.record_repair(&stamp);
            if !self.continuity.has_begun() {
                return;
            }
            let part = Part {
                sequence,
                timestamp: packet.timestamp,
                marker: packet.marker,
            };
            let index = Some(stamp.index_in_frame);
            self.first_picture.record(part, index, arrived_at);
        }
    }
}
