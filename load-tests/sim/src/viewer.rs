//! A scripted player: records every packet, decodes the video, and asks for keyframes as a browser does.

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::Vp8Numbers;
use sfu_model::time::Instant;
use str0m::rtp::RtpPacket;

use crate::decoder::Decoder;
use crate::payload;
use crate::publisher::VIDEO_CODECS;
use crate::session::{BrowserSession, Section};
use crate::stamp::Stamp;

/// One packet as it reached a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// Whose stream it says to be.
    pub ssrc: u32,
    /// How it says it is encoded.
    pub payload_type: u8,
    /// Extended sequence number.
    pub sequence: u64,
    /// Unwrapped RTP timestamp.
    pub time: u64,
    /// Last packet of a picture.
    pub marker: bool,
    /// The counters of a VP8 descriptor.
    pub vp8: Option<Vp8Numbers>,
    /// The truth about it.
    pub stamp: Stamp,
}

/// What a player has seen and heard.
#[derive(Debug, Default)]
pub struct Viewer {
    /// Every audio packet, in the order of arrival.
    pub audio: Vec<Received>,
    /// Every video packet, in the order of arrival.
    pub video: Vec<Received>,
    /// The video decoder.
    pub decoder: Decoder,
    /// Packets whose payload was not what a source wrote.
    pub n_damaged: usize,
    /// Keyframe requests that it sent.
    pub n_keyframe_requests: usize,
}

impl Viewer {
    /// Codecs that its session offers.
    pub fn codecs() -> Vec<Codec> {
        VIDEO_CODECS.into_iter().chain([Codec::Opus]).collect()
    }

    /// The sections of its offer.
    pub fn sections() -> Vec<Section> {
        vec![
            Section::Receive(MediaKind::Audio),
            Section::Receive(MediaKind::Video),
        ]
    }

    /// Takes a packet.
    pub fn receive(&mut self, packet: &RtpPacket, session: &mut BrowserSession, now: Instant) {
        let Some(stamp) = Stamp::read(&packet.payload) else {
            self.n_damaged += 1;
            return;
        };
        let received = Received {
            at: now,
            ssrc: *packet.header.ssrc,
            payload_type: *packet.header.payload_type,
            sequence: *packet.seq_no,
            time: packet.time.numer(),
            marker: packet.header.marker,
            vp8: payload::vp8_numbers(&packet.payload),
            stamp,
        };
        match stamp.kind {
            MediaKind::Audio => self.audio.push(received),
            MediaKind::Video => {
                self.video.push(received);
                let asks = self
                    .decoder
                    .receive(received.sequence, stamp, received.marker, now);
                if asks {
                    self.n_keyframe_requests += 1;
                    session.request_keyframe(packet.header.ssrc);
                }
            }
        }
    }
}
