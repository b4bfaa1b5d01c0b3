//! Codecs, and the parameters that decide whether two ends mean the same one.

use std::fmt;

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Video => "video",
        })
    }
}

/// A codec with what must match between a sender and a receiver of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587. 48 kHz on the wire whatever was captured.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628; `profile_id` 0 is 8-bit 4:2:0.
    Vp9 {
        /// Bitstream profile, 0 to 3.
        profile_id: u8,
    },
    /// RFC 6184.
    H264 {
        /// profile_idc, profile-iop and level_idc, as in `profile-level-id`.
        profile_level_id: u32,
        /// 0: single NAL unit; 1: non-interleaved.
        packetization_mode: u8,
    },
    /// The AV1 RTP payload format of AOM.
    Av1 {
        /// seq_profile, 0 is Main.
        profile: u8,
    },
}

impl Codec {
    /// Audio or video.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            Self::Vp8 | Self::Vp9 { .. } | Self::H264 { .. } | Self::Av1 { .. } => MediaKind::Video,
        }
    }

    /// Ticks per second of its RTP timestamps.
    pub const fn clock_rate(self) -> ClockRate {
        match self.kind() {
            MediaKind::Audio => ClockRate(48_000),
            MediaKind::Video => ClockRate(90_000),
        }
    }

    /// The name as SDP and users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp8 => "VP8",
            Self::Vp9 { .. } => "VP9",
            Self::H264 { .. } => "H264",
            Self::Av1 { .. } => "AV1",
        }
    }
}

/// RTP timestamp ticks per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockRate(pub u32);

impl ClockRate {
    /// Whole ticks in a span of nanoseconds, rounded to the nearest; keeps the sign.
    pub fn ticks_in_nanos(self, nanos: i64) -> i64 {
        let scaled = i128::from(nanos) * i128::from(self.0);
        let half: i128 = if scaled < 0 {
            -500_000_000
        } else {
            500_000_000
        };
        i64::try_from((scaled + half) / 1_000_000_000).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_to_the_nearest_on_both_sides_of_zero() {
        let video = ClockRate(90_000);
        assert_eq!(video.ticks_in_nanos(33_333_333), 3_000);
        assert_eq!(video.ticks_in_nanos(-33_333_333), -3_000);
        assert_eq!(video.ticks_in_nanos(1_000_000_000), 90_000);
    }
}
