//! Which of a subscriber's payload types carries a publisher's codec.

use sfu_model::codec::Codec;
use sfu_model::rtp::PayloadType;

/// The payload types that one m-section of a subscriber negotiated.
#[derive(Clone, Debug, Default)]
pub(crate) struct PayloadTypes(Vec<(Codec, PayloadType)>);

impl PayloadTypes {
    pub(crate) fn new(negotiated: Vec<(Codec, PayloadType)>) -> Self {
        Self(negotiated)
    }

    /// The payload type that fits this codec best; `None` when the subscriber cannot decode it.
    pub(crate) fn for_codec(&self, sent: Codec) -> Option<PayloadType> {
        self.0
            .iter()
            .filter_map(|(accepted, payload_type)| Some((fit(*accepted, sent)?, *payload_type)))
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, payload_type)| payload_type)
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

    #[test]
    fn h264_takes_the_nearest_profile_that_can_decode() {
        let types = PayloadTypes::new(vec![
            (h264(0x42_e01f, 0), pt(101)),
            (h264(0x42_e01f, 1), pt(102)),
            (h264(0x4d_001f, 1), pt(103)),
            (Codec::Vp8, pt(96)),
        ]);
        assert_eq!(types.for_codec(h264(0x42_e034, 1)), Some(pt(102)));
        assert_eq!(types.for_codec(h264(0x42_001e, 1)), Some(pt(102)));
        assert_eq!(types.for_codec(h264(0x42_e01f, 0)), Some(pt(101)));
        assert_eq!(types.for_codec(h264(0x4d_0028, 1)), Some(pt(103)));
        assert_eq!(types.for_codec(h264(0x64_001f, 1)), None);
        assert_eq!(types.for_codec(Codec::Vp8), Some(pt(96)));
    }

    #[test]
    fn profiles_of_vp9_and_av1_must_be_the_same() {
        let types = PayloadTypes::new(vec![
            (Codec::Vp9 { profile_id: 0 }, pt(98)),
            (Codec::Av1 { profile: 0 }, pt(45)),
        ]);
        assert_eq!(types.for_codec(Codec::Vp9 { profile_id: 2 }), None);
        assert_eq!(types.for_codec(Codec::Av1 { profile: 0 }), Some(pt(45)));
        assert_eq!(types.for_codec(Codec::Opus), None);
    }
}
