//! From the payloads of one frame's packets to its bytes as they stand in a sample: one file per payload format.

mod av1;
mod av1_sequence;
mod chain;
mod h264;
mod h264_parameter_sets;
pub(crate) mod opus;
mod vp8;
mod vp9;
pub(crate) mod whole;

use sfu_model::codec::Codec;
use sfu_model::packet::Packet;

use av1::Av1;
use h264::H264;
use vp8::Vp8;
use vp9::Vp9;
use whole::{Refusal, Whole};

/// The payload format of an encoding of pictures, with what it remembers between them.
#[derive(Debug)]
pub(crate) enum Depacketizer {
    H264(Box<H264>),
    Vp8(Vp8),
    Vp9(Vp9),
    Av1(Av1),
}

impl Depacketizer {
    /// `None`: the codec is not one of pictures.
    pub(crate) fn new(codec: Codec) -> Option<Self> {
        match codec {
            Codec::H264 { .. } => Some(Self::H264(Box::default())),
            Codec::Vp8 => Some(Self::Vp8(Vp8::default())),
            Codec::Vp9 { profile_id } => Some(Self::Vp9(Vp9::new(profile_id))),
            Codec::Av1 { .. } => Some(Self::Av1(Av1::default())),
            Codec::Opus => None,
        }
    }

    /// What the packets of one frame make: all of them, in order.
    pub(crate) fn frame(&mut self, packets: &[Packet]) -> Result<Whole, Refusal> {
        match self {
            Self::H264(h264) => h264.frame(packets),
            Self::Vp8(vp8) => vp8.frame(packets),
            Self::Vp9(vp9) => vp9.frame(packets),
            Self::Av1(av1) => av1.frame(packets),
        }
    }

    /// A frame begins with this packet, whatever its time says. Those of VP9 and AV1 do not tell it from another layer.
    pub(crate) fn begins_frame(&self, packet: &Packet) -> bool {
        match self {
            Self::H264(_) => h264::begins_picture(&packet.payload),
            Self::Vp8(_) => vp8::begins_frame(&packet.payload),
            Self::Vp9(_) | Self::Av1(_) => false,
        }
    }

    /// The frame that begins with this packet is shown before one that was sent earlier: nothing but H.264 has such.
    pub(crate) fn is_bidirectional(&self, first: &Packet) -> bool {
        match self {
            Self::H264(_) => h264::is_bidirectional(&first.payload),
            Self::Vp8(_) | Self::Vp9(_) | Self::Av1(_) => false,
        }
    }
}
