//! The other side's reports and feedback, verified.

use std::fmt;

use sfu_model::rtp::Ssrc;

use crate::srtp::cipher::Cipher;
use crate::srtp::index::PacketIndex;
use crate::srtp::keys::{KeyError, Master, RTCP};
use crate::srtp::profile::{Profile, RTCP_HEADER_BYTES, SRTCP_ENCRYPTED};
use crate::srtp::replay::{Freshness, ReplayTable};

/// Why a packet is not taken: the other side, or somebody on the way, misbehaved. It is dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No room for a header, a tag and an index.
    #[error("shorter than any SRTCP packet")]
    TooShort,
    /// The packet says that it is not encrypted, which WebRTC forbids (RFC 8827 section 6.5).
    #[error("not encrypted")]
    InTheClear,
    /// It came before, or is too old to know.
    #[error("replayed, or too old to know")]
    Replayed,
    /// The session reports from more SSRCs than are kept.
    #[error("reports from too many SSRCs")]
    TooManySenders,
    /// The tag is wrong: forged, tampered with, or sealed by other keys.
    #[error("not authentic")]
    Forged,
}

/// Opens what one session receives.
pub struct Opener {
    profile: Profile,
    rtcp: Cipher,
    seen: ReplayTable,
}

impl Opener {
    pub(super) fn new(profile: Profile, master: &Master) -> Result<Self, KeyError> {
        Ok(Self {
            profile,
            rtcp: Cipher::new(profile, master, RTCP)?,
            seen: ReplayTable::default(),
        })
    }

    /// Opens an SRTCP packet in place and gives the clear compound packet. After an error the bytes are worthless.
    pub fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], OpenError> {
        if packet.len() < RTCP_HEADER_BYTES + self.profile.rtcp_overhead_bytes() {
            return Err(OpenError::TooShort);
        }
        let [_, _, _, _, ssrc @ ..] = *packet
            .first_chunk::<RTCP_HEADER_BYTES>()
            .ok_or(OpenError::TooShort)?;
        let word = self.rtcp.rtcp_word(packet).ok_or(OpenError::TooShort)?;
        let word = u32::from_be_bytes(word);
        if word & SRTCP_ENCRYPTED == 0 {
            return Err(OpenError::InTheClear);
        }
        let index = PacketIndex {
            ssrc: Ssrc(u32::from_be_bytes(ssrc)),
            number: u64::from(word & !SRTCP_ENCRYPTED),
        };
        match self.seen.freshness(index) {
            Freshness::Fresh => {}
            Freshness::Replayed => return Err(OpenError::Replayed),
            Freshness::TooManySenders => return Err(OpenError::TooManySenders),
        }
        let end = self
            .rtcp
            .open_rtcp(index, packet)
            .map_err(|_| OpenError::Forged)?;
        self.seen.take(index);
        packet.get(..end).ok_or(OpenError::TooShort)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({:?}, ***)", self.profile)
    }
}
