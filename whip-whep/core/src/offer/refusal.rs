//! Why an offer is refused: the rule, and what to do about it.

use sfu_model::limits::{ENCODINGS_PER_TRACK_MAX, SDP_CANDIDATES_MAX, SDP_MEDIA_LINES_MAX};
use sfu_model::rtp::RID_BYTES_MAX;

use super::bounds::{MID_BYTES_MAX, PAYLOAD_TYPES_MAX, SSRCS_MAX};
use crate::limits::Limit;
use crate::sdp::MalformedSdp;

/// Why an offer is refused. Peer misbehaved or is incompatible; the text is what its developer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each message says what its case means, and what to do"
)]
pub enum OfferRefusal {
    #[error("The body is not SDP: {0}.")]
    Malformed(#[from] MalformedSdp),
    #[error(
        "The offer has more than {SDP_MEDIA_LINES_MAX} m-lines. Offer one audio and one video."
    )]
    TooManyMediaLines,
    #[error(
        "The offer has more than {SDP_CANDIDATES_MAX} candidates. Offer none: the server needs none."
    )]
    TooManyCandidates,
    #[error("The offer has no audio or video that is not rejected. Offer at least one.")]
    NoMedia,
    #[error("Only audio and video can be published. Remove every other m-line.")]
    UnsupportedMedia,
    #[error(
        "The media profile is not secure. Use UDP/TLS/RTP/SAVPF in every audio and video m-line."
    )]
    PlainRtp,
    #[error("An m-line has no a=mid. Give every m-line one.")]
    NoMid,
    #[error(
        "A mid is not a token of 1 to {MID_BYTES_MAX} characters. Use short ones, like 0 and 1."
    )]
    BadMid,
    #[error("Two m-lines have the same a=mid. Give every m-line its own.")]
    DuplicateMid,
    #[error(
        "Not every m-line is in one a=group:BUNDLE. Use the bundle policy max-bundle (RFC 9725 section 4.4.1)."
    )]
    NotBundled,
    #[error("An m-line has no a=rtcp-mux. Multiplex RTP and RTCP (RFC 9725 section 4.4.1).")]
    NoRtcpMux,
    #[error(
        "A publisher cannot offer recvonly or inactive. Offer sendonly, or sendrecv (RFC 9725 section 4.2)."
    )]
    NotSending,
    #[error("A player cannot offer sendonly or inactive. Offer recvonly, or sendrecv.")]
    NotReceiving,
    #[error("An m-line has more than one direction. Say one of sendonly, recvonly and sendrecv.")]
    ManyDirections,
    #[error(
        "There is more than one audio or more than one video m-line. Offer one of each (RFC 9725 section 4.4.2)."
    )]
    TooManyTracks,
    #[error(
        "The offer has more than one MediaStream. Put audio and video into one (RFC 9725 section 4.4.2)."
    )]
    TooManyStreams,
    #[error(
        "The offer has no a=fingerprint. Media is encrypted with DTLS-SRTP only; offer a fingerprint."
    )]
    NoFingerprint,
    #[error(
        "The offer has two different a=fingerprint values. Use one certificate for all m-lines."
    )]
    ConflictingFingerprints,
    #[error("The a=fingerprint is not a SHA-256 one of 32 bytes. Use sha-256.")]
    BadFingerprint,
    #[error(
        "The offer has no a=ice-ufrag and a=ice-pwd, or they break RFC 8839 section 5.4. Offer both."
    )]
    BadIceCredentials,
    #[error(
        "The offer says a=ice-lite, as the server does. A client does full ICE (RFC 9725 section 4.4.5)."
    )]
    IceLite,
    #[error("The offer says a=setup:holdconn, or contradicts itself. Offer a=setup:actpass.")]
    BadSetup,
    #[error(
        "The payload types of an m-line are 0 to 127, each listed once, with one a=rtpmap and at most one a=fmtp."
    )]
    BadPayloadTypes,
    #[error("An m-line has more than {PAYLOAD_TYPES_MAX} payload types. Offer fewer.")]
    TooManyPayloadTypes,
    #[error("An m-line has more than {SSRCS_MAX} synchronization sources. Announce fewer.")]
    TooManySsrcs,
    #[error("A track has more than {ENCODINGS_PER_TRACK_MAX} simulcast encodings. Send fewer.")]
    TooManyEncodings,
    #[error(
        "A rid is not 1 to {RID_BYTES_MAX} letters, digits, - and _, or stands twice. Use short ones, like h."
    )]
    BadRid,
}

impl OfferRefusal {
    /// Its stable name, for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(MalformedSdp::LineTooLong) => "sdp-line-too-long",
            Self::Malformed(MalformedSdp::TooManyLines) => "sdp-too-many-lines",
            Self::Malformed(_) => "malformed-sdp",
            Self::TooManyMediaLines => "too-many-media-lines",
            Self::TooManyCandidates => "too-many-candidates",
            Self::NoMedia => "no-media",
            Self::UnsupportedMedia => "unsupported-media",
            Self::PlainRtp => "plain-rtp",
            Self::NoMid => "no-mid",
            Self::BadMid => "bad-mid",
            Self::DuplicateMid => "duplicate-mid",
            Self::NotBundled => "not-bundled",
            Self::NoRtcpMux => "no-rtcp-mux",
            Self::NotSending => "not-sending",
            Self::NotReceiving => "not-receiving",
            Self::ManyDirections => "many-directions",
            Self::TooManyTracks => "too-many-tracks",
            Self::TooManyStreams => "too-many-streams",
            Self::NoFingerprint => "no-fingerprint",
            Self::ConflictingFingerprints => "conflicting-fingerprints",
            Self::BadFingerprint => "bad-fingerprint",
            Self::BadIceCredentials => "bad-ice-credentials",
            Self::IceLite => "ice-lite",
            Self::BadSetup => "bad-setup",
            Self::BadPayloadTypes => "bad-payload-types",
            Self::TooManyPayloadTypes => "too-many-payload-types",
            Self::TooManySsrcs => "too-many-ssrcs",
            Self::TooManyEncodings => "too-many-encodings",
            Self::BadRid => "bad-rid",
        }
    }

    /// The limit that was met, if it is one.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few refusals meet a limit; those that do stand here"
    )]
    pub const fn limit(self) -> Option<Limit> {
        match self {
            Self::Malformed(MalformedSdp::LineTooLong) => Some(Limit::SdpLineBytes),
            Self::Malformed(MalformedSdp::TooManyLines) => Some(Limit::SdpLines),
            Self::TooManyMediaLines => Some(Limit::SdpMediaLines),
            Self::TooManyCandidates => Some(Limit::SdpCandidates),
            Self::TooManyEncodings => Some(Limit::EncodingsPerTrack),
            Self::TooManyPayloadTypes => Some(Limit::PayloadTypes),
            Self::TooManySsrcs => Some(Limit::Ssrcs),
            _ => None,
        }
    }
}
