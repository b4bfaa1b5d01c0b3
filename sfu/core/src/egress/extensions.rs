//! Header extensions that an m-section negotiated (RFC 8285), by what they are for.

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
        ];
        ids.into_iter().flatten().any(|id| id > ONE_BYTE_ID_MAX)
    }
}

/// Highest id of the one-byte form; 15 is reserved (RFC 8285 section 4.2).
const ONE_BYTE_ID_MAX: u8 = 14;
