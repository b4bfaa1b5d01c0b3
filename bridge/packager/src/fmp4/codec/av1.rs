//! The sequence header of AV1, as far as `av1C`, `colr` and a codec string repeat it (AV1 specification section 5.5).

use super::bits::Bits;

/// `obu_type` of a sequence header (AV1 specification section 6.2.2).
const OBU_SEQUENCE_HEADER: u8 = 1;
/// `CP_BT_709`, `TC_SRGB` and `MC_IDENTITY` (AV1 specification section 6.4.2): together they mean RGB, which is never
/// subsampled and always of full range.
const SRGB: ColourDescription = ColourDescription {
    primaries: 1,
    transfer: 13,
    matrix: 0,
};

/// What a decoder is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceHeader {
    /// `seq_profile`: 0 is Main.
    pub profile: u8,
    /// `seq_level_idx` of the first operating point, which has all layers.
    pub level_idx: u8,
    /// `seq_tier` of it: High, not Main.
    pub is_high_tier: bool,
    /// How pictures are coded.
    pub colour: ColourConfig,
}

/// `color_config()` (AV1 specification section 5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourConfig {
    /// `high_bitdepth`.
    pub is_high_bit_depth: bool,
    /// `twelve_bit`.
    pub is_twelve_bit: bool,
    /// `mono_chrome`.
    pub is_monochrome: bool,
    /// `subsampling_x` and `subsampling_y`.
    pub subsampling: (bool, bool),
    /// `chroma_sample_position`; 0 is unknown.
    pub chroma_sample_position: u8,
    /// `color_range`.
    pub is_full_range: bool,
    /// Only where the header has it.
    pub description: Option<ColourDescription>,
}

/// Code points of ISO/IEC 23091-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourDescription {
    /// `color_primaries`.
    pub primaries: u8,
    /// `transfer_characteristics`.
    pub transfer: u8,
    /// `matrix_coefficients`.
    pub matrix: u8,
}

impl SequenceHeader {
    /// Reads the OBU with its header and its size field, which `av1C` demands (AV1 in ISOBMFF section 2.3.4). `None`: it is
    /// not one.
    pub fn parse(obu: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(obu.iter().copied());
        let _forbidden = bits.flag()?;
        let is_sequence_header = bits.byte(4)? == OBU_SEQUENCE_HEADER;
        let has_extension = bits.flag()?;
        let has_size = bits.flag()?;
        if !is_sequence_header || !has_size {
            return None;
        }
        bits.skip(if has_extension { 9 } else { 1 })?;
        skip_leb128(&mut bits)?;

        let profile = bits.byte(3)?;
        let _still_picture = bits.flag()?;
        let is_reduced = bits.flag()?;
        let (level_idx, is_high_tier) = if is_reduced {
            (bits.byte(5)?, false)
        } else {
            operating_points(&mut bits)?
        };
        skip_sizes(&mut bits, is_reduced)?;
        skip_tools(&mut bits, is_reduced)?;
        Some(Self {
            profile,
            level_idx,
            is_high_tier,
            colour: ColourConfig::parse(&mut bits, profile)?,
        })
    }
}

fn skip_leb128<B: Iterator<Item = u8>>(bits: &mut Bits<B>) -> Option<()> {
    // At most 8 bytes (AV1 specification section 4.10.5).
    for _ in 0..8 {
        if bits.byte(8)? & 0x80 == 0 {
            return Some(());
        }
    }
    None
}

/// Timing, decoder model and operating points: gives level and tier of the first of these.
fn operating_points<B: Iterator<Item = u8>>(bits: &mut Bits<B>) -> Option<(u8, bool)> {
    let mut buffer_delay_length = None;
    if bits.flag()? {
        bits.skip(64)?; // num_units_in_display_tick, time_scale
        if bits.flag()? {
            bits.exp_golomb()?; // num_ticks_per_picture_minus_1
        }
        if bits.flag()? {
            buffer_delay_length = Some(bits.number(5)? + 1);
            // num_units_in_decoding_tick, and the lengths of two fields of frame headers
            bits.skip(32 + 10)?;
        }
    }
    let has_display_delay = bits.flag()?;
    let n_points = bits.number(5)? + 1;
    let mut first = None;
    for _ in 0..n_points {
        bits.skip(12)?; // operating_point_idc
        let level_idx = bits.byte(5)?;
        // Levels up to 3.3 have no tiers.
        let is_high_tier = level_idx > 7 && bits.flag()?;
        first.get_or_insert((level_idx, is_high_tier));
        if let Some(length) = buffer_delay_length
            && bits.flag()?
        {
            bits.skip(2 * length + 1)?;
        }
        if has_display_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    first
}

/// Frame sizes and frame ids.
fn skip_sizes<B: Iterator<Item = u8>>(bits: &mut Bits<B>, is_reduced: bool) -> Option<()> {
    let n_width = bits.number(4)? + 1;
    let n_height = bits.number(4)? + 1;
    bits.skip(n_width + n_height)?;
    if !is_reduced && bits.flag()? {
        bits.skip(4 + 3)?;
    }
    Some(())
}

/// The coding tools that are on.
fn skip_tools<B: Iterator<Item = u8>>(bits: &mut Bits<B>, is_reduced: bool) -> Option<()> {
    bits.skip(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if !is_reduced {
        bits.skip(4)?; // enable_interintra_compound to enable_dual_filter
        let has_order_hint = bits.flag()?;
        if has_order_hint {
            bits.skip(2)?; // enable_jnt_comp, enable_ref_frame_mvs
        }
        let chooses_screen_content_tools = bits.flag()?;
        let may_have_them = chooses_screen_content_tools || bits.flag()?;
        if may_have_them {
            let chooses_integer_mv = bits.flag()?;
            if !chooses_integer_mv {
                bits.skip(1)?;
            }
        }
        if has_order_hint {
            bits.skip(3)?;
        }
    }
    bits.skip(3) // enable_superres, enable_cdef, enable_restoration
}

impl ColourConfig {
    fn parse<B: Iterator<Item = u8>>(bits: &mut Bits<B>, profile: u8) -> Option<Self> {
        let is_high_bit_depth = bits.flag()?;
        let is_twelve_bit = profile == 2 && is_high_bit_depth && bits.flag()?;
        let is_monochrome = profile != 1 && bits.flag()?;
        let description = if bits.flag()? {
            Some(ColourDescription {
                primaries: bits.byte(8)?,
                transfer: bits.byte(8)?,
                matrix: bits.byte(8)?,
            })
        } else {
            None
        };
        let is_srgb = !is_monochrome && description == Some(SRGB);
        let is_full_range = is_srgb || bits.flag()?;
        let subsampling = match profile {
            _ if is_monochrome => (true, true),
            _ if is_srgb => (false, false),
            0 => (true, true),
            1 => (false, false),
            _ if is_twelve_bit => {
                let x = bits.flag()?;
                (x, x && bits.flag()?)
            }
            _ => (true, false),
        };
        let has_position = !is_monochrome && subsampling == (true, true);
        Some(Self {
            is_high_bit_depth,
            is_twelve_bit,
            is_monochrome,
            subsampling,
            chroma_sample_position: if has_position { bits.byte(2)? } else { 0 },
            is_full_range,
            description,
        })
    }

    /// Bits of a sample.
    pub const fn bit_depth(&self) -> u8 {
        match (self.is_high_bit_depth, self.is_twelve_bit) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        }
    }
}

#[cfg(test)]
mod tests;
