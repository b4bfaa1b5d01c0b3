//! Synthetic media with a clock in it: what a camera and its encoder hand to RTP.

use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::{Dimensions, PictureNumbers};
use sfu_model::time::Instant;

use crate::chance::draw;
use crate::layers::{Place, Scalability, beat};
use crate::payload::{self, Part, Shot};
use crate::stamp::Stamp;

/// One packet that an encoder made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Extended RTP sequence number.
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Last packet of a frame.
    pub marker: bool,
    /// After the RTP header.
    pub payload: Vec<u8>,
    /// The Dependency Descriptor in its header, where it has one.
    pub descriptor: Option<Vec<u8>>,
}

/// How an encoder is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// What it makes.
    pub codec: Codec,
    /// Its rank among the track's encodings.
    pub rank: u8,
    /// Picture size, of the largest layer.
    pub dimensions: Dimensions,
    /// Its layers.
    pub mode: Scalability,
    /// Time between two frames.
    pub frame_interval: Duration,
    /// Packets of a frame of the largest layer that is no keyframe; a keyframe has [`KEYFRAME_FACTOR`] times as many.
    pub packets_per_frame: u16,
    /// Bytes of a payload.
    pub payload_bytes: usize,
}

/// How much larger a keyframe is than the frames after it.
pub const KEYFRAME_FACTOR: u16 = 4;

/// Opus frames of 20 ms.
pub const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

/// What discontinuous transmission sends in place of silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// A packet that only says that there is nothing, each [`COMFORT_INTERVAL`].
    Comfort,
    /// Not even that.
    Nothing,
}

/// How often Opus says that it is silent (RFC 7587 section 3.1.3).
pub const COMFORT_INTERVAL: Duration = Duration::from_millis(400);

/// The largest packet that holds no sound: its table of contents and a byte.
pub const COMFORT_BYTES: usize = 2;

/// One encoder at work.
#[derive(Clone, Debug)]
pub struct Source {
    encoder: Encoder,
    publisher: u32,
    frame: u32,
    first_timestamp: u32,
    began_at: Instant,
    next_at: Instant,
    next_sequence: u64,
    counters: PictureNumbers,
    first_frame_number: u16,
    since_keyframe: u32,
    /// The next frame is a keyframe.
    pub wants_keyframe: bool,
    /// It sends nothing, as an encoding that the bandwidth does not carry.
    pub is_paused: bool,
    /// It has nothing to say.
    pub silence: Option<Silence>,
    last_sent_at: Option<Instant>,
    /// Keyframes so far.
    pub n_keyframes: u32,
}

impl Source {
    /// An encoder that makes its first frame at `now`. Where its counters begin is drawn, near enough to their ends that
    /// a short run meets the wrap.
    pub fn new(encoder: Encoder, publisher: u32, seed: u64, now: Instant) -> Self {
        let draw = |question: u64| {
            draw(
                seed,
                &[question, u64::from(publisher), u64::from(encoder.rank)],
            )
        };
        #[expect(clippy::cast_possible_truncation, reason = "drawn bits")]
        let word = |question: u64| draw(question) as u32;
        Self {
            encoder,
            publisher,
            frame: 0,
            first_timestamp: u32::MAX - (word(1) % 900_000),
            began_at: now,
            next_at: now,
            next_sequence: u64::from(u16::MAX) - u64::from(word(2) % 3_000),
            first_frame_number: u16::MAX - (word(6) % 300) as u16,
            since_keyframe: 0,
            counters: PictureNumbers {
                picture_id: Some(0x7fff - (word(3) % 200) as u16),
                tl0_picture_index: Some(word(4) as u8),
                key_index: Some(word(5) as u8 & 0x1f),
            },
            wants_keyframe: true,
            is_paused: false,
            silence: None,
            last_sent_at: None,
            n_keyframes: 0,
        }
    }

    /// Its set-up.
    pub fn encoder(&self) -> Encoder {
        self.encoder
    }

    /// Makes frames of this size from the next one on, which is a keyframe.
    pub fn resize(&mut self, dimensions: Dimensions) {
        self.encoder.dimensions = dimensions;
        self.wants_keyframe = true;
    }

    /// When its next frame is due.
    pub fn poll_timeout(&self) -> Instant {
        self.next_at
    }

    /// The packets of the frame that is due; none when none is, or while paused.
    pub fn poll(&mut self, now: Instant) -> Vec<Made> {
        if self.next_at > now {
            return Vec::new();
        }
        let captured_at = self.next_at;
        self.next_at += self.encoder.frame_interval;
        if self.is_paused || self.says_nothing_at(captured_at) {
            return Vec::new();
        }
        self.last_sent_at = Some(captured_at);
        let is_video = self.encoder.codec.kind() == MediaKind::Video;
        let is_keyframe = is_video && std::mem::take(&mut self.wants_keyframe);
        if is_keyframe {
            self.n_keyframes += 1;
            self.since_keyframe = 0;
            self.counters.key_index = self
                .counters
                .key_index
                .map(|i| i.wrapping_add(payload::KEY_INDEX_STEPS_PER_KEYFRAME) & 0x1f);
        }
        let beat = beat(self.encoder.codec, self.encoder.mode, self.since_keyframe);
        if beat.temporal == 0 {
            let next = |index: u8| index.wrapping_add(1);
            self.counters.tl0_picture_index = self.counters.tl0_picture_index.map(next);
        }
        let mut packets = Vec::new();
        for spatial in 0..self.encoder.mode.spatial {
            let shot = Shot {
                place: Place::new(self.encoder.mode, beat, spatial, is_keyframe),
                is_key_picture: is_keyframe,
                since_keyframe: self.since_keyframe,
                is_sync: beat.is_sync,
                #[expect(clippy::cast_possible_truncation, reason = "the wire wraps")]
                frame_number: self.first_frame_number.wrapping_add(self.frame as u16),
                counters: self.counters,
            };
            self.frame(shot, captured_at, &mut packets);
            self.frame += 1;
        }
        if self.silence.is_some() {
            for packet in &mut packets {
                packet.payload.truncate(COMFORT_BYTES);
            }
        }
        self.since_keyframe += 1;
        let next = |id: u16| id.wrapping_add(1) & 0x7fff;
        self.counters.picture_id = self.counters.picture_id.map(next);
        packets
    }

    /// The packets of one frame: one third of what the next larger layer has, about as browsers divide a bitrate.
    fn frame(&mut self, shot: Shot, captured_at: Instant, packets: &mut Vec<Made>) {
        let below_top = self.encoder.mode.spatial - 1 - shot.place.layer.spatial;
        let share = 3_u16.pow(u32::from(below_top));
        let factor = if shot.is_key_picture {
            KEYFRAME_FACTOR
        } else {
            1
        };
        let n_packets = (self.encoder.packets_per_frame / share).max(1) * factor;
        for index in 0..n_packets {
            let packet = self.packet((index, n_packets), shot, captured_at);
            packets.push(packet);
        }
    }

    fn says_nothing_at(&self, captured_at: Instant) -> bool {
        match self.silence {
            None => false,
            Some(Silence::Nothing) => true,
            Some(Silence::Comfort) => self
                .last_sent_at
                .is_some_and(|at| captured_at - at < COMFORT_INTERVAL),
        }
    }

    /// Lets what is due go by unseen: nobody is connected yet.
    pub fn skip(&mut self, now: Instant) {
        while self.next_at <= now {
            self.next_at += self.encoder.frame_interval;
        }
    }

    fn packet(
        &mut self,
        (packet_index, n_packets): (u16, u16),
        shot: Shot,
        captured_at: Instant,
    ) -> Made {
        let codec = self.encoder.codec;
        let spatial = shot.place.layer.spatial;
        let part = Part {
            stamp: Stamp {
                publisher: self.publisher,
                kind: codec.kind(),
                rank: self.encoder.rank,
                is_keyframe: shot.is_key_picture && spatial == 0,
                frame: self.frame,
                place: shot.place,
                packet_index,
                n_packets,
                captured_at,
            },
            dimensions: self.encoder.dimensions,
            shot,
        };
        let nanos = i64::try_from((captured_at - self.began_at).as_nanos()).unwrap_or(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the wire wraps"
        )]
        let elapsed = codec.clock_rate().ticks_in_nanos(nanos) as u32;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Made {
            sequence,
            timestamp: self.first_timestamp.wrapping_add(elapsed),
            marker: packet_index + 1 == n_packets
                && spatial + 1 == self.encoder.mode.spatial
                && codec.kind() == MediaKind::Video,
            descriptor: payload::descriptor(codec, &part),
            payload: payload::write(codec, &part, self.encoder.payload_bytes),
        }
    }
}
