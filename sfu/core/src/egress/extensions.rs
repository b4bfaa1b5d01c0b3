//! Header extensions that an m-section negotiated (RFC 8285), by what they are for.

use sfu_model::packet::{AudioLevel, CaptureTime, PlayoutDelay, Rotation};

use crate::egress::header::HeaderWriter;

/// The ids of one m-section. `None`: the other side did not offer it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 8843 section 15).
    pub(crate) mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464).
    pub(crate) audio_level: Option<u8>,
    /// `urn:3gpp:video-orientation` (3GPP TS 26.114).
    pub(crate) rotation: Option<u8>,
    /// `transport-wide-cc-extensions-01`, the number that feedback names.
    pub(crate) transport_sequence: Option<u8>,
    /// `abs-send-time`, from which a receiver without transport-wide feedback estimates.
    pub(crate) absolute_send_time: Option<u8>,
    /// The Dependency Descriptor (AV1 RTP payload format, appendix A).
    pub(crate) dependency_descriptor: Option<u8>,
    /// `abs-capture-time`, by which a receiver knows how old a picture is.
    pub(crate) capture_time: Option<u8>,
    /// `playout-delay`, what the publisher wants of a receiver's buffer.
    pub(crate) playout_delay: Option<u8>,
}

impl ExtensionIds {
    /// True when an id is beyond 14, so that every header needs the two-byte form (RFC 8285 section 4.3).
    pub(crate) fn need_two_bytes(&self) -> bool {
        let ids = [
            self.mid,
            self.audio_level,
            self.rotation,
            self.transport_sequence,
            self.absolute_send_time,
            self.dependency_descriptor,
            self.capture_time,
            self.playout_delay,
        ];
        ids.into_iter().flatten().any(|id| id > ONE_BYTE_ID_MAX)
    }
}

/// Highest id of the one-byte form; 15 is reserved (RFC 8285 section 4.2).
const ONE_BYTE_ID_MAX: u8 = 14;

/// `abs-capture-time`: the capture clock's NTP time, and how far that clock is ahead of ours where it is known.
pub(super) fn write_capture_time(header: &mut HeaderWriter<'_>, id: Option<u8>, time: CaptureTime) {
    let mut both = [0_u8; 16];
    let (ntp, offset) = both.split_at_mut(8);
    ntp.copy_from_slice(&time.ntp.0.to_be_bytes());
    match time.clock_offset {
        Some(ahead) => {
            offset.copy_from_slice(&ahead.to_be_bytes());
            header.extension(id, &both);
        }
        None => header.extension(id, ntp),
    }
}

/// `playout-delay`: 12 bits for the least and 12 for the most.
pub(super) fn write_playout_delay(
    header: &mut HeaderWriter<'_>,
    id: Option<u8>,
    delay: PlayoutDelay,
) {
    let word = u32::from(delay.min & 0xfff) << 12 | u32::from(delay.max & 0xfff);
    let [_, bytes @ ..] = word.to_be_bytes();
    header.extension(id, &bytes);
}

/// RFC 6464 section 3.
pub(super) fn audio_level_byte(level: AudioLevel) -> u8 {
    (u8::from(level.voice) << 7) | level.minus_dbov.min(127)
}

/// 3GPP TS 26.114 section 7.4.5: the low two bits count quarter turns.
pub(super) fn rotation_byte(rotation: Rotation) -> u8 {
    match rotation {
        Rotation::None => 0,
        Rotation::Quarter => 1,
        Rotation::Half => 2,
        Rotation::ThreeQuarters => 3,
    }
}
