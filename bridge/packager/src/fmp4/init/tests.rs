//! What is written is read back by types, and is what the format said.

use mp4_atom::{Codec, Decode};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::codec_string::codec_string;

const SIZE: Dimensions = Dimensions {
    width: 1280,
    height: 720,
};
/// Of libx264, High profile, level 3.1.
const SPS: [u8; 27] = [
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60, 0x80,
];
const PPS: [u8; 4] = [0x68, 0xeb, 0xe3, 0xcb];
/// Of libaom, 10 bits, with a colour description.
const SEQUENCE_HEADER: [u8; 16] = [
    0x0a, 0x0e, 0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x50, 0x20, 0x20, 0x90, 0x40,
];

fn h264(sps: &[u8], pps: &[u8]) -> Format {
    Format::H264 {
        sps: sps.into(),
        pps: pps.into(),
        size: SIZE,
    }
}

fn read(format: &Format) -> (Ftyp, Moov) {
    let bytes = init_section(format).unwrap();
    let mut rest = bytes.as_ref();
    let boxes = (
        Ftyp::decode(&mut rest).unwrap(),
        Moov::decode(&mut rest).unwrap(),
    );
    assert_eq!(rest.len(), 0, "nothing after moov");
    boxes
}

fn entry(format: &Format) -> Codec {
    let (_, moov) = read(format);
    let [codec] = &moov.trak[0].mdia.minf.stbl.stsd.codecs[..] else {
        panic!("one entry");
    };
    codec.clone()
}

#[test]
fn a_track_of_pictures_says_its_clock_and_its_size() {
    let (ftyp, moov) = read(&h264(&SPS, &PPS));
    assert_eq!(ftyp.major_brand, CMFC);
    assert_eq!(ftyp.compatible_brands, [CMFC, ISO6]);
    assert_eq!((moov.mvhd.timescale, moov.mvhd.next_track_id), (90_000, 2));
    let [trak] = &moov.trak[..] else {
        panic!("one track");
    };
    assert_eq!(trak.edts, None);
    assert_eq!(trak.tkhd.track_id, TRACK_ID);
    assert!(trak.tkhd.enabled && trak.tkhd.in_movie);
    let size = (trak.tkhd.width.integer(), trak.tkhd.height.integer());
    assert_eq!(size, (1280, 720));
    assert_eq!(trak.tkhd.volume.integer(), 0);
    assert_eq!(trak.mdia.mdhd.timescale, 90_000);
    assert_eq!(trak.mdia.mdhd.language, "und");
    assert_eq!(trak.mdia.hdlr.handler, VIDE);
    assert!(trak.mdia.minf.vmhd.is_some() && trak.mdia.minf.smhd.is_none());
    assert_eq!(trak.mdia.minf.dinf.dref.entries.len(), 1);
    let trex = &moov.mvex.unwrap().trex[0];
    let said = (trex.track_id, trex.default_sample_description_index);
    assert_eq!(said, (TRACK_ID, 1));
}

#[test]
fn a_track_of_sound_is_loud_and_has_no_size() {
    let (_, moov) = read(&Format::Aac {
        config: [0x11, 0x90].into(),
        sample_rate: 44_100,
        channels: 2,
    });
    let trak = &moov.trak[0];
    assert_eq!(trak.tkhd.volume.integer(), 1);
    assert_eq!(trak.tkhd.width.integer(), 0);
    assert_eq!(trak.mdia.mdhd.timescale, 44_100);
    assert_eq!(trak.mdia.hdlr.handler, SOUN);
    assert!(trak.mdia.minf.smhd.is_some() && trak.mdia.minf.vmhd.is_none());
}

#[test]
fn avc_repeats_the_parameter_sets_and_how_high_samples_chroma() {
    let Codec::Avc1(avc1) = entry(&h264(&SPS, &PPS)) else {
        panic!("avc1");
    };
    assert_eq!(avc1.visual.data_reference_index, 1);
    assert_eq!((avc1.visual.width, avc1.visual.height), (1280, 720));
    let avcc = avc1.avcc;
    let head = (
        avcc.avc_profile_indication,
        avcc.profile_compatibility,
        avcc.avc_level_indication,
    );
    assert_eq!(head, (0x64, 0, 0x1f));
    assert_eq!(avcc.length_size, 4);
    assert_eq!(avcc.sequence_parameter_sets, [SPS.to_vec()]);
    assert_eq!(avcc.picture_parameter_sets, [PPS.to_vec()]);
    let ext = avcc.ext.unwrap();
    let chroma = (ext.chroma_format, ext.bit_depth_luma, ext.bit_depth_chroma);
    assert_eq!(chroma, (1, 8, 8));

    let baseline = h264(&[0x67, 0x42, 0xe0, 0x1f, 0x8c], &PPS);
    let Codec::Avc1(avc1) = entry(&baseline) else {
        panic!("avc1");
    };
    assert_eq!(avc1.avcc.ext, None, "Baseline has no such fields");
}

#[test]
fn vp9_says_level_and_depth_and_leaves_colours_open() {
    let Codec::Vp09(vp09) = entry(&Format::Vp9 {
        profile: 2,
        size: SIZE,
    }) else {
        panic!("vp09");
    };
    let vpcc = vp09.vpcc;
    assert_eq!((vpcc.profile, vpcc.level, vpcc.bit_depth), (2, 40, 10));
    assert_eq!(vpcc.chroma_subsampling, 1);
    let colours = (
        vpcc.color_primaries,
        vpcc.transfer_characteristics,
        vpcc.matrix_coefficients,
    );
    assert_eq!(colours, (2, 2, 2));
}

#[test]
fn av1_has_its_brand_its_header_and_its_colours() {
    let format = Format::Av1 {
        sequence_header: SEQUENCE_HEADER.into(),
        size: SIZE,
    };
    let (ftyp, _) = read(&format);
    assert_eq!(ftyp.compatible_brands, [CMFC, ISO6, AV01]);
    let Codec::Av01(av01) = entry(&format) else {
        panic!("av01");
    };
    assert_eq!(av01.av1c.config_obus, SEQUENCE_HEADER);
    assert!(av01.av1c.high_bitdepth && !av01.av1c.twelve_bit);
    assert!(av01.av1c.chroma_subsampling_x && av01.av1c.chroma_subsampling_y);
    let expected = mp4_atom::Colr::Nclx {
        colour_primaries: 2,
        transfer_characteristics: 2,
        matrix_coefficients: 9,
        full_range_flag: false,
    };
    assert_eq!(av01.colr, Some(expected));
}

#[test]
fn opus_says_its_pre_skip_and_has_no_edit_list() {
    let format = Format::Opus {
        channels: 2,
        pre_skip: 312,
    };
    let (_, moov) = read(&format);
    assert_eq!(moov.trak[0].edts, None);
    let Codec::Opus(opus) = entry(&format) else {
        panic!("Opus");
    };
    assert_eq!(opus.audio.channel_count, 2);
    assert_eq!(opus.audio.sample_rate.integer(), 48_000);
    assert_eq!(opus.dops.pre_skip, 312);
    assert_eq!(opus.dops.output_channel_count, 2);
    assert_eq!(opus.dops.channel_mapping, None);
}

#[test]
fn aac_repeats_its_config_to_the_byte() {
    // Five bytes: HE-AAC by explicit signaling, which two bytes would lose.
    let config = [0x13, 0x10, 0x56, 0xe5, 0x98];
    let of = |sample_rate| {
        let Codec::Mp4a(mp4a) = entry(&Format::Aac {
            config: config.into(),
            sample_rate,
            channels: 1,
        }) else {
            panic!("mp4a");
        };
        mp4a
    };
    let mp4a = of(48_000);
    let decoder = mp4a.esds.es_desc.dec_config;
    assert_eq!(decoder.object_type_indication, 0x40);
    assert_eq!(decoder.stream_type, 5);
    assert_eq!(decoder.dec_specific.unwrap().raw, config);
    assert_eq!(mp4a.audio.sample_rate.integer(), 48_000);
    assert_eq!(of(96_000).audio.sample_rate.integer(), 0, "does not fit");
}

#[test]
fn what_cannot_be_played_is_refused_with_its_reason() {
    let refused = |format: &Format| init_section(format).unwrap_err();
    let vp8 = refused(&Format::Vp8 { size: SIZE });
    assert!(matches!(vp8, UnsupportedFormat::Vp8));
    let vp9 = refused(&Format::Vp9 {
        profile: 1,
        size: SIZE,
    });
    assert!(matches!(vp9, UnsupportedFormat::Vp9Profile(1)));
    let channels = refused(&Format::Opus {
        channels: 6,
        pre_skip: 0,
    });
    assert!(matches!(channels, UnsupportedFormat::Channels(6)));
    let is_malformed = |format: &Format| matches!(refused(format), UnsupportedFormat::Malformed(_));
    assert!(is_malformed(&h264(&PPS, &PPS)));
    assert!(is_malformed(&h264(&SPS, &SPS)));
    assert!(is_malformed(&h264(&SPS, &[])));
    let mut too_long = SPS.to_vec();
    too_long.resize(usize::from(u16::MAX) + 1, 0);
    assert!(is_malformed(&h264(&too_long, &PPS)));
    assert!(is_malformed(&Format::Av1 {
        sequence_header: [].into(),
        size: SIZE,
    }));
    let aac = |config: &[u8], sample_rate| Format::Aac {
        config: config.into(),
        sample_rate,
        channels: 2,
    };
    assert!(is_malformed(&aac(&[], 48_000)));
    assert!(is_malformed(&aac(&[0x11, 0x90], 0)));
}

/// Headers that begin as they should, and go on by chance.
fn any_format() -> impl Strategy<Value = Format> {
    let bytes = || vec(any::<u8>(), 0..40);
    let after = |first: &'static [u8]| bytes().prop_map(move |rest| [first, &rest].concat());
    let size = any::<(u16, u16)>().prop_map(|(width, height)| Dimensions { width, height });
    let profile = prop_oneof![Just(66_u8), Just(100), any::<u8>()];
    let sps = (profile, bytes()).prop_map(|(profile, rest)| [&[0x67, profile][..], &rest].concat());
    let h264 = (sps, after(&[0x68]), size.clone()).prop_map(|(sps, pps, size)| Format::H264 {
        sps: sps.into(),
        pps: pps.into(),
        size,
    });
    let av1 = (after(&[0x0a, 0x0b]), size.clone()).prop_map(|(header, size)| Format::Av1 {
        sequence_header: header.into(),
        size,
    });
    let vp9 = (0..5_u8, size).prop_map(|(profile, size)| Format::Vp9 { profile, size });
    let aac = (bytes(), any::<u32>(), 0..4_u8).prop_map(|(config, sample_rate, channels)| {
        let config = config.into();
        Format::Aac {
            config,
            sample_rate,
            channels,
        }
    });
    prop_oneof![h264, av1, vp9, aac]
}

proptest! {
    #[test]
    fn any_header_is_refused_or_written_and_named(format in any_format()) {
        let Ok(bytes) = init_section(&format) else {
            return Ok(());
        };
        let mut rest = bytes.as_ref();
        prop_assert!(Ftyp::decode(&mut rest).is_ok());
        prop_assert!(Moov::decode(&mut rest).is_ok());
        prop_assert!(codec_string(&format).is_some());
    }
}
