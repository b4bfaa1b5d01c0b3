//! What a participant that misbehaves seals: anything, with the keys of its own session.

use std::collections::BTreeMap;

use sfu_core::srtp::{IndexLedger, KeyingMaterial, Profile, Sealer, Side, contexts};
use sfu_model::rtp::{SeqNo, Ssrc};

/// Seals as one side of a session does. What it seals beside that side's engine uses numbers of its own: two packets
/// under one nonce would tell the keys to whoever listens, and to the node they are replays.
#[derive(Debug)]
pub struct Forger {
    sealer: Sealer,
    ledgers: BTreeMap<u32, IndexLedger>,
}

impl Forger {
    /// `None` when the keys are of no use.
    pub(crate) fn new(material: KeyingMaterial, profile: Profile, side: Side) -> Option<Self> {
        let (sealer, _) = contexts(material, profile, side).ok()?;
        Some(Self {
            sealer,
            ledgers: BTreeMap::new(),
        })
    }

    /// Seals a compound packet of reports and feedback; `None` when it is shorter than a header.
    pub fn seal_rtcp(&mut self, clear: &[u8]) -> Option<Vec<u8>> {
        let mut packet = clear.to_vec();
        self.sealer.seal_rtcp(&mut packet, 0).ok()?;
        Some(packet)
    }

    /// Seals a payload behind an RTP header that somebody else wrote, under this number; `None` when the header is none or
    /// the number was used.
    pub fn seal_rtp(&mut self, header: &[u8], sequence: SeqNo, payload: &[u8]) -> Option<Vec<u8>> {
        let ssrc = u32::from_be_bytes(*header.get(8..12)?.first_chunk()?);
        if !self.ledgers.contains_key(&ssrc) {
            let ledger = self.sealer.ledger(Ssrc(ssrc)).ok()?;
            self.ledgers.insert(ssrc, ledger);
        }
        let index = self.ledgers.get_mut(&ssrc)?.take(sequence)?;
        let mut packet = header.to_vec();
        packet
            .get_mut(2..4)?
            .copy_from_slice(&sequence.wire().to_be_bytes());
        packet.extend_from_slice(payload);
        self.sealer
            .seal_rtp(index, &mut packet, (0, header.len()), &[])
            .ok()?;
        Some(packet)
    }
}

/// The part of an RTP packet that SRTP leaves readable: fixed header, CSRCs and extensions (RFC 3711 section 3.1).
pub fn header_of(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let mut length = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = packet.get(length + 2..length + 4)?.first_chunk()?;
        length += 4 + 4 * usize::from(u16::from_be_bytes(*words));
    }
    packet.get(..length)
}
