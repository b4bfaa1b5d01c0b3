//! RTP payloads that a real packetizer could have made, as far as anybody can tell without decoding: descriptors,
//! parameter sets and sizes are true, the pictures are filler.

mod av1;
mod bits;
pub mod dependency;
mod h264;
pub mod red;
mod vp8;
mod vp9;

use sfu_model::codec::Codec;
use sfu_model::packet::{Dimensions, PictureNumbers};

use crate::layers::Place;
use crate::stamp::{STAMP_BYTES, Stamp};

pub use vp8::{KEY_INDEX_STEPS_PER_KEYFRAME, numbers as vp8_numbers};

/// What an encoder says of a frame that it made.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// Its layer, and what it refers to.
    pub place: Place,
    /// Its picture is a keyframe: with all its spatial layers.
    pub is_key_picture: bool,
    /// How many pictures ago the last keyframe was.
    pub since_keyframe: u32,
    /// Whoever has the temporal layers below can begin with it.
    pub is_sync: bool,
    /// Counts frames, where Dependency Descriptors name them.
    pub frame_number: u16,
    /// The running counters of VP8 and VP9; ignored by other codecs.
    pub counters: PictureNumbers,
}

/// What a packetizer knows when it writes one packet.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its identity; also says which packet of the frame it is.
    pub stamp: Stamp,
    /// The size of the largest spatial layer.
    pub dimensions: Dimensions,
    /// The frame that it is part of.
    pub shot: Shot,
}

impl Part {
    fn is_first(&self) -> bool {
        self.stamp.packet_index == 0
    }

    fn is_last(&self) -> bool {
        self.stamp.packet_index + 1 == self.stamp.n_packets
    }

    /// The sizes of the spatial layers, low to high: each is half as large as the next.
    fn sizes(&self) -> Vec<Dimensions> {
        let n = self.shot.place.mode.spatial;
        let size = |spatial: u8| Dimensions {
            width: self.dimensions.width >> (n - 1 - spatial),
            height: self.dimensions.height >> (n - 1 - spatial),
        };
        (0..n).map(size).collect()
    }
}

/// The Dependency Descriptor of a packet, of the codecs that tell their layers there.
pub fn descriptor(codec: Codec, part: &Part) -> Option<Vec<u8>> {
    let has_one = matches!(codec, Codec::Av1 { .. } | Codec::H264 { .. });
    let is_layered = part.shot.place.mode.is_layered();
    (has_one && is_layered)
        .then(|| dependency::write(&part.shot, (part.is_first(), part.is_last()), &part.sizes()))
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
