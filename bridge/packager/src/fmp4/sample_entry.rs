//! The sample entry of a codec (ISO/IEC 14496-12 section 8.5.2): what its decoder must know.

use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    Audio, Av01, Av1c, Avc1, Avcc, AvccExt, Codec, Colr, Dops, Esds, Mp4a, Opus, Visual, Vp09, VpcC,
};
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use super::codec::aac;
use super::codec::av1::{ColourConfig, SequenceHeader};
use super::codec::avc::SpsHead;
use super::codec::vp9;
use super::unsupported::UnsupportedFormat;

/// The only entry of `dref`: the samples are in this file.
const DATA_REFERENCE: u16 = 1;
/// `nal_unit_type` of a picture parameter set (ITU-T H.264 table 7-1).
const NAL_PPS: u8 = 8;
/// 4:2:0 whose chroma samples lie on luma samples (VP Codec ISO Media File Format Binding, `chromaSubsampling`): the most
/// common value; nothing in a frame tells it from 0, and decoders take the sampling from the frame.
const VP9_CHROMA_420: u8 = 1;
/// ISO/IEC 23091-2: nobody said; a player takes what it takes for pictures of this size.
const COLOUR_UNSPECIFIED: u8 = 2;
/// `objectTypeIndication` of AAC (ISO/IEC 14496-1 table 5).
const OBJECT_TYPE_AAC: u8 = 0x40;
/// `streamType` of sound (ISO/IEC 14496-1 table 6).
const STREAM_TYPE_AUDIO: u8 = 5;
/// Opus is decoded at this rate, whatever was captured (Encapsulation of Opus in ISOBMFF section 4.3.1).
const OPUS_RATE: u16 = 48_000;
/// `samplesize` of all compressed sound (ISO/IEC 14496-12 section 12.2.3.2).
const SAMPLE_SIZE: u16 = 16;

/// The sample entry of a format.
pub(super) fn sample_entry(format: &Format) -> Result<Codec, UnsupportedFormat> {
    Ok(match format {
        Format::H264 { sps, pps, size } => Codec::Avc1(Avc1 {
            visual: visual(*size),
            avcc: avc_configuration(sps, pps)?,
            // Colour and shape of pixels stand in the set's VUI, which is repeated here whole.
            ..Avc1::default()
        }),
        Format::Vp8 { .. } => return Err(UnsupportedFormat::Vp8),
        Format::Vp9 { profile, size } => Codec::Vp09(Vp09 {
            visual: visual(*size),
            vpcc: vp_configuration(*profile, *size)?,
            ..Vp09::default()
        }),
        Format::Av1 {
            sequence_header,
            size,
        } => av01(sequence_header, *size)?,
        Format::Opus { channels, pre_skip } => Codec::Opus(Opus {
            audio: audio(*channels, OPUS_RATE)?,
            dops: Dops {
                output_channel_count: *channels,
                pre_skip: *pre_skip,
                input_sample_rate: u32::from(OPUS_RATE),
                output_gain: 0,
                channel_mapping: None,
            },
            btrt: None,
        }),
        Format::Aac {
            config,
            sample_rate,
            channels,
        } => mp4a(config, *sample_rate, *channels)?,
    })
}

fn visual(size: Dimensions) -> Visual {
    Visual {
        data_reference_index: DATA_REFERENCE,
        width: size.width,
        height: size.height,
        ..Visual::default()
    }
}

fn audio(channels: u8, sample_rate: u16) -> Result<Audio, UnsupportedFormat> {
    if !(1..=2).contains(&channels) {
        return Err(UnsupportedFormat::Channels(channels));
    }
    Ok(Audio {
        data_reference_index: DATA_REFERENCE,
        channel_count: u16::from(channels),
        sample_size: SAMPLE_SIZE,
        sample_rate: sample_rate.into(),
    })
}

/// `avcC` (ISO/IEC 14496-15 section 5.3.3.1).
fn avc_configuration(sps: &[u8], pps: &[u8]) -> Result<Avcc, UnsupportedFormat> {
    // Their lengths are written in 16 bits.
    let fits = |set: &[u8]| u16::try_from(set.len()).is_ok();
    let head = SpsHead::parse(sps)
        .filter(|_| fits(sps))
        .ok_or(UnsupportedFormat::Malformed("sequence parameter set"))?;
    if !fits(pps) || pps.first().map(|header| header & 0x1f) != Some(NAL_PPS) {
        return Err(UnsupportedFormat::Malformed("picture parameter set"));
    }
    Ok(Avcc {
        configuration_version: 1,
        avc_profile_indication: head.profile_idc,
        profile_compatibility: head.constraint_flags,
        avc_level_indication: head.level_idc,
        length_size: 4,
        sequence_parameter_sets: vec![sps.into()],
        picture_parameter_sets: vec![pps.into()],
        ext: head.chroma.map(|chroma| AvccExt {
            chroma_format: chroma.format_idc,
            bit_depth_luma: chroma.bit_depth_luma,
            bit_depth_chroma: chroma.bit_depth_chroma,
            sequence_parameter_sets_ext: Vec::new(),
        }),
    })
}

/// `vpcC` (VP Codec ISO Media File Format Binding).
fn vp_configuration(profile: u8, size: Dimensions) -> Result<VpcC, UnsupportedFormat> {
    let bit_depth = vp9::bit_depth(profile).ok_or(UnsupportedFormat::Vp9Profile(profile))?;
    Ok(VpcC {
        profile,
        level: vp9::level(size),
        bit_depth,
        chroma_subsampling: VP9_CHROMA_420,
        video_full_range_flag: false,
        color_primaries: COLOUR_UNSPECIFIED,
        transfer_characteristics: COLOUR_UNSPECIFIED,
        matrix_coefficients: COLOUR_UNSPECIFIED,
        codec_initialization_data: Vec::new(),
    })
}

/// `av01` with its `av1C` (AV1 in ISOBMFF sections 2.2 and 2.3).
fn av01(sequence_header: &[u8], size: Dimensions) -> Result<Codec, UnsupportedFormat> {
    let header = SequenceHeader::parse(sequence_header)
        .ok_or(UnsupportedFormat::Malformed("sequence header"))?;
    let colour = header.colour;
    Ok(Codec::Av01(Av01 {
        visual: visual(size),
        av1c: Av1c {
            seq_profile: header.profile,
            seq_level_idx_0: header.level_idx,
            seq_tier_0: header.is_high_tier,
            high_bitdepth: colour.is_high_bit_depth,
            twelve_bit: colour.is_twelve_bit,
            monochrome: colour.is_monochrome,
            chroma_subsampling_x: colour.subsampling.0,
            chroma_subsampling_y: colour.subsampling.1,
            chroma_sample_position: colour.chroma_sample_position,
            initial_presentation_delay: None,
            config_obus: sequence_header.to_vec(),
        },
        colr: colour_information(&colour),
        ..Av01::default()
    }))
}

/// `colr` (ISO/IEC 14496-12 section 12.1.5), only where the publisher said its colours.
fn colour_information(colour: &ColourConfig) -> Option<Colr> {
    let description = colour.description?;
    Some(Colr::Nclx {
        colour_primaries: description.primaries.into(),
        transfer_characteristics: description.transfer.into(),
        matrix_coefficients: description.matrix.into(),
        full_range_flag: colour.is_full_range,
    })
}

/// `mp4a` (ISO/IEC 14496-14 section 6.7).
fn mp4a(config: &[u8], sample_rate: u32, channels: u8) -> Result<Codec, UnsupportedFormat> {
    if sample_rate == 0 {
        // It is the track's timescale, by which players divide.
        return Err(UnsupportedFormat::Malformed("sample rate"));
    }
    // The field is 16 bits wide: 0 where a rate does not fit. Decoders take it from the config.
    let rate_field = u16::try_from(sample_rate).unwrap_or(0);
    Ok(Codec::Mp4a(Mp4a {
        audio: audio(channels, rate_field)?,
        esds: elementary_stream(config)?,
        btrt: None,
        taic: None,
    }))
}

/// `esds` (ISO/IEC 14496-14 section 6.7.2). Bit rates are 0: they vary.
fn elementary_stream(config: &[u8]) -> Result<Esds, UnsupportedFormat> {
    if aac::object_type(config).is_none() {
        return Err(UnsupportedFormat::Malformed("AudioSpecificConfig"));
    }
    Ok(Esds {
        es_desc: EsDescriptor {
            dec_config: DecoderConfig {
                object_type_indication: OBJECT_TYPE_AAC,
                stream_type: STREAM_TYPE_AUDIO,
                dec_specific: Some(DecoderSpecific {
                    // Written as it is: the other fields are of a config without it.
                    raw: config.to_vec(),
                    ..DecoderSpecific::default()
                }),
                ..DecoderConfig::default()
            },
            sl_config: SLConfig::default(),
            ..EsDescriptor::default()
        },
    })
}
