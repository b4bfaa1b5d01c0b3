//! One track as a player gets it: counted from the plain headers, opened where that is needed.

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;

use crate::encoding_runs::EncodingRuns;
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
    pub(crate) continuity: EncodingRuns,
    pub(crate) missing: Missing,
    pub(crate) first_picture: FirstPicture,
    /// What comes before a keyframe is of no use: the path may have lost the one that the server began with.
    waits_for_keyframe: bool,
    /// The first packet of each picture is opened: its encoding may not be that of the one before.
    opens_pictures: bool,
    /// The timestamp of the picture that came last.
    picture: Option<u32>,
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
            continuity: EncodingRuns::default(),
            opens_pictures: false,
            picture: None,
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

    /// This track in one of several encodings, which the server changes.
    pub(crate) fn changing_encoding(self, opens_pictures: bool) -> Self {
        Self {
            opens_pictures,
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
        let is_new = self.picture.replace(packet.timestamp) != Some(packet.timestamp);
        let opens = opens || (is_new && self.opens_pictures);
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
            self.continuity.record_repair(sequence);
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

#[cfg(test)]
mod tests {
    use str0m::crypto::dtls::SrtpProfile;
    use webrtc_srtp::context::Context;
    use webrtc_srtp::protection_profile::ProtectionProfile;

    use super::*;
    use crate::keys::Keys;
    use crate::stamp::STAMP_BYTES;

    const HEADER_BYTES: usize = 12;

    /// A player's side, and what the server seals with.
    fn keys() -> (Srtp, Context) {
        let profile = SrtpProfile::AEAD_AES_128_GCM;
        let keys = Keys {
            profile,
            is_client: true,
            material: vec![7; profile.keying_material_len()],
        };
        let aead = ProtectionProfile::AeadAes128Gcm;
        let server = Context::new(&[7; 16], &[7; 12], aead, None, None).unwrap();
        (Srtp::new(&keys).unwrap(), server)
    }

    /// Pictures of two packets, of which every third is a keyframe.
    fn sealed(server: &mut Context, packet: u8) -> Vec<u8> {
        let stamp = Stamp {
            kind: MediaKind::Video,
            encoding: 0,
            is_keyframe: (packet / 2).is_multiple_of(3),
            index_in_frame: u16::from(packet % 2),
            frame: u32::from(packet / 2),
            packet: u32::from(packet),
            sent_at: Instant::START,
        };
        let mut bytes = vec![0x80, 96, 0, packet, 0, 0, 0, packet / 2, 0, 0, 0, 5];
        bytes.resize(HEADER_BYTES + STAMP_BYTES, 0);
        assert!(stamp.write(&mut bytes));
        server.encrypt_rtp(&bytes).unwrap().to_vec()
    }

    /// The track after these packets.
    fn after(track: Track, packets: &[u8]) -> Track {
        let (mut player, mut server) = keys();
        let mut track = track;
        for packet in packets {
            let bytes = sealed(&mut server, *packet);
            let packet = RtpPacket::parse(&bytes).unwrap();
            track.record(&packet, Instant::START, &mut player, true);
        }
        track
    }

    #[test]
    fn a_track_that_waits_for_a_keyframe_asks_for_it_and_begins_there() {
        let new = || Track::new(MediaKind::Video).waiting_for_keyframe(true);
        let waiting = after(new(), &[2, 3]);
        assert!(!waiting.continuity.has_begun());
        assert_eq!(waiting.keyframe_due_at, Some(Instant::START));
        let begun = after(new(), &[2, 3, 6, 7]);
        assert_eq!(begun.keyframe_due_at, None);
        assert_eq!(begun.continuity.n_lost(&[8, 0, 0]), 0);
        assert_eq!(begun.continuity.faults().joined_without_keyframe, 0);
    }

    #[test]
    fn where_nothing_is_lost_a_beginning_without_a_keyframe_is_the_server_s_fault() {
        let track = after(Track::new(MediaKind::Video), &[2, 3]);
        assert_eq!(track.keyframe_due_at, None);
        assert_eq!(track.continuity.faults().joined_without_keyframe, 1);
    }

    #[test]
    fn the_lost_beginning_of_the_first_picture_is_asked_for() {
        let mut track = after(Track::new(MediaKind::Video), &[1]);
        let due_at = track.missing.due_at().unwrap();
        assert_eq!(track.missing.due(due_at), [0]);
    }
}
