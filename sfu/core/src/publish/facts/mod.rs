//! What a payload reveals without decoding: where a keyframe begins, how large the picture is, which layer it is of, and
//! the codec's own counters. AV1 and H.264 tell layers in a header extension only.

mod av1;
mod bits;
mod bytes;
pub(crate) mod dependency;
mod h264;
mod vp8;
mod vp9;

use sfu_model::codec::Codec;
use sfu_model::packet::PayloadFacts;
use sfu_model::time::MediaTime;

pub(crate) use h264::ParameterSets;

/// The facts of one payload; `None` when it is malformed for its codec.
///
/// `parameter_sets` is the memory that H.264 needs: whether the picture at `time` has begun with its SPS.
pub(crate) fn read(
    codec: Codec,
    payload: &[u8],
    time: MediaTime,
    parameter_sets: &mut ParameterSets,
) -> Option<PayloadFacts> {
    match codec {
        // Every Opus packet decodes by itself. Empty ones are DTX of some senders and say nothing.
        Codec::Opus => Some(PayloadFacts {
            starts_keyframe: true,
            ..PayloadFacts::default()
        }),
        Codec::Vp8 => vp8::read(payload),
        Codec::Vp9 { .. } => vp9::read(payload),
        Codec::H264 { .. } => h264::read(payload, time, parameter_sets),
        Codec::Av1 { .. } => av1::read(payload),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codecs() -> [Codec; 5] {
        let h264 = Codec::H264 {
            profile_level_id: 0x42_e01f,
            packetization_mode: 1,
        };
        [
            Codec::Opus,
            Codec::Vp8,
            Codec::Vp9 { profile_id: 0 },
            h264,
            Codec::Av1 { profile: 0 },
        ]
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(
            payload in proptest::collection::vec(any::<u8>(), 0..64),
            time in any::<u64>(),
        ) {
            for codec in codecs() {
                let _ = read(codec, &payload, MediaTime(time), &mut ParameterSets::default());
            }
        }
    }
}
