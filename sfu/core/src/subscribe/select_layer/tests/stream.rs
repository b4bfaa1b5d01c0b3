//! Layered streams as encoders send them, packet by packet, and what their frames refer to.

use std::sync::Arc;

use sfu_model::codec::Codec;
use sfu_model::packet::Packet;
use sfu_model::time::MediaTime;

use crate::publish::facts::dependency::DependencyReader;
use crate::publish::facts::dependency::script::{FrameScript, Mode};
use crate::publish::facts::{self, ParameterSets};
use crate::subscribe::rewrite::tests::packet;

/// Ticks between two pictures: 30 a second.
pub(crate) const PICTURE_TICKS: u64 = 3_000;
/// Packets of a frame.
const PACKETS: usize = 2;
/// The temporal layers of consecutive pictures.
const PATTERN: [u8; 4] = [0, 2, 1, 2];

/// What a stream is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) codec: Codec,
    pub(crate) mode: Mode,
    /// A keyframe comes every so many pictures, in multiples of four.
    pub(crate) key_interval: u64,
    /// Points at which a decoder can follow a higher temporal layer are marked (VP8's Y, VP9's U).
    pub(crate) has_marks: bool,
}

/// One frame: its picture and its spatial layer.
pub(crate) type FrameName = (u64, u8);

/// One packet, and what it is part of.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) packet: Packet,
    pub(crate) frame: FrameName,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) ends_frame: bool,
    pub(crate) references: Vec<FrameName>,
}

/// The packets of so many pictures.
pub(crate) fn stream(shape: Shape, n_pictures: u64) -> Vec<Scripted> {
    let mut writer = StreamWriter {
        shape,
        reader: DependencyReader::default(),
        sequence: 1_000,
        tl0: 250,
        out: Vec::new(),
    };
    for picture in 0..n_pictures {
        writer.write_picture(picture);
    }
    writer.out
}

struct StreamWriter {
    shape: Shape,
    reader: DependencyReader,
    sequence: u64,
    tl0: u8,
    out: Vec<Scripted>,
}

impl StreamWriter {
    fn write_picture(&mut self, picture: u64) {
        let Shape {
            mode, key_interval, ..
        } = self.shape;
        let temporal = PATTERN[usize::try_from(picture % 4).unwrap()];
        let is_key = picture.is_multiple_of(key_interval);
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        for spatial in 0..mode.spatial {
            let mut references = Vec::new();
            if !is_key {
                let back = [4, 2, 1][usize::from(temporal)];
                references.push((picture - back, spatial));
            }
            if spatial > 0 && (is_key || !mode.is_key_only) {
                references.push((picture, spatial - 1));
            }
            for index in 0..PACKETS {
                let part = Part {
                    picture,
                    spatial,
                    temporal,
                    is_key,
                    begins: index == 0,
                    ends: index + 1 == PACKETS,
                };
                let packet = self.packet(part);
                self.out.push(Scripted {
                    packet,
                    frame: (picture, spatial),
                    spatial,
                    temporal,
                    ends_frame: part.ends,
                    references: references.clone(),
                });
            }
        }
    }

    fn packet(&mut self, part: Part) -> Packet {
        self.sequence += 1;
        let mut packet = packet(1, self.sequence, 90_000 + part.picture * PICTURE_TICKS);
        packet.codec = self.shape.codec;
        packet.marker = part.ends && part.spatial + 1 == self.shape.mode.spatial;
        packet.payload = self.payload(part).into();
        let mut memory = ParameterSets::default();
        let time = MediaTime(packet.time.0);
        packet.facts = facts::read(packet.codec, &packet.payload, time, &mut memory).unwrap();
        if matches!(packet.codec, Codec::Av1 { .. }) {
            let mode = self.shape.mode;
            let frames_before = part.picture * u64::from(mode.spatial);
            let script = FrameScript {
                begins: part.begins,
                ends: part.ends,
                template: mode.template(part.spatial, part.temporal, part.is_key),
                // Across the wrap of 16 bits.
                number: (frames_before + u64::from(part.spatial) + 65_500) as u16,
            };
            let is_first = part.is_key && part.begins && part.spatial == 0;
            let bytes = script.shared(is_first.then_some(mode));
            packet.descriptor = Some(Arc::new(self.reader.read(bytes).unwrap().descriptor));
        }
        packet
    }

    fn payload(&self, part: Part) -> Vec<u8> {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        let picture_id = (part.picture as u16 + 0x7ff0) & 0x7fff;
        let [high, low] = (picture_id | 0x8000).to_be_bytes();
        let is_marked = self.shape.has_marks && part.temporal > 0;
        match self.shape.codec {
            Codec::Vp8 => vec![
                0x80 | flag(part.begins, 0x10),
                0xe0,
                high,
                low,
                self.tl0,
                (part.temporal << 6) | flag(is_marked, 0x20),
                flag(!part.is_key, 0x01),
                0,
                0,
            ],
            Codec::Vp9 { .. } => vec![
                0xa0 | flag(!part.is_key, 0x40) | flag(part.begins, 0x08) | flag(part.ends, 0x04),
                high,
                low,
                (part.temporal << 5) | flag(is_marked, 0x10) | (part.spatial << 1),
                self.tl0,
                0xaa,
            ],
            Codec::Av1 { .. } | Codec::H264 { .. } | Codec::Opus => {
                let is_first = part.is_key && part.begins && part.spatial == 0;
                vec![0x10 | flag(is_first, 0x08), 0x30, 0xaa]
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Part {
    picture: u64,
    spatial: u8,
    temporal: u8,
    is_key: bool,
    begins: bool,
    ends: bool,
}
