//! H.264 NAL units in RTP (RFC 6184), and the picture size in a sequence parameter set.

use sfu_model::packet::{Dimensions, LayerSizes, PayloadFacts};
use sfu_model::time::MediaTime;

use super::bits::Bits;

const IDR_SLICE: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// When an encoding last sent a sequence parameter set.
///
/// A decoder begins at the SPS, so a picture that has one begins there, and its IDR slice is the middle of it, even where
/// the network brings that first. Encoders that send parameter sets only in their SDP begin a keyframe at the IDR slice
/// itself; of the first picture that comes nobody knows which it is, and what came before may have been lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ParameterSets {
    /// The first picture that came.
    first: Option<MediaTime>,
    /// The picture that began last.
    began_at: Option<MediaTime>,
    /// They come with the pictures.
    are_in_band: bool,
}

impl ParameterSets {
    /// Several parameter sets or slices of one picture begin it once.
    fn begins(&mut self, time: MediaTime) -> bool {
        self.began_at.replace(time) != Some(time)
    }
}

pub(super) fn read(
    payload: &[u8],
    time: MediaTime,
    parameter_sets: &mut ParameterSets,
) -> Option<PayloadFacts> {
    let mut facts = PayloadFacts::default();
    let mut has_idr = false;
    let mut sps = None;
    let is_first_picture = *parameter_sets.first.get_or_insert(time) == time;
    match payload.first()? & 0x1f {
        STAP_A => {
            let mut rest = payload.get(1..)?;
            while let [high, low, tail @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let unit = tail.get(..length)?;
                match unit.first()? & 0x1f {
                    SPS => sps = Some(unit),
                    IDR_SLICE => has_idr = true,
                    _ => {}
                }
                rest = tail.get(length..)?;
            }
        }
        FU_A => {
            let header = *payload.get(1)?;
            let is_first_fragment = header & 0x80 != 0;
            has_idr = is_first_fragment && header & 0x1f == IDR_SLICE;
        }
        SPS => sps = Some(payload),
        IDR_SLICE => has_idr = true,
        _ => {}
    }
    if let Some(unit) = sps {
        parameter_sets.are_in_band = true;
        facts.sizes = dimensions(unit).map(LayerSizes::from).unwrap_or_default();
        facts.starts_keyframe = parameter_sets.begins(time);
    } else if has_idr && !parameter_sets.are_in_band && !is_first_picture {
        facts.starts_keyframe = parameter_sets.begins(time);
    }
    Some(facts)
}

/// Most bytes of an SPS that are looked at; width and height stand in the first 60 even with scaling lists.
const SPS_BYTES_MAX: usize = 256;

/// The picture size in a sequence parameter set (H.264 section 7.3.2.1.1). `None` when it does not parse:
/// the size is a hint for ranking encodings, so a strange SPS is no reason to drop a picture.
fn dimensions(unit: &[u8]) -> Option<Dimensions> {
    let rbsp = without_emulation_prevention(unit.get(1..)?);
    let profile = *rbsp.first()?;
    let mut bits = Bits::new(rbsp.get(3..)?);
    bits.exp_golomb()?; // seq_parameter_set_id
    let chroma_format = if has_chroma_format(profile) {
        high_profile_fields(&mut bits)?
    } else {
        1
    };
    bits.exp_golomb()?; // log2_max_frame_num_minus4
    match bits.exp_golomb()? {
        0 => {
            bits.exp_golomb()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            bits.bit()?; // delta_pic_order_always_zero_flag
            bits.skip_signed_exp_golomb()?;
            bits.skip_signed_exp_golomb()?;
            let n = bits.exp_golomb()?.min(255);
            for _ in 0..n {
                bits.skip_signed_exp_golomb()?;
            }
        }
        _ => {}
    }
    bits.exp_golomb()?; // max_num_ref_frames
    bits.bit()?; // gaps_in_frame_num_value_allowed_flag
    let width_in_macroblocks = bits.exp_golomb()?.checked_add(1)?;
    let height_in_map_units = bits.exp_golomb()?.checked_add(1)?;
    let frame_only = bits.bit()?;
    if !frame_only {
        bits.bit()?; // mb_adaptive_frame_field_flag
    }
    bits.bit()?; // direct_8x8_inference_flag
    let fields = if frame_only { 1 } else { 2 };
    let (crop_x, crop_y) = if bits.bit()? {
        let [left, right, top, bottom] = [
            bits.exp_golomb()?,
            bits.exp_golomb()?,
            bits.exp_golomb()?,
            bits.exp_golomb()?,
        ];
        let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let unit_y = if chroma_format == 1 { 2 } else { 1 } * fields;
        (
            left.checked_add(right)?.checked_mul(unit_x)?,
            top.checked_add(bottom)?.checked_mul(unit_y)?,
        )
    } else {
        (0, 0)
    };
    let width = width_in_macroblocks.checked_mul(16)?.checked_sub(crop_x)?;
    let height = height_in_map_units
        .checked_mul(16)?
        .checked_mul(fields)?
        .checked_sub(crop_y)?;
    Some(Dimensions {
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
    })
}

/// Profiles whose SPS tells the chroma format (H.264 section 7.3.2.1.1).
const fn has_chroma_format(profile: u8) -> bool {
    matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    )
}

/// Reads over what the High profiles add; returns chroma_format_idc.
fn high_profile_fields(bits: &mut Bits<'_>) -> Option<u32> {
    let chroma_format = bits.exp_golomb()?;
    if chroma_format == 3 {
        bits.bit()?; // separate_colour_plane_flag
    }
    bits.exp_golomb()?; // bit_depth_luma_minus8
    bits.exp_golomb()?; // bit_depth_chroma_minus8
    bits.bit()?; // qpprime_y_zero_transform_bypass_flag
    if bits.bit()? {
        // Scaling matrices: nobody sends them in real time, and reading them tells nothing about the size.
        return None;
    }
    Some(chroma_format)
}

/// Removes the 03 bytes that keep start codes out of a NAL unit (H.264 section 7.4.1.1).
fn without_emulation_prevention(unit: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(unit.len().min(SPS_BYTES_MAX));
    let mut zeros = 0;
    for byte in unit.iter().take(SPS_BYTES_MAX) {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        rbsp.push(*byte);
    }
    rbsp
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Constrained Baseline 3.1, 1280x720.
    const SPS_720P: &[u8] = &[
        0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x28, 0x02, 0xdd, 0x08,
    ];

    fn facts(payload: &[u8], time: u64, memory: &mut ParameterSets) -> PayloadFacts {
        read(payload, MediaTime(time), memory).unwrap()
    }

    #[test]
    fn a_keyframe_begins_at_its_sps_once() {
        let mut memory = ParameterSets::default();
        let sps = facts(SPS_720P, 1, &mut memory);
        assert!(sps.starts_keyframe);
        assert!(!facts(&[0x68, 0xce], 1, &mut memory).starts_keyframe, "PPS");
        assert!(
            !facts(&[0x7c, 0x85, 0], 1, &mut memory).starts_keyframe,
            "first IDR fragment"
        );
        assert!(
            !facts(&[0x65, 0x88], 1, &mut memory).starts_keyframe,
            "IDR slice"
        );
        assert!(
            !facts(&[0x41, 0x9a], 2, &mut memory).starts_keyframe,
            "delta"
        );
    }

    #[test]
    fn without_an_sps_a_keyframe_begins_at_its_first_idr_slice() {
        let mut memory = ParameterSets::default();
        facts(&[0x41, 0x9a], 0, &mut memory);
        assert!(facts(&[0x7c, 0x85, 0], 1, &mut memory).starts_keyframe);
        assert!(
            !facts(&[0x7c, 0x05, 0], 1, &mut memory).starts_keyframe,
            "middle fragment"
        );
        assert!(
            !facts(&[0x7c, 0x85, 0], 1, &mut memory).starts_keyframe,
            "second slice"
        );
        assert!(facts(&[0x65, 0x88], 9, &mut memory).starts_keyframe);
    }

    #[test]
    fn a_slice_that_overtakes_its_sps_begins_nothing() {
        let mut memory = ParameterSets::default();
        facts(SPS_720P, 1, &mut memory);
        assert!(!facts(&[0x7c, 0x85, 0], 2, &mut memory).starts_keyframe);
        assert!(facts(SPS_720P, 2, &mut memory).starts_keyframe);
    }

    #[test]
    fn a_slice_that_comes_first_of_all_may_have_lost_its_sps() {
        let mut memory = ParameterSets::default();
        assert!(!facts(&[0x7c, 0x85, 0], 1, &mut memory).starts_keyframe);
        assert!(!facts(&[0x41, 0x9a], 2, &mut memory).starts_keyframe);
        assert!(facts(&[0x7c, 0x85, 0], 3, &mut memory).starts_keyframe);
        let mut memory = ParameterSets::default();
        assert!(!facts(&[0x7c, 0x85, 0], 1, &mut memory).starts_keyframe);
        assert!(facts(SPS_720P, 1, &mut memory).starts_keyframe, "late");
    }

    #[test]
    fn an_aggregate_with_an_sps_begins_a_keyframe_and_tells_its_size() {
        let mut payload = vec![0x78, 0, u8::try_from(SPS_720P.len()).unwrap()];
        payload.extend(SPS_720P);
        payload.extend([0, 2, 0x68, 0xce]);
        let facts = facts(&payload, 1, &mut ParameterSets::default());
        assert!(facts.starts_keyframe);
        assert_eq!(
            facts.sizes.largest(),
            Some(Dimensions {
                width: 1280,
                height: 720
            })
        );
    }

    #[test]
    fn a_cut_aggregate_is_malformed() {
        assert_eq!(
            read(
                &[0x78, 0, 9, 0x67],
                MediaTime(0),
                &mut ParameterSets::default()
            ),
            None
        );
        assert_eq!(read(&[], MediaTime(0), &mut ParameterSets::default()), None);
    }
}
