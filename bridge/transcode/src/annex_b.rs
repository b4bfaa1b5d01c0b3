//! H.264 between the two ways of telling its NAL units apart: start codes for codecs (ITU-T H.264 annex B), lengths for
//! files (ISO/IEC 14496-15).

use sfu_model::frame::{Format, Frame};

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// `nal_unit_type` (ITU-T H.264 table 7-1).
mod nal_type {
    pub(super) const IDR: u8 = 5;
    pub(super) const SEI: u8 = 6;
    pub(super) const SPS: u8 = 7;
    pub(super) const PPS: u8 = 8;
    pub(super) const DELIMITER: u8 = 9;
    pub(super) const FILLER: u8 = 12;
}

/// A frame with start codes, with its parameter sets in front of a keyframe. `None`: it is no H.264, or its lengths are wrong.
pub fn with_start_codes(frame: &Frame) -> Option<Vec<u8>> {
    let Format::H264 { sps, pps, .. } = &*frame.format else {
        return None;
    };
    let mut out = Vec::with_capacity(frame.data.len().saturating_add(sps.len() + pps.len() + 16));
    let mut put = |nal: &[u8]| {
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(nal);
    };
    if frame.is_keyframe {
        put(sps);
        put(pps);
    }
    let mut rest: &[u8] = &frame.data;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (nal, after) = after.split_at_checked(length)?;
        put(nal);
        rest = after;
    }
    Some(out)
}

/// An access unit as an encoder wrote it, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit<'a> {
    /// Sequence parameter set, if it has one.
    pub sps: Option<&'a [u8]>,
    /// Picture parameter set, likewise.
    pub pps: Option<&'a [u8]>,
    /// It is an IDR picture: its slices say so, whatever an encoder claims.
    pub is_idr: bool,
    /// The slices, each after its length. What only an encoder wants to say of itself is left out.
    pub data: Vec<u8>,
}

/// Takes an access unit with start codes apart.
pub fn access_unit(bytes: &[u8]) -> AccessUnit<'_> {
    let mut unit = AccessUnit::default();
    for nal in nal_units(bytes) {
        let Some(header) = nal.first() else {
            continue;
        };
        match header & 0x1f {
            nal_type::SPS => unit.sps = Some(nal),
            nal_type::PPS => unit.pps = Some(nal),
            nal_type::SEI | nal_type::DELIMITER | nal_type::FILLER => {}
            kind => {
                unit.is_idr |= kind == nal_type::IDR;
                let length = u32::try_from(nal.len()).unwrap_or(u32::MAX);
                unit.data.extend_from_slice(&length.to_be_bytes());
                unit.data.extend_from_slice(nal);
            }
        }
    }
    unit
}

/// The bytes between start codes, without the zeros that may stand before one (annex B.1.1).
fn nal_units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(bytes);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = from.windows(3).position(|window| window == [0, 0, 1]);
        let (nal, next) = match end {
            Some(end) => (from.get(..end)?, after_start_code(from.get(end..)?)),
            None => (from, None),
        };
        rest = next;
        let n_zeros = nal.iter().rev().take_while(|byte| **byte == 0).count();
        nal.get(..nal.len().saturating_sub(n_zeros))
    })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|window| window == [0, 0, 1])?;
    bytes.get(at.saturating_add(3)..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sfu_model::packet::Dimensions;
    use sfu_model::time::{Instant, MediaTime};

    fn frame(nals: &[Vec<u8>]) -> Frame {
        let lengths = nals.iter().flat_map(|nal| {
            let length = u32::try_from(nal.len()).unwrap();
            [&length.to_be_bytes()[..], nal].concat()
        });
        Frame {
            time: MediaTime(0),
            captured_at: Instant::START,
            is_keyframe: true,
            discontinuity: None,
            format: std::sync::Arc::new(Format::H264 {
                sps: Box::new([0x67, 1, 2, 3]),
                pps: Box::new([0x68, 4, 5]),
                size: Dimensions::default(),
            }),
            data: lengths.collect(),
        }
    }

    #[test]
    fn an_access_unit_is_its_slices_and_says_what_it_is() {
        let written = [
            &[0, 0, 0, 1, 9, 0xf0][..],
            &[0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 5],
            &[0, 0, 1, 6, 5, 1, 7, 0x80, 0, 0, 0, 1, 0x65, 0x88, 9, 0, 0],
        ]
        .concat();
        let unit = access_unit(&written);
        assert_eq!(unit.sps, Some(&[0x67, 1, 2, 3][..]));
        assert_eq!(unit.pps, Some(&[0x68, 4, 5][..]));
        assert!(unit.is_idr);
        assert_eq!(unit.data, [0, 0, 0, 3, 0x65, 0x88, 9]);
        assert!(!access_unit(&[0, 0, 1, 0x41, 1]).is_idr);
        assert_eq!(access_unit(&[1, 2, 3]), AccessUnit::default());
    }

    #[test]
    fn a_length_beyond_the_frame_is_refused() {
        let mut broken = frame(&[vec![0x65, 1, 2]]);
        broken.data = vec![0, 0, 0, 9, 0x65].into();
        assert_eq!(with_start_codes(&broken), None);
    }

    proptest! {
        #[test]
        fn what_is_written_with_start_codes_is_read_back(
            // Encoders put a byte between zeros so that no start code is inside, and none at the end.
            nals in prop::collection::vec(prop::collection::vec(1_u8..=255, 1..40), 1..5)
        ) {
            let nals: Vec<Vec<u8>> = nals.into_iter().map(|n| [vec![0x65], n].concat()).collect();
            let frame = frame(&nals);
            let written = with_start_codes(&frame).unwrap();
            let unit = access_unit(&written);
            prop_assert_eq!(&unit.data[..], &frame.data[..]);
            prop_assert_eq!(unit.sps, Some(&[0x67, 1, 2, 3][..]));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(0_u8..4, 0..300)) {
            let unit = access_unit(&bytes);
            prop_assert!(unit.data.len() <= bytes.len() * 2);
        }
    }
}
