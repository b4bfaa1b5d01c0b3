//! H.264 in a byte stream (ITU-T H.264 annex B): where one picture ends and the next begins.

use std::ops::Range;

/// What units begin with; a fourth zero in front belongs to nobody.
const START_CODE: [u8; 3] = [0, 0, 1];

/// Types of NAL units (ITU-T H.264 table 7-1).
const SLICE: u8 = 1;
const PARTITION_C: u8 = 4;
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const PREFIX: u8 = 14;
const RESERVED_LAST: u8 = 18;

/// What a decoder must be able to do, as the SPS says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct H264Profile {
    /// profile_idc.
    pub idc: u8,
    /// The six constraint flags, the first one highest.
    pub constraints: u8,
}

/// One picture with the parameter sets in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessUnit {
    pub(super) range: Range<usize>,
    /// It has an IDR slice.
    pub(super) is_keyframe: bool,
}

/// A NAL unit of at least a header and one byte.
struct Unit<'a> {
    /// Where its start code is.
    start: usize,
    kind: u8,
    payload: &'a [u8],
}

/// The pictures of a stream, in order (ITU-T H.264 section 7.4.1.2.3).
pub(super) fn access_units(stream: &[u8]) -> Vec<AccessUnit> {
    let mut found: Vec<AccessUnit> = Vec::new();
    let mut begin = None;
    let mut has_slice = false;
    let mut is_keyframe = false;
    for unit in units(stream) {
        if has_slice && begins_picture(&unit) {
            let range = begin.unwrap_or(unit.start)..unit.start;
            found.push(AccessUnit { range, is_keyframe });
            (begin, has_slice, is_keyframe) = (None, false, false);
        }
        begin.get_or_insert(unit.start);
        has_slice |= (SLICE..=IDR_SLICE).contains(&unit.kind);
        is_keyframe |= unit.kind == IDR_SLICE;
    }
    if let Some(begin) = begin.filter(|_| has_slice) {
        let range = begin..stream.len();
        found.push(AccessUnit { range, is_keyframe });
    }
    found
}

/// The profile of the first SPS (section 7.3.2.1.1); `None` where there is none.
pub(super) fn profile(stream: &[u8]) -> Option<H264Profile> {
    let sps = units(stream).find(|unit| unit.kind == SPS)?;
    let (idc, constraints) = (*sps.payload.first()?, *sps.payload.get(1)?);
    Some(H264Profile { idc, constraints })
}

/// A stream without its parameter sets.
pub(crate) fn without_parameter_sets(stream: &[u8]) -> Vec<u8> {
    let units: Vec<Unit<'_>> = units(stream).collect();
    let ends = units.iter().skip(1).map(|unit| unit.start);
    let ends = ends.chain([stream.len()]);
    let kept = units.iter().zip(ends);
    let kept = kept.filter(|(unit, _)| !matches!(unit.kind, SPS | PPS));
    kept.filter_map(|(unit, end)| stream.get(unit.start..end))
        .collect::<Vec<&[u8]>>()
        .concat()
}

/// True for a unit that cannot follow a slice of the same picture.
fn begins_picture(unit: &Unit<'_>) -> bool {
    match unit.kind {
        SEI..=DELIMITER | PREFIX..=RESERVED_LAST => true,
        // first_mb_in_slice is zero, which is a single one in ue(v) (section 9.1). Partitions B and C have other fields.
        SLICE | 2 | IDR_SLICE => unit.payload.first().is_some_and(|byte| byte & 0x80 != 0),
        3..=PARTITION_C => false,
        _ => false,
    }
}

fn units(stream: &[u8]) -> impl Iterator<Item = Unit<'_>> {
    let mut windows = stream.windows(START_CODE.len()).enumerate();
    std::iter::from_fn(move || {
        loop {
            let (start, _) = windows.find(|(_, window)| *window == START_CODE)?;
            let rest = stream.get(start + START_CODE.len()..).unwrap_or_default();
            if let Some((header, payload)) = rest.split_first() {
                return Some(Unit {
                    start,
                    kind: header & 0x1f,
                    payload,
                });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An SPS, a PPS, an IDR picture of two slices, an SEI in front of the next picture, and one after it without.
    #[rustfmt::skip]
    const STREAM: [u8; 53] = [
        0, 0, 0, 1, 0x67, 0x64, 0x0c, 31,
        0, 0, 0, 1, 0x68, 0xce,
        0, 0, 1, 0x65, 0x88, 7, 7,
        0, 0, 1, 0x65, 0x00, 7, 7,
        0, 0, 1, 0x06, 5, 1, 9, 0x80,
        0, 0, 1, 0x41, 0x9a, 7, 7, 7,
        0, 0, 0, 1, 0x41, 0x9a, 7, 7, 0,
    ];

    #[test]
    fn pictures_are_told_apart_with_what_stands_in_front_of_them() {
        let expected = [(1..28, true), (28..45, false), (45..STREAM.len(), false)]
            .map(|(range, is_keyframe)| AccessUnit { range, is_keyframe });
        assert_eq!(access_units(&STREAM), expected);
    }

    #[test]
    fn the_profile_is_that_of_the_first_sps() {
        let high = H264Profile {
            idc: 100,
            constraints: 0x0c,
        };
        assert_eq!(profile(&STREAM), Some(high));
        assert_eq!(profile(&STREAM[12..]), None);
    }

    #[test]
    fn what_is_left_without_parameter_sets_is_whole() {
        assert_eq!(without_parameter_sets(&STREAM), &STREAM[14..]);
        assert_eq!(without_parameter_sets(&STREAM[14..]), &STREAM[14..]);
    }

    #[test]
    fn any_cut_of_a_stream_is_survived() {
        for n in 0..STREAM.len() {
            let found = access_units(&STREAM[..n]);
            assert!(found.iter().all(|unit| unit.range.end <= n), "{n}");
        }
    }
}
