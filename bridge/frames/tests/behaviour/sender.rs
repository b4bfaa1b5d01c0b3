//! One RTP stream of a publisher, as the SFU hands it on.

use std::time::Duration;

use sfu_model::codec::Codec;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::{Extensions, Packet, PayloadFacts};
use sfu_model::rtp::SeqNo;
use sfu_model::time::{Instant, MediaTime};

/// A sender of pictures or sound.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) track: u64,
    pub(crate) encoding: u64,
    pub(crate) rank: u8,
    pub(crate) codec: Codec,
    pub(crate) sequence: u64,
    /// The RTP timestamp of the start of our clock.
    pub(crate) rtp_base: u64,
    /// Millionths by which its clock runs too fast.
    pub(crate) fast_ppm: i64,
    /// By how much its capture times are wrong.
    pub(crate) report_error_ms: i64,
    /// From capture to the first byte here.
    pub(crate) delay: Duration,
    pub(crate) n_pictures: u32,
}

pub(crate) fn at_ms(ms: u64) -> Instant {
    Instant::START + Duration::from_millis(ms)
}

pub(crate) fn at_us(us: u64) -> Instant {
    Instant::START + Duration::from_micros(us)
}

impl Sender {
    pub(crate) fn video(rank: u8) -> Self {
        Self {
            track: 1,
            encoding: 10 + u64::from(rank),
            rank,
            codec: Codec::Vp8,
            sequence: 5_000 + 100 * u64::from(rank),
            rtp_base: 1_000_000_007 * (u64::from(rank) + 1),
            fast_ppm: 0,
            report_error_ms: 0,
            delay: Duration::from_millis(20),
            n_pictures: 0,
        }
    }

    pub(crate) fn audio() -> Self {
        Self {
            track: 2,
            encoding: 20,
            rank: 0,
            codec: Codec::Opus,
            rtp_base: 77_777,
            ..Self::video(0)
        }
    }

    /// The same medium of a publisher that came back: other ids and clocks.
    pub(crate) fn reconnected(&self) -> Self {
        Self {
            track: self.track + 100,
            encoding: self.encoding + 100,
            sequence: 60_000,
            rtp_base: self.rtp_base.wrapping_mul(7),
            ..self.clone()
        }
    }

    /// The RTP timestamp of what is captured then.
    fn rtp(&self, captured: Instant) -> MediaTime {
        let rate = i128::from(self.codec.clock_rate().0);
        let nanos = i128::from(captured.as_nanos()) * (1_000_000 + i128::from(self.fast_ppm));
        // Rounded once, as one capture clock is.
        let ticks = (nanos / 1_000_000 * rate + 500_000_000) / 1_000_000_000;
        MediaTime(self.rtp_base.wrapping_add(u64::try_from(ticks).unwrap()))
    }

    pub(crate) fn packet(&mut self, captured: Instant, payload: &[u8]) -> Packet {
        self.sequence += 1;
        let error = Duration::from_millis(self.report_error_ms.unsigned_abs());
        let captured_at = if self.report_error_ms < 0 {
            captured.saturating_sub(error)
        } else {
            captured + error
        };
        Packet {
            track: TrackId(self.track),
            encoding: EncodingId(self.encoding),
            layer: Layer::spatial(self.rank),
            codec: self.codec,
            sequence: SeqNo(self.sequence),
            time: self.rtp(captured),
            captured_at,
            received_at: captured + self.delay,
            capture_age: None,
            marker: false,
            facts: PayloadFacts::default(),
            descriptor: None,
            extensions: Extensions::default(),
            payload: payload.into(),
        }
    }

    /// A picture of VP8 in so many packets, with a number in it.
    pub(crate) fn picture(&mut self, captured: Instant, is_key: bool, n: usize) -> Vec<Packet> {
        let width = 160 << u16::from(self.rank);
        self.picture_of(captured, is_key.then_some(width), n)
    }

    /// A keyframe where it has a width.
    pub(crate) fn picture_of(
        &mut self,
        captured: Instant,
        width: Option<u16>,
        n: usize,
    ) -> Vec<Packet> {
        self.n_pictures += 1;
        let mut frame = match width {
            Some(width) => {
                let [low, high] = width.to_le_bytes();
                vec![0x10, 0, 0, 0x9d, 1, 0x2a, low, high, 90, 0]
            }
            None => vec![0x11, 0, 0],
        };
        frame.extend(self.n_pictures.to_be_bytes());
        frame.resize(frame.len().max(20 * n), 0xab);
        let chunks: Vec<&[u8]> = frame.chunks(frame.len().div_ceil(n)).collect();
        let mut packets = Vec::new();
        for (index, chunk) in chunks.iter().enumerate() {
            let descriptor = if index == 0 { 0x10 } else { 0x00 };
            let mut packet = self.packet(captured, &[&[descriptor], *chunk].concat());
            packet.marker = index + 1 == chunks.len();
            packet.facts.starts_keyframe = index == 0 && width.is_some();
            packet.received_at += Duration::from_micros(200 * index as u64);
            packets.push(packet);
        }
        packets
    }

    /// 20 ms of sound in stereo.
    pub(crate) fn sound(&mut self, captured: Instant) -> Packet {
        let number = self.sequence.to_be_bytes();
        self.packet(captured, &[&[0xfc], &number[..]].concat())
    }
}
