//! RTP payloads that a real packetizer could have made, as far as anybody can tell without decoding: descriptors,
//! parameter sets and sizes are true, the pictures are filler.

mod av1;
mod bits;
mod h264;
pub mod red;
mod vp8;
mod vp9;

use sfu_model::codec::Codec;
use sfu_model::packet::{Dimensions, PictureNumbers};

use crate::stamp::{STAMP_BYTES, Stamp};

pub use vp8::{KEY_INDEX_STEPS_PER_KEYFRAME, numbers as vp8_numbers};

/// What a packetizer knows when it writes one packet.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its identity; also says which packet of the frame it is.
    pub stamp: Stamp,
    /// The picture's size.
    pub dimensions: Dimensions,
    /// VP8's running counters; ignored by other codecs.
    pub vp8: PictureNumbers,
}

impl Part {
    fn is_first(&self) -> bool {
        self.stamp.packet_index == 0
    }

    fn is_last(&self) -> bool {
        self.stamp.packet_index + 1 == self.stamp.n_packets
    }
}

/// A payload of about this many bytes.
pub fn write(codec: Codec, part: &Part, n_bytes: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(n_bytes + STAMP_BYTES);
    match codec {
        Codec::Opus => payload.push(0x78),
        Codec::Vp8 => vp8::write(part, &mut payload),
        Codec::Vp9 { .. } => vp9::write(part, &mut payload),
        Codec::H264 { .. } => h264::write(part, &mut payload),
        Codec::Av1 { .. } => av1::write(part, &mut payload),
    }
    // A parameter set's packet is as long as it is: filler would belong to no unit of it.
    if !(matches!(codec, Codec::H264 { .. }) && part.is_first() && part.stamp.is_keyframe) {
        let n_filler = n_bytes.saturating_sub(payload.len() + STAMP_BYTES);
        payload.extend(std::iter::repeat_n(0xaa, n_filler));
    }
    part.stamp.write(&mut payload);
    payload
}
