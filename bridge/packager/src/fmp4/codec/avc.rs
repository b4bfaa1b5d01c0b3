//! The first fields of an H.264 sequence parameter set (ITU-T H.264 section 7.3.2.1.1).

use super::bits::Bits;

/// `nal_unit_type` of a sequence parameter set (ITU-T H.264 table 7-1).
const NAL_SPS: u8 = 7;

/// The profiles whose sets say how chroma is sampled (ITU-T H.264 section 7.3.2.1.1); in all others it is 4:2:0 of 8 bits.
const PROFILES_WITH_CHROMA: [u8; 13] =
    [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// What `avcC` and a codec string repeat of a sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpsHead {
    /// `profile_idc`.
    pub profile_idc: u8,
    /// The `constraint_set` flags, in the high bits.
    pub constraint_flags: u8,
    /// `level_idc`, ten times the level.
    pub level_idc: u8,
    /// Only of the profiles that say so.
    pub chroma: Option<Chroma>,
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chroma {
    /// `chroma_format_idc`: 0 is monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub format_idc: u8,
    /// Bits of a luma sample, 8 to 14.
    pub bit_depth_luma: u8,
    /// Bits of a chroma sample, 8 to 14.
    pub bit_depth_chroma: u8,
}

impl SpsHead {
    /// Reads a set with its NAL header, without a start code. `None`: it is not one.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let &[
            header,
            profile_idc,
            constraint_flags,
            level_idc,
            ref rest @ ..,
        ] = nal
        else {
            return None;
        };
        if header & 0x1f != NAL_SPS {
            return None;
        }
        let chroma = if PROFILES_WITH_CHROMA.contains(&profile_idc) {
            Some(Chroma::parse(rest)?)
        } else {
            None
        };
        Some(Self {
            profile_idc,
            constraint_flags,
            level_idc,
            chroma,
        })
    }
}

impl Chroma {
    fn parse(after_level: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unescaped(after_level));
        let _seq_parameter_set_id = bits.exp_golomb()?;
        let format_idc = u8::try_from(bits.exp_golomb()?).ok()?;
        if format_idc == 3 {
            let _separate_colour_plane_flag = bits.flag()?;
        }
        let mut depth = || match bits.exp_golomb()? {
            minus_8 @ 0..=6 => u8::try_from(minus_8 + 8).ok(),
            _ => None,
        };
        let chroma = Self {
            format_idc,
            bit_depth_luma: depth()?,
            bit_depth_chroma: depth()?,
        };
        (format_idc <= 3).then_some(chroma)
    }
}

/// The bytes without the third of each 00 00 03, which only keeps start codes out (ITU-T H.264 section 7.3.1).
fn unescaped(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let mut n_zeros = 0;
    bytes.iter().copied().filter(move |byte| {
        let is_escape = n_zeros >= 2 && *byte == 3;
        n_zeros = if *byte == 0 { n_zeros + 1 } else { 0 };
        !is_escape
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baseline_says_nothing_of_chroma() {
        let head = SpsHead::parse(&[0x67, 0x42, 0xe0, 0x1f, 0x8c]).unwrap();
        let parts = (head.profile_idc, head.constraint_flags, head.level_idc);
        assert_eq!(parts, (0x42, 0xe0, 0x1f));
        assert_eq!(head.chroma, None);
    }

    #[test]
    fn high_10_says_its_depth() {
        // 1 | 010 | 011 | 011: set 0, 4:2:0, 10 bits, 10 bits.
        let head = SpsHead::parse(&[0x67, 110, 0, 40, 0b1010_0110, 0b1100_0000]).unwrap();
        let expected = Chroma {
            format_idc: 1,
            bit_depth_luma: 10,
            bit_depth_chroma: 10,
        };
        assert_eq!(head.chroma, Some(expected));
    }

    #[test]
    fn what_is_no_set_is_none() {
        assert_eq!(SpsHead::parse(&[]), None);
        assert_eq!(SpsHead::parse(&[0x67, 0x42, 0xe0]), None, "too short");
        assert_eq!(
            SpsHead::parse(&[0x68, 0x42, 0xe0, 0x1f]),
            None,
            "a picture's"
        );
        assert_eq!(
            SpsHead::parse(&[0x67, 100, 0, 31]),
            None,
            "High without chroma"
        );
    }

    #[test]
    fn an_escape_is_no_byte_of_the_set() {
        let bytes: Vec<u8> = unescaped(&[0, 0, 3, 1, 0, 3, 0, 0, 3, 0, 0, 3]).collect();
        assert_eq!(bytes, [0, 0, 1, 0, 3, 0, 0, 0, 0]);
    }
}
