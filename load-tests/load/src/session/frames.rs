//! Whole frames: the engine makes packets of them, as the payload format of their codec says.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::{Frequency, MediaTime, Pt};

use super::{Session, SessionError, SessionEvent, Stream, std_instant};
use crate::recording::{H264Profile, VideoCodec};

/// constraint_set1_flag: with Baseline it makes Constrained Baseline (RFC 6184 section 8.1).
const CONSTRAINT_SET_1: u8 = 0x40;

/// Fragments and aggregates need it (RFC 6184 section 6.3).
const NON_INTERLEAVED: u8 = 1;

impl Session {
    /// Media can leave: what is written before goes nowhere.
    pub fn is_connected(&self) -> bool {
        self.rtc.is_connected()
    }

    /// RTP packets that left, retransmissions included.
    pub fn n_media_packets(&self) -> u64 {
        self.n_media_packets
    }

    /// Sends a frame, `at` this much media time.
    pub fn write_frame(
        &mut self,
        (kind, at): (MediaKind, Duration),
        bytes: Vec<u8>,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        let stream = self.streams.iter().zip(&self.sections);
        let mut of_kind = stream.filter(|(stream, _)| stream.kind == kind);
        let Some((Stream { pt, .. }, (_, mid))) = of_kind.next() else {
            return Ok(());
        };
        let (now, clock) = (std_instant(self.clock, self.clock.now()), clock_of(kind));
        let ticks = at.as_nanos() * u128::from(clock.get()) / 1_000_000_000;
        let time = MediaTime::new(u64::try_from(ticks).unwrap_or(u64::MAX), clock);
        if let Some(writer) = self.rtc.writer(*mid) {
            writer.write(*pt, now, time, bytes)?;
        }
        // The engine takes the next frame of a track once this one is in packets.
        self.handle_timeout(on_event)
    }
}

fn clock_of(kind: MediaKind) -> Frequency {
    match kind {
        MediaKind::Audio => Frequency::FORTY_EIGHT_KHZ,
        MediaKind::Video => Frequency::NINETY_KHZ,
    }
}

/// Of the payload types that the server has taken, the one that says best what the frames are.
pub(super) fn payload_type(rtc: &Rtc, accepted: &[Pt], codec: VideoCodec) -> Option<Pt> {
    let engine_codec = engine_codec(codec);
    let params = rtc.codec_config().params().iter();
    let of_codec = params.filter(|p| p.spec().codec == engine_codec && accepted.contains(&p.pt()));
    let VideoCodec::H264(profile) = codec else {
        return of_codec.map(|p| p.pt()).next();
    };
    let fragmented =
        of_codec.filter(|p| p.spec().format.packetization_mode == Some(NON_INTERLEAVED));
    let likeness = |id: Option<u32>| {
        let [_, idc, constraints, _] = id.unwrap_or_default().to_be_bytes();
        let said = H264Profile { idc, constraints };
        let is_constrained = |p: H264Profile| p.constraints & CONSTRAINT_SET_1 != 0;
        let has_idc = said.idc == profile.idc;
        (
            has_idc,
            has_idc && is_constrained(said) == is_constrained(profile),
        )
    };
    let best = fragmented.max_by_key(|p| likeness(p.spec().format.profile_level_id));
    best.map(|p| p.pt())
}

pub(super) fn engine_codec(codec: VideoCodec) -> Codec {
    match codec {
        VideoCodec::H264(_) => Codec::H264,
        VideoCodec::Vp8 => Codec::Vp8,
        VideoCodec::Vp9 => Codec::Vp9,
        VideoCodec::Av1 => Codec::Av1,
    }
}
