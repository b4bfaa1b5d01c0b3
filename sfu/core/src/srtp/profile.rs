//! The protection profiles that a DTLS handshake may choose (RFC 5764 section 4.1.2, RFC 7714 section 14.2).

/// How packets are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`: one pass that encrypts and authenticates.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`: what every client knows, at about twice the cost of GCM.
    Aes128CmSha1_80,
}

/// The fixed header of an RTP packet (RFC 3550 section 5.1).
pub(super) const RTP_HEADER_BYTES: usize = 12;
/// What stays readable of a compound RTCP packet: its first header and the sender's SSRC (RFC 3711 section 3.4).
pub(super) const RTCP_HEADER_BYTES: usize = 8;

/// The word after each SRTCP packet: one bit says that it is encrypted, 31 are its index (RFC 3711 section 3.4).
pub(super) const SRTCP_WORD_BYTES: usize = 4;
/// That bit. WebRTC never leaves it out (RFC 8827 section 6.5).
pub(super) const SRTCP_ENCRYPTED: u32 = 1 << 31;

impl Profile {
    /// Every profile that we can seal with.
    pub const ALL: [Self; 3] = [
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
        Self::Aes128CmSha1_80,
    ];

    /// Bytes of a master key, and of a session key.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt, and of a session salt.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes of an authentication tag.
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::Aes128CmSha1_80 => 10,
        }
    }

    /// Bytes that the DTLS exporter must give: a key and a salt for either side (RFC 5764 section 4.2).
    pub const fn keying_bytes(self) -> usize {
        2 * (self.key_bytes() + self.salt_bytes())
    }

    /// Bytes that sealing adds to an RTP packet.
    pub const fn rtp_overhead_bytes(self) -> usize {
        self.tag_bytes()
    }

    /// Bytes that sealing adds to a compound RTCP packet.
    pub const fn rtcp_overhead_bytes(self) -> usize {
        self.tag_bytes() + SRTCP_WORD_BYTES
    }
}
