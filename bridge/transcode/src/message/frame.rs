//! A frame and its format inside a message.

use std::sync::Arc;

use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::time::{Instant, MediaTime};

use super::wire::{Malformed, Reader, Writer};

pub(super) fn write(writer: Writer, frame: &Frame) -> Writer {
    let writer = writer
        .u64(frame.time.0)
        .u64(frame.captured_at.as_nanos())
        .u8(frame.is_keyframe.into())
        .u8(frame.discontinuity.map_or(0, tag_of));
    write_format(writer, &frame.format).bytes(&frame.data)
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Frame, Malformed> {
    Ok(Frame {
        time: MediaTime(reader.u64()?),
        captured_at: Instant::from_nanos(reader.u64()?),
        is_keyframe: reader.u8()? != 0,
        discontinuity: discontinuity_of(reader.u8()?)?,
        format: Arc::new(read_format(reader)?),
        data: Arc::from(reader.bytes()?),
    })
}

const fn tag_of(discontinuity: Discontinuity) -> u8 {
    match discontinuity {
        Discontinuity::Lost => 1,
        Discontinuity::Publisher => 2,
        Discontinuity::Clock => 3,
        Discontinuity::Encoder => 4,
    }
}

const fn discontinuity_of(tag: u8) -> Result<Option<Discontinuity>, Malformed> {
    match tag {
        0 => Ok(None),
        1 => Ok(Some(Discontinuity::Lost)),
        2 => Ok(Some(Discontinuity::Publisher)),
        3 => Ok(Some(Discontinuity::Clock)),
        4 => Ok(Some(Discontinuity::Encoder)),
        _ => Err(Malformed::Tag),
    }
}

fn write_format(writer: Writer, format: &Format) -> Writer {
    match format {
        Format::H264 { sps, pps, size } => writer.u8(1).bytes(sps).bytes(pps).size(*size),
        Format::Vp8 { size } => writer.u8(2).size(*size),
        Format::Vp9 { profile, size } => writer.u8(3).u8(*profile).size(*size),
        Format::Av1 {
            sequence_header,
            size,
        } => writer.u8(4).bytes(sequence_header).size(*size),
        Format::Opus { channels, pre_skip } => writer.u8(5).u8(*channels).u16(*pre_skip),
        Format::Aac {
            config,
            sample_rate,
            channels,
        } => writer.u8(6).bytes(config).u32(*sample_rate).u8(*channels),
    }
}

fn read_format(reader: &mut Reader<'_>) -> Result<Format, Malformed> {
    Ok(match reader.u8()? {
        1 => Format::H264 {
            sps: reader.bytes()?.into(),
            pps: reader.bytes()?.into(),
            size: reader.size()?,
        },
        2 => Format::Vp8 {
            size: reader.size()?,
        },
        3 => Format::Vp9 {
            profile: reader.u8()?,
            size: reader.size()?,
        },
        4 => Format::Av1 {
            sequence_header: reader.bytes()?.into(),
            size: reader.size()?,
        },
        5 => Format::Opus {
            channels: reader.u8()?,
            pre_skip: reader.u16()?,
        },
        6 => Format::Aac {
            config: reader.bytes()?.into(),
            sample_rate: reader.u32()?,
            channels: reader.u8()?,
        },
        _ => return Err(Malformed::Tag),
    })
}
