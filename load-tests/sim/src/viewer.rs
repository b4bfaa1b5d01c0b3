//! A scripted player: records every packet, decodes the video, and asks for keyframes as a browser does.

use std::collections::BTreeSet;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::PictureNumbers;
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;
use str0m::media::Pt;
use str0m::rtp::{AbsCaptureTime, ExtensionValues, RtpHeader, RtpPacket};

use crate::decoder::Decoder;
use crate::descriptor;
use crate::payload;
use crate::payload::red::{self, Earlier};
use crate::publisher::VIDEO_CODECS;
use crate::receiver::{self, Wire};
use crate::repair_requests::RepairRequests;
use crate::screen::Screen;
use crate::session::{BrowserSession, Section};
use crate::source::COMFORT_BYTES;
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
    pub vp8: Option<PictureNumbers>,
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
    /// Where its pictures are seen.
    pub screen: Screen,
    /// Video packets that came after one with a higher number: by repair, where nothing is reordered.
    pub n_video_late: usize,
    /// Packets without a payload, as those that only try what a path carries.
    pub n_padding: usize,
    /// Numbers of the video that came without a payload: what had them was not for this player.
    pub filled: BTreeSet<u64>,
    /// Packets of sound that never came by themselves, or not yet, and were heard out of a later one (RFC 2198).
    pub n_audio_recovered: usize,
    /// Packets of no sound: when they came, their numbers and times.
    pub comfort: Vec<(Instant, u64, u64)>,
    /// What packets said of their capture.
    pub capture_times: Vec<(Stamp, AbsCaptureTime)>,
    /// How long they said that pictures may be held back, and when they came.
    pub playout_delays: Vec<(Instant, u64, u64)>,
    /// Numbers of the audio that has been heard.
    pub(crate) heard: BTreeSet<u64>,
    /// Numbers of the video packets that came.
    pub(crate) seen: BTreeSet<u64>,
    pub(crate) newest_video: Option<Received>,
    pub(crate) requests: RepairRequests,
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
        if packet.payload.is_empty() {
            self.n_padding += 1;
            self.on_padding(packet, session, now);
            return;
        }
        let times = &packet.header.ext_vals;
        if let (Some(min), Some(max)) = (times.play_delay_min, times.play_delay_max) {
            self.playout_delays.push((now, min.numer(), max.numer()));
        }
        if packet.payload.len() <= COMFORT_BYTES {
            self.comfort
                .push((now, *packet.seq_no, packet.time.numer()));
            return;
        }
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
        if let Some(time) = times.abs_capture_time {
            self.capture_times.push((stamp, time));
        }
        match stamp.kind {
            MediaKind::Audio => {
                if session.is_red(packet.header.payload_type) {
                    self.on_red(received, &packet.payload);
                }
                self.on_audio(received);
            }
            MediaKind::Video => {
                let Some(wire) = Self::wire(
                    packet.header.payload_type,
                    session,
                    &packet.header.ext_vals,
                    &packet.payload,
                ) else {
                    self.n_damaged += 1;
                    return;
                };
                if self.newest_video.is_none() {
                    session.leave_repairs(packet.header.ssrc);
                }
                self.on_video(received, wire, session);
            }
        }
    }

    /// Takes a packet before its engine judges it: a repair (RFC 4588) of what the engine has given up counts, too.
    pub fn receive_repair(
        &mut self,
        header: &RtpHeader,
        payload: &[u8],
        session: &mut BrowserSession,
        now: Instant,
    ) {
        let Some(payload_type) = session.repaired(header.payload_type) else {
            return;
        };
        let (Some((number, payload)), Some(newest)) =
            (payload.split_first_chunk(), self.newest_video)
        else {
            return;
        };
        let back = (newest.sequence as u16).wrapping_sub(u16::from_be_bytes(*number)) as i16;
        let sequence = newest.sequence.wrapping_add_signed(-i64::from(back));
        if payload.is_empty() {
            self.fill(sequence, newest.ssrc, session, now);
            return;
        }
        let Some(stamp) = Stamp::read(payload) else {
            return;
        };
        let Some(wire) = Self::wire(payload_type, session, &header.ext_vals, payload) else {
            self.n_damaged += 1;
            return;
        };
        let earlier = (newest.time as u32).wrapping_sub(header.timestamp) as i32;
        let repaired = Received {
            at: now,
            payload_type: *payload_type,
            sequence,
            time: newest.time.wrapping_add_signed(-i64::from(earlier)),
            marker: header.marker,
            vp8: payload::vp8_numbers(payload),
            stamp,
            ..newest
        };
        self.on_video(repaired, wire, session);
    }

    /// Asks for what it misses: a compound packet in the clear.
    pub(crate) fn poll_requests(&mut self, now: Instant) -> Option<Vec<u8>> {
        let media = Ssrc(self.newest_video?.ssrc);
        self.requests.poll(media, now)
    }

    /// When [`Self::poll_requests`] has something to ask for.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.requests.poll_timeout()
    }

    /// Padding under a number of the video takes its place there.
    fn on_padding(&mut self, packet: &RtpPacket, session: &mut BrowserSession, now: Instant) {
        let ssrc = *packet.header.ssrc;
        if self.video.first().map(|first| first.ssrc) == Some(ssrc) {
            self.fill(*packet.seq_no, ssrc, session, now);
        }
    }

    fn fill(&mut self, sequence: u64, ssrc: u32, session: &mut BrowserSession, now: Instant) {
        self.filled.insert(sequence);
        let _ = self.requests.receive(sequence, now);
        if self.decoder.fill(sequence, now) {
            self.n_keyframe_requests += 1;
            session.request_keyframe(ssrc.into());
        }
        self.show_new();
    }

    fn wire(
        payload_type: Pt,
        session: &BrowserSession,
        extensions: &ExtensionValues,
        payload: &[u8],
    ) -> Option<Wire> {
        let of = |codec: &Codec| session.is_of(payload_type, *codec);
        let codec = VIDEO_CODECS.into_iter().find(of)?;
        Wire::read(codec, payload, descriptor::of(extensions))
    }

    fn show_new(&mut self) {
        let n_before = self.screen.shown.len();
        for picture in self.decoder.shown.iter().skip(n_before) {
            self.screen.take(*picture);
        }
    }

    fn on_audio(&mut self, received: Received) {
        self.heard.insert(received.sequence);
        self.audio.push(received);
    }

    /// What a packet of sound carries of those before it: heard where they were not. Their frames say which they are.
    fn on_red(&mut self, received: Received, payload: &[u8]) {
        let Some(frames) = red::earlier(payload) else {
            self.n_damaged += 1;
            return;
        };
        let is_sound = |frame: &Earlier<'_>| frame.payload.len() > COMFORT_BYTES;
        for frame in frames.into_iter().filter(is_sound) {
            let Some(stamp) = Stamp::read(frame.payload) else {
                self.n_damaged += 1;
                continue;
            };
            let back = u64::from(received.stamp.frame.wrapping_sub(stamp.frame));
            let sequence = received.sequence.wrapping_sub(back);
            if !self.heard.contains(&sequence) {
                self.n_audio_recovered += 1;
                self.on_audio(Received {
                    sequence,
                    time: received.time.wrapping_sub(u64::from(frame.offset)),
                    stamp,
                    ..received
                });
            }
        }
    }

    fn on_video(&mut self, received: Received, wire: Wire, session: &mut BrowserSession) {
        if !self.seen.insert(received.sequence) {
            return;
        }
        self.video.push(received);
        let sequence = received.sequence;
        match self.newest_video {
            Some(newest) if newest.sequence > sequence => self.n_video_late += 1,
            Some(_) | None => self.newest_video = Some(received),
        }
        let is_hopeless = self.requests.receive(sequence, received.at);
        let packet = receiver::Packet {
            sequence,
            time: received.time,
            marker: received.marker,
            wire,
            stamp: received.stamp,
        };
        let asks = self.decoder.receive(packet, received.at);
        self.show_new();
        if let Some(next) = self.decoder.next() {
            self.requests.forget_before(next);
        }
        if asks || is_hopeless {
            self.n_keyframe_requests += 1;
            session.request_keyframe(received.ssrc.into());
        }
    }
}
