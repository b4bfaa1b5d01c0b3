//! The numbers that a codec has of its own: in its payload descriptor, or in the Dependency Descriptor.

use sfu_model::codec::Codec;
use sfu_model::packet::{Packet, PictureNumbers};

use crate::subscribe::passing::Passing;
use crate::subscribe::rewrite_dependency::{FrameNumbers, FrameRewriter};
use crate::subscribe::rewrite_picture::{self, PictureRewriter, PictureShift};

/// What a packet gets. Nothing is ever added where a packet has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodecNumbers {
    /// The codec has none.
    None,
    /// In the payload descriptor of VP8 or VP9.
    Picture(PictureNumbers),
    /// In the Dependency Descriptor.
    Frame(FrameNumbers),
}

/// How numbers differ from those that a packet came with: enough to write it again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodecShift {
    None,
    Picture(PictureShift),
    Frame {
        number: u16,
        active_targets: Option<u32>,
    },
}

impl CodecNumbers {
    /// How these differ from the packet's own.
    #[inline]
    pub(crate) fn shift_from(self, packet: &Packet) -> CodecShift {
        match (self, packet.facts.picture, &packet.descriptor) {
            (Self::Picture(to), Some(from), _) => {
                CodecShift::Picture(PictureShift::between(from, to))
            }
            (Self::Frame(to), _, Some(from)) => CodecShift::Frame {
                number: to.frame_number.wrapping_sub(from.frame_number),
                active_targets: to.active_targets,
            },
            _ => CodecShift::None,
        }
    }
}

impl CodecShift {
    /// The numbers that a packet got.
    pub(crate) fn apply(self, packet: &Packet) -> CodecNumbers {
        match (self, packet.facts.picture, &packet.descriptor) {
            (Self::Picture(shift), Some(from), _) => CodecNumbers::Picture(shift.apply(from)),
            (
                Self::Frame {
                    number,
                    active_targets,
                },
                _,
                Some(from),
            ) => CodecNumbers::Frame(FrameNumbers {
                frame_number: from.frame_number.wrapping_add(number),
                active_targets,
            }),
            _ => CodecNumbers::None,
        }
    }
}

/// Keeps them continuous.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodecRewriter {
    picture: PictureRewriter,
    frame: FrameRewriter,
}

impl CodecRewriter {
    /// A new source begins with this packet.
    pub(crate) fn begin(&mut self, packet: &Packet) {
        self.picture.begin(packet.facts.picture);
        self.frame
            .begin(packet.descriptor.as_ref().map(|d| d.frame_number));
    }

    /// A packet is left out. True when that leaves out one picture more.
    pub(crate) fn skip(&mut self, packet: &Packet) -> bool {
        match (packet.codec, packet.facts.picture) {
            (Codec::Vp8, Some(picture)) => self.picture.skip(picture),
            // VP9 names the pictures that one refers to by their distance: gaps stay.
            _ => false,
        }
    }

    /// The numbers of a packet after which so many pictures were left out, and which is the newest or comes late.
    #[inline]
    pub(crate) fn rewrite(
        &mut self,
        packet: &Packet,
        passing: Passing,
        pictures_since: u64,
        is_newest: bool,
    ) -> CodecNumbers {
        if let Some(picture) = packet.facts.picture {
            // Picture ids wrap at 15 bits, and so does what is added to them.
            let since = (pictures_since & 0x7fff) as u16;
            return CodecNumbers::Picture(self.picture.rewrite(picture, since, is_newest));
        }
        match &packet.descriptor {
            Some(descriptor) => CodecNumbers::Frame(FrameNumbers {
                frame_number: self.frame.rewrite(descriptor.frame_number),
                active_targets: passing.active_targets,
            }),
            None => CodecNumbers::None,
        }
    }
}

/// Bytes at the start of a payload that hold every number that is ever rewritten: at most 6 (RFC 7741 section 4.2), in whole
/// blocks of AES.
pub(crate) const PATCHED_BYTES: usize = 16;

/// True when the payload of a packet must be patched to say these numbers.
#[inline]
pub(crate) fn needs_patch(packet: &Packet, numbers: CodecNumbers) -> bool {
    match numbers {
        CodecNumbers::Picture(picture) => packet.facts.picture != Some(picture),
        CodecNumbers::Frame(_) | CodecNumbers::None => false,
    }
}

/// Writes the numbers into a copy of the first [`PATCHED_BYTES`] of a payload.
pub(crate) fn patch(start: &mut [u8], packet: &Packet, numbers: CodecNumbers) {
    let CodecNumbers::Picture(picture) = numbers else {
        return;
    };
    match packet.codec {
        Codec::Vp8 => rewrite_picture::patch_vp8(start, picture),
        Codec::Vp9 { .. } => rewrite_picture::patch_vp9(start, picture),
        Codec::Opus | Codec::H264 { .. } | Codec::Av1 { .. } => {}
    }
}
