//! Pictures and sound that need no encoder: RTP payloads of the right sizes, at the right times, with a stamp in each.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;

use crate::encodings::Encoding;
use crate::stamp::{STAMP_BYTES, Stamp};

/// Bytes of a video payload: what browsers fill a packet with.
pub const VIDEO_PAYLOAD_BYTES: usize = 1_200;

/// Time between two pictures: 25 a second, so that 2.4 Mbit/s are ten whole packets a picture.
pub const FRAME_INTERVAL: Duration = Duration::from_millis(40);

/// Pictures from one keyframe to the next, unless one is asked for: two seconds, as OBS sends it.
const KEYFRAME_INTERVAL_FRAMES: u32 = 50;

/// Size of a keyframe, in pictures of average size. The pictures that follow pay for it, as a rate control makes them.
const KEYFRAME_SIZE: f64 = 4.0;

/// How small the pictures after a keyframe may get, in pictures of average size.
const DELTA_SIZE_MIN: f64 = 0.5;

/// Most that the pictures after keyframes have to pay back, in pictures of average size: one keyframe. What a crowd that
/// joins asks for beyond it is sent on top of the bitrate, as encoders do that would otherwise starve for seconds.
const DEBT_MAX: f64 = KEYFRAME_SIZE;

/// Ticks of the 90 kHz video clock from one picture to the next.
const FRAME_TICKS: u32 = 3_600;

/// Time of one Opus packet.
pub const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

/// Ticks of the 48 kHz audio clock in one Opus packet.
const AUDIO_TICKS: u32 = 960;

/// Bytes of an Opus payload: 32 kbit/s.
pub const AUDIO_PAYLOAD_BYTES: usize = 80;

/// First byte of an Opus packet: CELT, fullband, 20 ms, stereo, one frame (RFC 6716 section 3.1).
const OPUS_TOC: u8 = 0xfc;

/// The picture parameter set of every encoding.
const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];

/// How a slice's header begins (ITU-T H.264 section 7.3.3): macroblock 0, a slice like all of its picture (intra, or predicted),
/// and PPS 0, in Exp-Golomb codes 1, 0001000 or 00110, and 1. No decoder gets further, and whoever packages pictures looks for no
/// more.
const INTRA_HEADER: [u8; 2] = [0b1000_1000, 0b1101_0101];
const PREDICTED_HEADER: [u8; 2] = [0b1001_1010, 0b0101_0101];

/// NAL unit headers (RFC 6184 sections 5.3, 5.7, 5.8).
const STAP_A: u8 = 0x78;
const SEI: u8 = 0x06;
const FU_A: u8 = 0x7c;
const IDR_SLICE: u8 = 5;
const DELTA_SLICE: u8 = 1;
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;

/// Everything that is sent at one moment: a picture, or one packet of sound.
#[derive(Debug)]
pub struct Frame {
    /// The RTP timestamp of its packets.
    pub timestamp: u32,
    /// In order; the marker bit is on the last one of a picture.
    pub payloads: Vec<Vec<u8>>,
}

/// An encoding of a track that is made up as it is sent.
#[derive(Debug)]
pub struct VideoSource {
    sps: &'static [u8],
    /// Its place among the track's.
    place: u8,
    /// Packets of a picture of average size.
    packets_per_frame: f64,
    /// Packets that the bitrate allows and that were not sent; negative after a keyframe.
    credit: f64,
    n_frames: u32,
    n_packets: u32,
    since_keyframe: u32,
}

impl VideoSource {
    /// The encoding at this place. The largest of its track has this many bits a second, payloads only.
    pub fn new((place, encoding): (u8, &Encoding), bitrate_bps: u32) -> Self {
        let packet_bits = VIDEO_PAYLOAD_BYTES as f64 * 8.0;
        let bitrate_bps = bitrate_bps / encoding.bitrate_divisor;
        Self {
            sps: encoding.sps,
            place,
            packets_per_frame: f64::from(bitrate_bps) * FRAME_INTERVAL.as_secs_f64() / packet_bits,
            credit: 0.0,
            n_frames: 0,
            n_packets: 0,
            since_keyframe: 0,
        }
    }

    /// Packets so far.
    pub fn n_packets(&self) -> u32 {
        self.n_packets
    }

    /// The next picture.
    pub fn next_frame(&mut self, wants_keyframe: bool, now: Instant) -> Frame {
        let is_due = self.since_keyframe >= KEYFRAME_INTERVAL_FRAMES;
        let is_keyframe = wants_keyframe || is_due || self.n_frames == 0;
        self.since_keyframe = if is_keyframe {
            1
        } else {
            self.since_keyframe + 1
        };
        self.credit += self.packets_per_frame;
        let size = if is_keyframe {
            self.packets_per_frame * KEYFRAME_SIZE
        } else {
            self.credit.max(self.packets_per_frame * DELTA_SIZE_MIN)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the size of a picture is a small positive number"
        )]
        // A keyframe is its parameter sets and at least one slice, in two fragments.
        let n_packets = (size.floor() as u16).max(if is_keyframe { 3 } else { 1 });
        let debt_max = self.packets_per_frame * DEBT_MAX;
        self.credit = (self.credit - f64::from(n_packets)).max(-debt_max);
        let payloads = (0..n_packets)
            .map(|index_in_frame| {
                let stamp = Stamp {
                    kind: MediaKind::Video,
                    encoding: self.place,
                    is_keyframe,
                    index_in_frame,
                    frame: self.n_frames,
                    packet: self.n_packets + u32::from(index_in_frame),
                    sent_at: now,
                };
                video_payload(&stamp, n_packets, self.sps)
            })
            .collect();
        let timestamp = self.n_frames.wrapping_mul(FRAME_TICKS);
        self.n_frames += 1;
        self.n_packets += u32::from(n_packets);
        Frame {
            timestamp,
            payloads,
        }
    }
}

/// A keyframe is an aggregate of its parameter sets, then the fragments of an IDR slice; any other picture is fragments.
fn video_payload(stamp: &Stamp, n_in_frame: u16, sps: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(VIDEO_PAYLOAD_BYTES);
    let n_before_slice = u16::from(stamp.is_keyframe);
    if stamp.is_keyframe && stamp.index_in_frame == 0 {
        payload.push(STAP_A);
        push_unit(&mut payload, sps);
        push_unit(&mut payload, &PPS);
        let sei_bytes = VIDEO_PAYLOAD_BYTES - payload.len() - 2;
        let mut sei = vec![0x55; sei_bytes];
        if let Some(first) = sei.first_mut() {
            *first = SEI;
        }
        push_unit(&mut payload, &sei);
    } else if n_in_frame == 1 {
        payload.push(0x60 | DELTA_SLICE);
        payload.extend(PREDICTED_HEADER);
    } else {
        let slice = if stamp.is_keyframe {
            IDR_SLICE
        } else {
            DELTA_SLICE
        };
        let start = if stamp.index_in_frame == n_before_slice {
            FU_START
        } else {
            0
        };
        let end = if stamp.index_in_frame + 1 == n_in_frame {
            FU_END
        } else {
            0
        };
        payload.extend([FU_A, slice | start | end]);
        match (start, stamp.is_keyframe) {
            (FU_START, true) => payload.extend(INTRA_HEADER),
            (FU_START, false) => payload.extend(PREDICTED_HEADER),
            _ => {}
        }
    }
    payload.resize(VIDEO_PAYLOAD_BYTES, 0x55);
    let is_written = stamp.write(&mut payload);
    debug_assert!(is_written, "a video payload has room for a stamp");
    payload
}

fn push_unit(payload: &mut Vec<u8>, unit: &[u8]) {
    payload.extend(u16::try_from(unit.len()).unwrap_or(u16::MAX).to_be_bytes());
    payload.extend_from_slice(unit);
}

/// Sound: one packet every [`AUDIO_INTERVAL`].
#[derive(Debug, Default)]
pub struct AudioSource {
    n_packets: u32,
}

impl AudioSource {
    /// Packets so far.
    pub fn n_packets(&self) -> u32 {
        self.n_packets
    }

    /// The next packet.
    pub fn next_frame(&mut self, now: Instant) -> Frame {
        let stamp = Stamp {
            kind: MediaKind::Audio,
            encoding: 0,
            is_keyframe: true,
            index_in_frame: 0,
            frame: self.n_packets,
            packet: self.n_packets,
            sent_at: now,
        };
        let mut payload = vec![OPUS_TOC; AUDIO_PAYLOAD_BYTES];
        let is_written = stamp.write(&mut payload);
        debug_assert!(is_written, "an audio payload has room for a stamp");
        self.n_packets += 1;
        Frame {
            timestamp: stamp.packet.wrapping_mul(AUDIO_TICKS),
            payloads: vec![payload],
        }
    }
}

const _: () = assert!(AUDIO_PAYLOAD_BYTES > STAMP_BYTES && VIDEO_PAYLOAD_BYTES > STAMP_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encodings::Encodings;

    fn source() -> VideoSource {
        VideoSource::new((0, &Encodings::One.all()[0]), 2_400_000)
    }

    fn stamps(frame: &Frame) -> Vec<Stamp> {
        let stamps = frame.payloads.iter().map(|p| Stamp::read(p).unwrap());
        stamps.collect()
    }

    #[test]
    fn a_minute_has_the_bitrate_and_no_gap() {
        let mut source = source();
        let mut next = 0;
        for n in 0..1_500 {
            let frame = source.next_frame(n == 777, Instant::from_nanos(n));
            for stamp in stamps(&frame) {
                assert_eq!((stamp.packet, u64::from(stamp.frame)), (next, n));
                next += 1;
            }
        }
        assert_eq!(source.n_packets(), next);
        let expected = 15_000_u32;
        assert!(
            next.abs_diff(expected) < 40,
            "{next} packets, {expected} wanted"
        );
    }

    #[test]
    fn a_keyframe_comes_first_when_asked_for_and_every_two_seconds() {
        let mut source = source();
        let is_keyframe: Vec<bool> = (0..120)
            .map(|n| stamps(&source.next_frame(n == 30, Instant::START))[0].is_keyframe)
            .collect();
        let keyframes: Vec<usize> = (0..120).filter(|n| is_keyframe[*n]).collect();
        assert_eq!(keyframes, [0, 30, 80]);
    }

    #[test]
    fn a_keyframe_is_parameter_sets_and_a_slice_in_fragments() {
        let frame = source().next_frame(false, Instant::START);
        let heads: Vec<&[u8]> = frame.payloads.iter().map(|p| &p[..2]).collect();
        assert_eq!(heads.len(), 40);
        assert_eq!(heads[0], [STAP_A, 0]);
        assert_eq!(heads[1], [FU_A, IDR_SLICE | FU_START]);
        assert_eq!(heads[2], [FU_A, IDR_SLICE]);
        assert_eq!(heads[39], [FU_A, IDR_SLICE | FU_END]);
        assert!(
            frame
                .payloads
                .iter()
                .all(|p| p.len() == VIDEO_PAYLOAD_BYTES)
        );
    }

    #[test]
    fn each_encoding_has_its_share_and_says_its_size() {
        let encodings = Encodings::Simulcast.all();
        let n_packets: Vec<u32> = (0..)
            .zip(encodings)
            .map(|(place, encoding)| {
                let mut source = VideoSource::new((place, encoding), 3_000_000);
                for n in 0..1_000 {
                    let frame = source.next_frame(false, Instant::START);
                    assert!(stamps(&frame).iter().all(|stamp| stamp.encoding == place));
                    if n == 0 {
                        let sps = &frame.payloads[0][3..3 + encoding.sps.len()];
                        assert_eq!(sps, encoding.sps);
                    }
                }
                source.n_packets()
            })
            .collect();
        for (n, expected) in n_packets.into_iter().zip([1_250, 3_125, 12_500_u32]) {
            assert!(n.abs_diff(expected) < 40, "{n} packets, {expected} wanted");
        }
    }

    #[test]
    fn sound_counts_up() {
        let mut source = AudioSource::default();
        for n in 0..3 {
            let frame = source.next_frame(Instant::START);
            assert_eq!(frame.timestamp, n * AUDIO_TICKS);
            assert_eq!(stamps(&frame)[0].packet, n);
        }
        assert_eq!(source.n_packets(), 3);
    }
}
