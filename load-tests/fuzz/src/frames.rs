//! Packets of a publisher that authenticates, of every payload format: what the bridge makes frames of.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_frames::config::Config;
use bridge_frames::event::Event;
use bridge_frames::frames::Frames;
use bridge_frames::source::Source;
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::{Extensions, Packet, PayloadFacts};
use sfu_model::rtp::SeqNo;
use sfu_model::time::{Instant, MediaTime};

use crate::formats::described;
use crate::input::Input;

/// Most packets of one input, and bytes of one of their payloads: a jumbo frame's.
const PACKETS_MAX: usize = 256;
const PAYLOAD_BYTES_MAX: usize = 9_000;

/// What the byte in front of a packet says of it.
mod head {
    pub(super) const MARKER: u8 = 0x01;
    pub(super) const STARTS_KEYFRAME: u8 = 0x02;
    /// It is of the next picture, a thirtieth of a second later.
    pub(super) const IS_NEXT: u8 = 0x04;
    /// The one before it is lost.
    pub(super) const IS_GAP: u8 = 0x08;
    /// It comes a second and a half later: what was waited for is given up.
    pub(super) const IS_LATE: u8 = 0x10;
    /// It comes before the one that was sent before it.
    pub(super) const IS_AHEAD: u8 = 0x20;
    /// Nobody publishes for a moment before it, and then somebody with other clocks does.
    pub(super) const IS_ANOTHER: u8 = 0x40;
}

/// The first byte chooses the codec. Then packets: a byte of flags, two of length, and the payload. Whatever they say, times
/// rise, what refers to something lost is left out, and each frame is as its format lays it out.
pub fn frames(bytes: &[u8]) {
    let _ = published(bytes);
}

fn published(bytes: &[u8]) -> Seen {
    let mut input = Input(bytes);
    let mut publisher = Publisher::new(codec(input.choice()));
    let mut seen = Seen::default();
    for _ in 0..PACKETS_MAX {
        let Some(flags) = input.byte() else { break };
        let length = u16::from_be_bytes([input.choice(), input.choice()]);
        let payload = input.bytes(usize::from(length).min(PAYLOAD_BYTES_MAX));
        publisher.send(flags, payload, &mut seen);
    }
    let end = publisher.now + Duration::from_secs(60);
    publisher.run_to(end, &mut seen);
    publisher.frames.handle_publisher_gone(end);
    publisher.collect(&mut seen);
    assert_eq!(publisher.frames.poll_timeout(), None, "it waits for nobody");
    seen
}

const fn codec(choice: u8) -> Codec {
    match choice % 5 {
        0 => Codec::Vp8,
        1 => Codec::Vp9 { profile_id: 0 },
        2 => Codec::Av1 { profile: 0 },
        3 => Codec::Opus,
        _ => Codec::H264 {
            profile_level_id: 0x42_e01f,
            packetization_mode: 1,
        },
    }
}

/// One RTP stream, and who reads it.
struct Publisher {
    frames: Frames,
    codec: Codec,
    track: u64,
    sequence: u64,
    time: u64,
    captured_at: Instant,
    now: Instant,
}

impl Publisher {
    fn new(codec: Codec) -> Self {
        let at = Instant::START + Duration::from_secs(1);
        Self {
            frames: Frames::new(Config::default()),
            codec,
            track: 1,
            sequence: 5_000,
            time: 1_000_000_007,
            captured_at: at,
            now: at,
        }
    }

    fn send(&mut self, flags: u8, payload: &[u8], seen: &mut Seen) {
        let has = |flag: u8| flags & flag != 0;
        if has(head::IS_ANOTHER) {
            self.frames.handle_publisher_gone(self.now);
            self.collect(seen);
            self.track += 1;
            self.time = self.time.wrapping_mul(7) >> 8;
        }
        if has(head::IS_NEXT) {
            let thirtieth = Duration::from_nanos(33_333_333);
            self.time += u64::from(self.codec.clock_rate().0) / 30;
            self.captured_at += thirtieth;
            self.run_to(self.now + thirtieth, seen);
        }
        if has(head::IS_LATE) {
            self.run_to(self.now + Duration::from_millis(1_500), seen);
        }
        self.sequence += 1 + u64::from(has(head::IS_GAP));
        let sequence = self.sequence - 2 * u64::from(has(head::IS_AHEAD));
        let packet = Packet {
            track: TrackId(self.track),
            encoding: EncodingId(self.track),
            layer: Layer::default(),
            codec: self.codec,
            sequence: SeqNo(sequence),
            time: MediaTime(self.time),
            captured_at: self.captured_at,
            received_at: self.now,
            capture_age: None,
            marker: has(head::MARKER),
            facts: PayloadFacts {
                starts_keyframe: has(head::STARTS_KEYFRAME),
                ..PayloadFacts::default()
            },
            descriptor: None,
            extensions: Extensions::default(),
            payload: payload.into(),
        };
        self.frames.handle_packet(&packet, self.now);
        self.collect(seen);
    }

    /// Time passes, as its timers say.
    fn run_to(&mut self, end: Instant, seen: &mut Seen) {
        while let Some(at) = self.frames.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.frames.handle_timeout(self.now);
            self.collect(seen);
            let next = self.frames.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "a timeout stays");
        }
        self.now = end;
    }

    fn collect(&mut self, seen: &mut Seen) {
        while let Some(event) = self.frames.poll_event() {
            if let Event::Frame { source, frame } = event {
                seen.check(source, &frame);
            }
        }
    }
}

/// What there was before a frame.
#[derive(Default)]
struct Seen {
    last: BTreeMap<Source, MediaTime>,
    n_frames: usize,
}

impl Seen {
    fn check(&mut self, source: Source, frame: &Frame) {
        self.n_frames += 1;
        assert_eq!(source.kind(), frame.kind());
        let before = self.last.insert(source, frame.time);
        assert!(
            before.is_none_or(|before| before < frame.time),
            "time rises"
        );
        let begins_anew = matches!(
            frame.discontinuity,
            Some(Discontinuity::Lost | Discontinuity::Publisher)
        );
        let is_picture = frame.kind() == MediaKind::Video;
        assert!(
            !is_picture || frame.is_keyframe || !(begins_anew || before.is_none()),
            "pictures begin with a keyframe"
        );
        assert!(!frame.data.is_empty());
        match &*frame.format {
            Format::H264 { .. } => units(&frame.data),
            Format::Av1 { .. } => obus(&frame.data),
            Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Opus { .. } | Format::Aac { .. } => {}
        }
        described(&frame.format);
    }
}

/// NAL units, each after its length in four bytes (ISO/IEC 14496-15 section 5.3).
fn units(data: &[u8]) {
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).expect("32 bits fit");
        assert!(length > 0 && length <= behind.len(), "a unit is cut");
        rest = behind.get(length..).unwrap_or_default();
    }
    assert!(rest.is_empty(), "bytes are left over");
}

/// OBUs, each with its size (AV1 section 5.3.1).
fn obus(data: &[u8]) {
    let mut rest = data;
    while let Some((header, mut behind)) = rest.split_first() {
        assert!(header & 0x02 != 0, "an OBU has no size");
        if header & 0x04 != 0 {
            behind = behind.get(1..).expect("an extension is cut");
        }
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            let (byte, after) = behind.split_first().expect("a size is cut");
            behind = after;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            assert!(shift <= 56, "a size has eight bytes");
            if byte & 0x80 == 0 {
                break;
            }
        }
        rest = behind.get(size..).expect("an OBU is cut");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! seed {
        ($name:literal) => {
            published(include_bytes!(concat!("../corpus/frames/", $name))).n_frames
        };
    }

    /// So many pictures are in each, of which the last is told of once the next begins, or never.
    #[test]
    fn the_seeds_make_frames_of_every_codec() {
        assert!(seed!("h264") >= 11);
        assert!(seed!("h264_lost_and_late") >= 3);
        assert!(seed!("vp8") >= 11);
        assert!(seed!("vp9") >= 11);
        assert!(seed!("av1") >= 7);
        assert!(seed!("opus") >= 11);
    }
}
