//! Which of a subscriber's payload types carries a publisher's codec.

use sfu_model::codec::Codec;
use sfu_model::rtp::PayloadType;

/// One format that a subscriber negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) codec: Codec,
    pub(crate) payload_type: PayloadType,
    /// The payload type of its repairs (RFC 4588); `None` when the subscriber takes none.
    pub(crate) repair: Option<PayloadType>,
    /// The payload type of RED around it (RFC 2198), if the subscriber takes it.
    pub(crate) red: Option<PayloadType>,
}

/// The formats that one m-section of a subscriber negotiated.
#[derive(Clone, Debug, Default)]
pub(crate) struct PayloadTypes {
    formats: Vec<Format>,
    /// The answer for the last codec: a track keeps its codec.
    last: Option<(Codec, Option<Format>)>,
}

impl PayloadTypes {
    pub(crate) fn new(formats: Vec<Format>) -> Self {
        Self {
            formats,
            last: None,
        }
    }

    /// The format that fits this codec best; `None` when the subscriber cannot decode it.
    pub(crate) fn for_codec(&self, sent: Codec) -> Option<Format> {
        self.formats
            .iter()
            .filter_map(|format| Some((fit(format.codec, sent)?, *format)))
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, format)| format)
    }

    /// The same, remembered: every packet asks.
    #[inline]
    pub(crate) fn for_packet(&mut self, sent: Codec) -> Option<Format> {
        match self.last {
            Some((codec, format)) if codec == sent => format,
            _ => {
                let format = self.for_codec(sent);
                self.last = Some((sent, format));
                format
            }
        }
    }
}

/// How well a decoder for `accepted` plays `sent`; `None` when it does not.
fn fit(accepted: Codec, sent: Codec) -> Option<u8> {
    match (accepted, sent) {
        (Codec::Opus, Codec::Opus) | (Codec::Vp8, Codec::Vp8) => Some(0),
        (Codec::Vp9 { profile_id: a }, Codec::Vp9 { profile_id: s }) => (a == s).then_some(0),
        (Codec::Av1 { profile: a }, Codec::Av1 { profile: s }) => (a == s).then_some(0),
        (
            Codec::H264 {
                profile_level_id: a,
                packetization_mode: mode_a,
            },
            Codec::H264 {
                profile_level_id: s,
                packetization_mode: mode_s,
            },
        ) => fit_h264((a, mode_a), (s, mode_s)),
        _ => None,
    }
}

/// The level is no hurdle: browsers ask for asymmetric levels and decode beyond the one they name. Packetization mode 1
/// decodes mode 0, not the other way round (RFC 6184 section 8.1). Profiles: the same, or a richer one.
fn fit_h264((accepted, mode_a): (u32, u8), (sent, mode_s): (u32, u8)) -> Option<u8> {
    if mode_a < mode_s {
        return None;
    }
    let same_mode = u8::from(mode_a == mode_s);
    let (accepted, sent) = (profile_rank(accepted), profile_rank(sent));
    if accepted < sent {
        return None;
    }
    // The nearest profile first, then the same mode.
    Some((8 - (accepted - sent)) * 2 + same_mode)
}

/// Profiles in an order in which each decodes those before it, near enough for what real-time encoders make: Baseline,
/// Main, High. Baseline's extra tools (FMO, ASO) are used by nobody, so it counts as Constrained Baseline.
const fn profile_rank(profile_level_id: u32) -> u8 {
    match (profile_level_id >> 16) & 0xff {
        0x42 => 0,
        0x4d => 1,
        0x64 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h264(profile_level_id: u32, packetization_mode: u8) -> Codec {
        Codec::H264 {
            profile_level_id,
            packetization_mode,
        }
    }

    fn pt(value: u8) -> PayloadType {
        PayloadType::new(value).unwrap()
    }

    fn types(formats: &[(Codec, u8)]) -> PayloadTypes {
        let format = |(codec, payload_type): &(Codec, u8)| Format {
            codec: *codec,
            payload_type: pt(*payload_type),
            repair: None,
            red: None,
        };
        PayloadTypes::new(formats.iter().map(format).collect())
    }

    fn chosen(types: &PayloadTypes, codec: Codec) -> Option<u8> {
        types.for_codec(codec).map(|f| f.payload_type.value())
    }

    #[test]
    fn h264_takes_the_nearest_profile_that_can_decode() {
        let mut types = types(&[
            (h264(0x42_e01f, 0), 101),
            (h264(0x42_e01f, 1), 102),
            (h264(0x4d_001f, 1), 103),
            (Codec::Vp8, 96),
        ]);
        assert_eq!(chosen(&types, h264(0x42_e034, 1)), Some(102));
        assert_eq!(chosen(&types, h264(0x42_001e, 1)), Some(102));
        assert_eq!(chosen(&types, h264(0x42_e01f, 0)), Some(101));
        assert_eq!(chosen(&types, h264(0x4d_0028, 1)), Some(103));
        assert_eq!(chosen(&types, h264(0x64_001f, 1)), None);
        assert_eq!(chosen(&types, Codec::Vp8), Some(96));
        for codec in [Codec::Vp8, h264(0x4d_0028, 1), Codec::Opus, Codec::Vp8] {
            assert_eq!(types.for_packet(codec), types.for_codec(codec));
        }
    }

    #[test]
    fn profiles_of_vp9_and_av1_must_be_the_same() {
        let types = types(&[
            (Codec::Vp9 { profile_id: 0 }, 98),
            (Codec::Av1 { profile: 0 }, 45),
        ]);
        assert_eq!(chosen(&types, Codec::Vp9 { profile_id: 2 }), None);
        assert_eq!(chosen(&types, Codec::Av1 { profile: 0 }), Some(45));
        assert_eq!(chosen(&types, Codec::Opus), None);
    }
}
