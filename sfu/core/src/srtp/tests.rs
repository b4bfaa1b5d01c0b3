//! What both ends of a session agree on, shown to code that is not ours.

mod nonces;
mod oracle;

use sfu_model::rtp::Ssrc;

use crate::srtp::{KeyingMaterial, Opener, Profile, Sealer, Side, contexts};

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]);
    bytes.map(|byte| u8::try_from(byte).unwrap()).collect()
}

/// Material in which every byte differs from its neighbours.
pub(super) fn material(profile: Profile) -> Vec<u8> {
    (1..).take(profile.keying_bytes()).collect()
}

/// Our contexts and the other side's, of one handshake.
pub(crate) fn pair(profile: Profile) -> ((Sealer, Opener), (Sealer, Opener)) {
    let side = |we_are| {
        let material = KeyingMaterial::from_exporter(&material(profile));
        contexts(material, profile, we_are).unwrap()
    };
    (side(Side::Server), side(Side::Client))
}

pub(super) fn sealer(profile: Profile) -> Sealer {
    pair(profile).0.0
}

/// An RTP packet with a header extension, and where its payload begins.
pub(super) fn rtp(ssrc: Ssrc, sequence: u16, payload: &[u8]) -> (Vec<u8>, usize) {
    let mut packet = vec![0x90, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend(90_000_u32.to_be_bytes());
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend([0xbe, 0xde, 0, 1, 0x12, 1, 2, 3]);
    let header_bytes = packet.len();
    packet.extend(payload);
    (packet, header_bytes)
}

/// A receiver report without blocks, then a PLI.
pub(super) fn reports(ssrc: Ssrc, media: Ssrc) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend([0x81, 206, 0, 2]);
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend(media.0.to_be_bytes());
    packet
}
