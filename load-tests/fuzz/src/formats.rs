//! What a decoder must know before the first frame, as a publisher sends it: parameter sets of H.264, sequence headers of AV1.

use bridge_packager::codec_string::codec_string;
use bridge_packager::fmp4::init_section;
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use crate::input::Input;

/// The first byte chooses the codec, its fields follow. A format is carried, with a name and an init section of whole boxes,
/// or it is not.
pub fn formats(bytes: &[u8]) {
    let mut input = Input(bytes);
    let kind = input.choice();
    let size = |input: &mut Input<'_>| Dimensions {
        width: u16::from_be_bytes([input.choice(), input.choice()]),
        height: u16::from_be_bytes([input.choice(), input.choice()]),
    };
    let format = match kind % 6 {
        0 => Format::H264 {
            size: size(&mut input),
            pps: input.spelt().into(),
            sps: input.0.into(),
        },
        1 => Format::Av1 {
            size: size(&mut input),
            sequence_header: input.0.into(),
        },
        2 => Format::Vp9 {
            size: size(&mut input),
            profile: input.choice(),
        },
        3 => Format::Vp8 {
            size: size(&mut input),
        },
        4 => Format::Opus {
            channels: input.choice(),
            pre_skip: u16::from_be_bytes([input.choice(), input.choice()]),
        },
        _ => Format::Aac {
            channels: input.choice(),
            sample_rate: u32::from_be_bytes([0; 4].map(|zero: u8| zero | input.choice())),
            config: input.0.into(),
        },
    };
    described(&format);
}

/// What a packager writes of a format, held to its promises.
pub(crate) fn described(format: &Format) {
    let name = codec_string(format);
    let Ok(init) = init_section(format) else {
        return;
    };
    let name = name.expect("what has an init section has a name");
    assert!(name.is_ascii() && !name.contains(['"', ',']), "{name}");
    let kinds = boxes(&init);
    assert_eq!(kinds, [*b"ftyp", *b"moov"]);
}

/// The types of boxes that lie one after the other (ISO/IEC 14496-12 section 4.2).
fn boxes(bytes: &[u8]) -> Vec<[u8; 4]> {
    let (mut rest, mut kinds) = (bytes, Vec::new());
    while let Some((size, behind)) = rest.split_first_chunk::<4>() {
        kinds.push(*behind.first_chunk().expect("a box has a type"));
        let size = usize::try_from(u32::from_be_bytes(*size)).expect("32 bits fit");
        assert!(size >= 8, "a box has a header");
        rest = rest.get(size..).expect("a box is whole");
    }
    assert!(rest.is_empty(), "bytes are left over");
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_carried() {
        let h264 = include_bytes!("../corpus/formats/h264_high");
        assert_eq!(h264.first(), Some(&0));
        for seed in [&h264[..], include_bytes!("../corpus/formats/av1")] {
            formats(seed);
        }
    }
}
