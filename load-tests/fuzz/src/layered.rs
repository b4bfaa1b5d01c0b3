//! A publisher of one encoding in layers: what a VP9 packetizer says of two spatial and three temporal ones
//! (RFC 9628 section 4.2, not flexible).

use freshet_sim::source::{Encoder, Made};
use freshet_sim::stamp::Stamp;
use sfu_model::codec::Codec;

/// Flags of the descriptor's first octet.
const HAS_LAYER_INDICES: u8 = 0x20;
const BEGINS_FRAME: u8 = 0x08;
const ENDS_FRAME: u8 = 0x04;

/// The temporal layers of four pictures; the next four are alike.
const PATTERN: [u8; 4] = [0, 2, 1, 2];

/// Where the layer indices stand: behind the flags and a picture id of 15 bits.
const INDICES_AT: usize = 3;

/// The first half of a picture's packets are its lower spatial layer.
pub(crate) fn layer(encoder: Encoder, made: &mut Made) {
    let (Codec::Vp9 { .. }, Some(stamp)) = (encoder.codec, Stamp::read(&made.payload)) else {
        return;
    };
    let n_lower = stamp.n_packets.div_ceil(2);
    let is_upper = stamp.packet_index >= n_lower;
    let begins = stamp.packet_index == 0 || stamp.packet_index == n_lower;
    let ends = stamp.packet_index + 1 == n_lower || stamp.packet_index + 1 == stamp.n_packets;
    if let Some(flags) = made.payload.first_mut() {
        *flags = *flags & !(BEGINS_FRAME | ENDS_FRAME) | HAS_LAYER_INDICES;
        *flags |= if begins { BEGINS_FRAME } else { 0 } | if ends { ENDS_FRAME } else { 0 };
    }
    let place = usize::try_from(stamp.frame % 4).unwrap_or(0);
    let temporal = match PATTERN.get(place) {
        Some(temporal) if !stamp.is_keyframe => *temporal,
        _ => 0,
    };
    // TID, U, SID, D; then TL0PICIDX, which wraps.
    let indices = temporal << 5 | 0x10 | u8::from(is_upper) << 1 | u8::from(is_upper);
    let [.., base] = (stamp.frame / 4).to_be_bytes();
    if made.payload.len() >= INDICES_AT {
        made.payload.splice(INDICES_AT..INDICES_AT, [indices, base]);
    }
}
