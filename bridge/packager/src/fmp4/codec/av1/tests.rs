//! Headers of real encoders; the values are those that ffmpeg's `trace_headers` reads in them.

use super::*;

const PLAIN: ColourConfig = ColourConfig {
    is_high_bit_depth: false,
    is_twelve_bit: false,
    is_monochrome: false,
    subsampling: (true, true),
    chroma_sample_position: 0,
    is_full_range: false,
    description: None,
};

fn obu(payload: &[u8]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    [&[0x0a, size], payload].concat()
}

fn of(payload: &[u8]) -> SequenceHeader {
    SequenceHeader::parse(&obu(payload)).unwrap()
}

#[test]
fn libaom_in_8_bits_says_nothing_of_colours() {
    let header = of(&[0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0, 0x40]);
    let expected = SequenceHeader {
        profile: 0,
        level_idx: 0,
        is_high_tier: false,
        colour: PLAIN,
    };
    assert_eq!(header, expected);
}

#[test]
fn libaom_in_10_bits_says_its_matrix() {
    let header = of(&[
        0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x50, 0x20, 0x20, 0x90, 0x40,
    ]);
    let description = ColourDescription {
        primaries: 2,
        transfer: 2,
        matrix: 9,
    };
    let expected = ColourConfig {
        is_high_bit_depth: true,
        description: Some(description),
        ..PLAIN
    };
    assert_eq!(header.colour, expected);
    assert_eq!(header.colour.bit_depth(), 10);
}

#[test]
fn svt_has_a_tier_and_a_display_delay() {
    let header = of(&[2, 0, 0, 0x42, 0x95, 0x5d, 0xfe, 0x1b, 0x8d, 0x5f, 0x30, 8]);
    assert_eq!((header.level_idx, header.is_high_tier), (8, false));
    assert_eq!(header.colour, PLAIN);
}

#[test]
fn rav1e_leaves_its_level_open() {
    let header = of(&[
        0, 0, 0, 0xfa, 0xef, 0xbf, 0xe1, 0xbc, 0x42, 0x15, 0x10, 0x20, 0x20, 0x21, 0x40,
    ]);
    assert_eq!(header.level_idx, 31);
    assert_eq!(header.colour.description.map(|said| said.matrix), Some(2));
}

#[test]
fn grey_has_no_chroma_to_place() {
    let header = of(&[0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x2a]);
    let expected = ColourConfig {
        is_monochrome: true,
        is_full_range: true,
        ..PLAIN
    };
    assert_eq!(header.colour, expected);
}

#[test]
fn the_professional_profile_says_its_sampling() {
    let header = of(&[0x40, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x62, 0x20]);
    assert_eq!(header.profile, 2);
    assert_eq!(header.colour.subsampling, (true, false));
    assert_eq!(header.colour.bit_depth(), 12);
}

#[test]
fn rgb_is_whole_and_of_full_range() {
    let header = of(&[
        0x20, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x20, 0x21, 0xa0, 4,
    ]);
    assert_eq!(header.profile, 1);
    assert_eq!(header.colour.subsampling, (false, false));
    assert!(header.colour.is_full_range);
}

#[test]
fn what_is_no_header_or_ends_early_is_none() {
    let whole = obu(&[0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0, 0x40]);
    let mut of_another_type = whole.clone();
    of_another_type[0] = 0x12;
    assert_eq!(SequenceHeader::parse(&of_another_type), None);
    let mut without_size = whole.clone();
    without_size[0] = 8;
    assert_eq!(SequenceHeader::parse(&without_size), None);
    // The last byte has nothing that is asked for but the two bits of the chroma position.
    for end in 0..whole.len() - 2 {
        assert_eq!(SequenceHeader::parse(&whole[..end]), None, "{end} bytes");
    }
    assert_eq!(SequenceHeader::parse(&[0x0a, 0xff, 0xff, 0xff]), None);
}
