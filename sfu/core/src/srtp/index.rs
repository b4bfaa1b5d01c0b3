//! Which packet of which sender: what every nonce is made of.

use sfu_model::rtp::Ssrc;

/// One more than the last index of an SSRC: the roll-over counter has 32 bits and the sequence number 16
/// (RFC 3711 section 3.3.1). At the bound the keys are used up and the session must end (section 9.2).
pub(super) const RTP_INDICES: u64 = 1 << 48;

/// The last index of SRTCP (RFC 3711 section 3.4); past it, too, the keys are used up.
pub(super) const RTCP_INDEX_MAX: u32 = (1 << 31) - 1;

/// An SRTP or SRTCP index and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PacketIndex {
    pub(super) ssrc: Ssrc,
    /// 48 bits for RTP, roll-over counter and sequence number; 31 bits for RTCP.
    pub(super) number: u64,
}

impl PacketIndex {
    /// SSRC and index where AES-CM has them in its counter block (RFC 3711 section 4.1.1). AES-GCM's twelve bytes, for
    /// RTP and for RTCP alike, are this block without its first and last two (RFC 7714 sections 8.1 and 9.1).
    pub(super) fn block(self) -> [u8; 16] {
        let block = (u128::from(self.ssrc.0) << 64) | (u128::from(self.number) << 16);
        block.to_be_bytes()
    }

    /// The roll-over counter: the index without its sequence number.
    pub(super) fn roll_overs(self) -> [u8; 4] {
        let [_, _, roll_overs @ .., _, _] = self.number.to_be_bytes();
        roll_overs
    }

    /// The sequence number: the index without its roll-over counter.
    pub(super) fn sequence(self) -> [u8; 2] {
        let [.., high, low] = self.number.to_be_bytes();
        [high, low]
    }
}
