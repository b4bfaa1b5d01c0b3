//! One encoded picture or audio packet, whole, with its place on the timeline of its stream: what crosses the bridge.

use std::sync::Arc;
use std::time::Duration;

use crate::codec::{ClockRate, MediaKind};
use crate::packet::Dimensions;
use crate::time::{Instant, MediaTime};

/// One frame of one rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown, on the timeline of its stream: in ticks of its format's clock since the stream began. All renditions
    /// of a stream share the timeline, it only rises, and it goes on through a publisher's reconnect. There are no frames
    /// that are shown in another order than they are decoded in, so that it is the time of decoding too.
    pub time: MediaTime,
    /// When it was captured, on our clock.
    pub captured_at: Instant,
    /// A decoder can begin here. Every frame of sound.
    pub is_keyframe: bool,
    /// Something between it and the frame before it is missing, or does not belong to it: another publisher, or a clock that
    /// was set.
    pub discontinuity: Option<Discontinuity>,
    /// What a decoder must know before it. Shared by all frames up to a change.
    pub format: Arc<Format>,
    /// The encoded bytes, as [`Format`] says of each codec.
    pub data: Arc<[u8]>,
}

impl Frame {
    /// Sound or pictures.
    pub fn kind(&self) -> MediaKind {
        self.format.kind()
    }
}

/// Why a frame does not follow the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discontinuity {
    /// Frames were given up: the time between is a hole.
    Lost,
    /// A new publisher, or the same one with new clocks: decoders begin anew.
    Publisher,
    /// The publisher's clock jumped or was corrected.
    Clock,
    /// The encoder of the transcode was started again.
    Encoder,
}

/// What a decoder must know before the first frame, and how the bytes of frames are laid out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// NAL units, each after its length in four bytes, without parameter sets and access unit delimiters
    /// (ISO/IEC 14496-15 section 5.3, `avc1`).
    H264 {
        /// Sequence parameter set, with its NAL header, without a start code.
        sps: Box<[u8]>,
        /// Picture parameter set, likewise.
        pps: Box<[u8]>,
        /// As the SPS crops it.
        size: Dimensions,
    },
    /// A frame (RFC 6386).
    Vp8 {
        /// Of the last keyframe.
        size: Dimensions,
    },
    /// A frame, or a superframe with all spatial layers.
    Vp9 {
        /// Bitstream profile, 0 to 3.
        profile: u8,
        /// Of the last keyframe; of the highest spatial layer.
        size: Dimensions,
    },
    /// The open bitstream units of one temporal unit, each with its size, without a temporal delimiter (AV1 in ISOBMFF
    /// section 2.4).
    Av1 {
        /// The sequence header OBU, with its size field.
        sequence_header: Box<[u8]>,
        /// As the sequence header says.
        size: Dimensions,
    },
    /// One packet (RFC 6716).
    Opus {
        /// 1 or 2.
        channels: u8,
        /// Samples at 48 kHz that a decoder drops when it begins.
        pre_skip: u16,
    },
    /// One raw data block of 1,024 samples, without an ADTS header.
    Aac {
        /// AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
        config: Box<[u8]>,
        /// Samples per second; the clock of its frames.
        sample_rate: u32,
        /// 1 or 2.
        channels: u8,
    },
}

impl Format {
    /// Sound or pictures.
    pub const fn kind(&self) -> MediaKind {
        match self {
            Self::Opus { .. } | Self::Aac { .. } => MediaKind::Audio,
            Self::H264 { .. } | Self::Vp8 { .. } | Self::Vp9 { .. } | Self::Av1 { .. } => {
                MediaKind::Video
            }
        }
    }

    /// Ticks per second of the times of its frames: 90 kHz for pictures, the sample rate for sound.
    pub const fn clock_rate(&self) -> ClockRate {
        match self {
            Self::Opus { .. } => ClockRate(48_000),
            Self::Aac { sample_rate, .. } => ClockRate(*sample_rate),
            Self::H264 { .. } | Self::Vp8 { .. } | Self::Vp9 { .. } | Self::Av1 { .. } => {
                ClockRate(90_000)
            }
        }
    }

    /// The size of its pictures; `None` for sound.
    pub const fn size(&self) -> Option<Dimensions> {
        match self {
            Self::H264 { size, .. }
            | Self::Vp8 { size }
            | Self::Vp9 { size, .. }
            | Self::Av1 { size, .. } => Some(*size),
            Self::Opus { .. } | Self::Aac { .. } => None,
        }
    }
}

impl ClockRate {
    /// The span of so many ticks, rounded down to the nanosecond.
    pub fn duration(self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.0.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whole ticks in a span, rounded down.
    pub fn ticks(self, span: Duration) -> u64 {
        let ticks = span.as_nanos() * u128::from(self.0) / 1_000_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_ticks_are_each_others_inverse_but_for_the_rounding() {
        let video = ClockRate(90_000);
        assert_eq!(video.duration(45_000), Duration::from_millis(500));
        assert_eq!(video.ticks(Duration::from_millis(500)), 45_000);
        assert_eq!(ClockRate(44_100).ticks(Duration::from_secs(1)), 44_100);
        assert_eq!(
            ClockRate(0).duration(7),
            Duration::from_secs(7_000_000_000 / 1_000_000_000)
        );
    }
}
