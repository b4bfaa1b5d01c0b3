//! Our packets, protected.

use std::fmt;

use sfu_model::rtp::Ssrc;

use crate::srtp::cipher::Cipher;
use crate::srtp::index::{PacketIndex, RTCP_INDEX_MAX};
use crate::srtp::keys::{KeyError, Label, Master, RTCP, RTP};
use crate::srtp::ledger::{Brand, IndexLedger, UnusedIndex};
use crate::srtp::profile::{Profile, RTCP_HEADER_BYTES, RTP_HEADER_BYTES, SRTCP_ENCRYPTED};
use crate::srtp::refused::Refused;

/// Most SSRCs of one sealer over its whole life. An SSRC is never given back, because its indices stay used. A session
/// sends on a few tens, two for each video; at the bound there is no further ledger, and the session must be renewed.
const LEDGERS_MAX: usize = 1_024;

/// Why there is no ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Misuse: this SSRC has its ledger, or had one.
    #[error("the SSRC has its ledger already")]
    Taken,
    /// Exhausted: the session used up its SSRCs and must be renewed.
    #[error("a sealer keeps {LEDGERS_MAX} ledgers at most: the session must be renewed")]
    Exhausted,
}

/// Why a packet is not sealed. Its bytes must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Misuse: what stands in the buffer is shorter than its header.
    #[error("the packet is shorter than its header")]
    TooShort,
    /// Misuse: SSRC or sequence number in the header are not the index's, or another sealer counted the index.
    #[error("the index belongs to another packet")]
    WrongIndex,
    /// Exhausted: the keys have sealed as many packets as they may. The session must be renewed.
    #[error("the keys are used up: the session must be renewed")]
    Exhausted,
    /// Internal: the crypto library refused.
    #[error("the crypto library refused the packet")]
    Refused,
}

impl From<Refused> for SealError {
    fn from(Refused: Refused) -> Self {
        Self::Refused
    }
}

/// Seals what one session sends.
pub struct Sealer {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    brand: Brand,
    /// The SSRCs that have, or had, a ledger.
    ledgers: Vec<Ssrc>,
    /// The index of the next compound packet, whichever SSRC sends it: one count for all never repeats for one.
    rtcp_next: u32,
}

impl Sealer {
    pub(super) fn new(profile: Profile, master: &Master) -> Result<Self, KeyError> {
        let mut brand = [0; 8];
        master.derive(Label::Brand, &mut brand)?;
        Ok(Self {
            profile,
            rtp: Cipher::new(profile, master, RTP)?,
            rtcp: Cipher::new(profile, master, RTCP)?,
            brand: Brand(u64::from_be_bytes(brand)),
            ledgers: Vec::new(),
            rtcp_next: 0,
        })
    }

    /// How packets are protected; it knows what sealing adds to their length.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The ledger of an SSRC, once.
    pub fn ledger(&mut self, ssrc: Ssrc) -> Result<IndexLedger, LedgerError> {
        if self.ledgers.contains(&ssrc) {
            return Err(LedgerError::Taken);
        }
        if self.ledgers.len() >= LEDGERS_MAX {
            return Err(LedgerError::Exhausted);
        }
        self.ledgers.push(ssrc);
        Ok(IndexLedger::new(ssrc, self.brand))
    }

    /// Seals the RTP packet that is `buffer[start..]` and then `payload`, to the end of the buffer. The first `header_bytes`
    /// of it, extensions included, stay readable. With AES-GCM the payload goes from where it lies to where it is sent from
    /// by encryption alone. Nothing is allocated when the buffer has room for it and [`Profile::rtp_overhead_bytes`] more.
    #[inline]
    pub fn seal_rtp(
        &self,
        index: UnusedIndex,
        buffer: &mut Vec<u8>,
        (start, header_bytes): (usize, usize),
        payload: &[u8],
    ) -> Result<(), SealError> {
        let clear_until = start.saturating_add(header_bytes);
        if header_bytes < RTP_HEADER_BYTES || buffer.len() < clear_until {
            return Err(SealError::TooShort);
        }
        let header = buffer.get(start..).and_then(<[u8]>::first_chunk);
        let [_, _, sequence @ .., _, _, _, _, a, b, c, d] =
            header.ok_or(SealError::TooShort)? as &[u8; RTP_HEADER_BYTES];
        let ssrc = Ssrc(u32::from_be_bytes([*a, *b, *c, *d]));
        let index = index.used_by(self.brand).ok_or(SealError::WrongIndex)?;
        let [high, low] = index.sequence();
        if index.ssrc != ssrc || !sequence.starts_with(&[high, low]) {
            return Err(SealError::WrongIndex);
        }
        Ok(self
            .rtp
            .seal_rtp(index, buffer, (start, clear_until), payload)?)
    }

    /// Seals the compound RTCP packet that is `buffer[start..]`, under the next index. It adds
    /// [`Profile::rtcp_overhead_bytes`].
    pub fn seal_rtcp(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SealError> {
        let header = buffer.get(start..).and_then(<[u8]>::first_chunk);
        let [_, _, _, _, ssrc @ ..] =
            *(header.ok_or(SealError::TooShort)? as &[u8; RTCP_HEADER_BYTES]);
        if self.rtcp_next > RTCP_INDEX_MAX {
            return Err(SealError::Exhausted);
        }
        let number = self.rtcp_next;
        // Used up even if the library refuses: what it did before that is not known.
        self.rtcp_next += 1;
        let index = PacketIndex {
            ssrc: Ssrc(u32::from_be_bytes(ssrc)),
            number: u64::from(number),
        };
        let word = (SRTCP_ENCRYPTED | number).to_be_bytes();
        Ok(self.rtcp.seal_rtcp(index, word, buffer, start)?)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({:?}, ***)", self.profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::tests::sealer;

    #[test]
    fn the_last_rtcp_index_is_the_last() {
        let mut sealer = sealer(Profile::AeadAes128Gcm);
        sealer.rtcp_next = RTCP_INDEX_MAX;
        let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
        let mut buffer = report.to_vec();
        assert_eq!(sealer.seal_rtcp(&mut buffer, 0), Ok(()));
        assert!(buffer.ends_with(&[0xff; 4]));
        let mut buffer = report.to_vec();
        assert_eq!(sealer.seal_rtcp(&mut buffer, 0), Err(SealError::Exhausted));
        assert_eq!(buffer, report);
    }

    #[test]
    fn ledgers_end() {
        let mut sealer = sealer(Profile::AeadAes128Gcm);
        for ssrc in 0..1_024 {
            assert!(sealer.ledger(Ssrc(ssrc)).is_ok());
        }
        assert_eq!(
            sealer.ledger(Ssrc(0)).map(drop),
            Err(LedgerError::Taken),
            "a ledger that is gone leaves its indices used"
        );
        assert_eq!(
            sealer.ledger(Ssrc(5_000)).map(drop),
            Err(LedgerError::Exhausted)
        );
    }
}
