//! The least that an SFU does to a packet for one viewer: its header rewritten, its payload sealed (RFC 7714).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

/// A fixed RTP header (RFC 3550 section 5.1).
const FIXED_HEADER_BYTES: usize = 12;

/// One one-byte header extension with a transport-wide sequence number (RFC 8285 section 4.2), padded to a word.
const EXTENSION_BYTES: usize = 8;

/// The header with its extension.
const HEADER_BYTES: usize = FIXED_HEADER_BYTES + EXTENSION_BYTES;

/// Bytes of a GCM tag.
const TAG_BYTES: usize = 16;

/// RTP version 2 with an extension.
const VERSION_AND_EXTENSION: u8 = 0x90;

/// An H.264 payload type of Chromium's.
const PAYLOAD_TYPE: u8 = 102;

/// RFC 8285 section 4.2: what a block of one-byte extensions begins with.
const ONE_BYTE_EXTENSIONS: [u8; 2] = [0xbe, 0xde];

/// One element: identifier 3, two bytes.
const TRANSPORT_SEQUENCE_ELEMENT: u8 = 0x31;

/// What every viewer gets: a payload in memory, with its timestamp.
pub(super) struct SourcePacket {
    timestamp: u32,
    payload: Vec<u8>,
}

impl SourcePacket {
    pub(super) fn new(payload_bytes: usize) -> Self {
        Self {
            timestamp: 90_000,
            payload: vec![0x5a; payload_bytes],
        }
    }

    /// Bytes of each datagram that comes of it.
    pub(super) fn sealed_bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len() + TAG_BYTES
    }
}

/// One viewer's key and numbers.
pub(super) struct Sealer {
    key: LessSafeKey,
    salt: [u8; NONCE_LEN],
    ssrc: u32,
    timestamp_offset: u32,
    /// Extended past its 16 bits by the roll-over counter, so that no nonce is used twice.
    sequence: u64,
}

impl Sealer {
    /// The viewer with this number, and a key that no other has.
    pub(super) fn new(index: u32) -> Result<Self, Unspecified> {
        let mut key = [0x42; 32];
        for (byte, part) in key.iter_mut().zip(index.to_be_bytes()) {
            *byte = part;
        }
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key)?),
            salt: [7; NONCE_LEN],
            ssrc: 0x1000_0000 | index,
            timestamp_offset: index.wrapping_mul(7_919),
            sequence: u64::from(index),
        })
    }

    /// Appends the datagram for this viewer: the payload is encrypted from where it lies.
    pub(super) fn seal(
        &mut self,
        source: &SourcePacket,
        datagrams: &mut Vec<u8>,
    ) -> Result<(), Unspecified> {
        self.sequence += 1;
        let header = self.header(source);
        datagrams.extend_from_slice(&header);
        let start = datagrams.len();
        datagrams.resize(start + source.payload.len() + TAG_BYTES, 0);
        let sealed = datagrams.get_mut(start..).ok_or(Unspecified)?;
        let nonce = Nonce::assume_unique_for_key(self.nonce());
        let (aad, none) = (Aad::from(&header), &mut []);
        self.key
            .seal_in_place_scatter(nonce, aad, none, &source.payload, sealed)?;
        Ok(())
    }

    fn header(&self, source: &SourcePacket) -> [u8; HEADER_BYTES] {
        let [.., s1, s0] = self.sequence.to_be_bytes();
        let [t3, t2, t1, t0] = source
            .timestamp
            .wrapping_add(self.timestamp_offset)
            .to_be_bytes();
        let [c3, c2, c1, c0] = self.ssrc.to_be_bytes();
        let [e1, e0] = ONE_BYTE_EXTENSIONS;
        #[rustfmt::skip]
        let header = [
            VERSION_AND_EXTENSION, PAYLOAD_TYPE, s1, s0,
            t3, t2, t1, t0,
            c3, c2, c1, c0,
            e1, e0, 0, 1,
            TRANSPORT_SEQUENCE_ELEMENT, s1, s0, 0,
        ];
        header
    }

    /// RFC 7714 section 8.1: two zero bytes, the SSRC, the roll-over counter and the sequence number, under the salt.
    fn nonce(&self) -> [u8; NONCE_LEN] {
        let [_, _, index @ ..] = self.sequence.to_be_bytes();
        let numbers = [0, 0]
            .into_iter()
            .chain(self.ssrc.to_be_bytes())
            .chain(index);
        let mut nonce = self.salt;
        for (byte, number) in nonce.iter_mut().zip(numbers) {
            *byte ^= number;
        }
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_packet_opens_with_its_header_and_with_no_other() {
        let source = SourcePacket::new(100);
        let mut sealer = Sealer::new(5).unwrap();
        let mut datagram = Vec::new();
        sealer.seal(&source, &mut datagram).unwrap();
        assert_eq!(datagram.len(), source.sealed_bytes());
        let (header, sealed) = datagram.split_at(HEADER_BYTES);
        let open = |header: &[u8]| {
            let nonce = Nonce::assume_unique_for_key(sealer.nonce());
            let mut sealed = sealed.to_vec();
            let opened = sealer
                .key
                .open_in_place(nonce, Aad::from(header), &mut sealed);
            opened.map(|payload| payload.to_vec())
        };
        assert_eq!(open(header).unwrap(), source.payload);
        let mut other = header.to_vec();
        other[3] ^= 1;
        assert!(open(&other).is_err());
    }

    #[test]
    fn no_nonce_comes_twice_past_the_roll_over() {
        let mut sealer = Sealer::new(0).unwrap();
        let source = SourcePacket::new(1);
        let mut nonces = std::collections::HashSet::new();
        let mut datagrams = Vec::new();
        for _ in 0..70_000 {
            sealer.seal(&source, &mut datagrams).unwrap();
            datagrams.clear();
            assert!(nonces.insert(sealer.nonce()));
        }
    }
}
