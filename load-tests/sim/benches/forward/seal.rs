//! The work that cannot be left out: AES-256-GCM over a packet (RFC 7714), with nothing around it. That profile is what the
//! engine's DTLS chooses with everybody who offers it, as browsers do.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

use crate::BenchError;
use crate::cost::{Began, Cost};

/// What is authenticated and not encrypted: an RTP header with two one-byte extensions.
const HEADER_BYTES: usize = 24;

/// A key and a packet in the cache.
pub(crate) struct Seal {
    key: LessSafeKey,
    header: [u8; HEADER_BYTES],
    payload: Vec<u8>,
    counter: u64,
}

impl Seal {
    pub(crate) fn new(payload_bytes: usize) -> Result<Self, Unspecified> {
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?),
            header: [0x90; HEADER_BYTES],
            payload: vec![0xaa; payload_bytes],
            counter: 0,
        })
    }

    /// Seals a packet so many times, each with a nonce of its own.
    pub(crate) fn round(&mut self, n_packets: u64) -> Result<Cost, BenchError> {
        let began = Began::now()?;
        for _ in 0..n_packets {
            self.counter += 1;
            let mut nonce = [0; NONCE_LEN];
            for (byte, counted) in nonce.iter_mut().zip(self.counter.to_be_bytes()) {
                *byte = counted;
            }
            let tag = self.key.seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&self.header),
                &mut self.payload,
            )?;
            let _ = std::hint::black_box(tag);
        }
        Ok(began.end(n_packets)?)
    }
}
