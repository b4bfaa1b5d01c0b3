//! Why a command is refused, and who must act.

use sfu_model::codec::{Codec, MediaKind};

/// Why a command is refused. None of them carries an address or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Peer misbehaved: the offer does not parse as SDP.
    #[error("the offer is not SDP: {0}")]
    MalformedOffer(String),
    /// Peer incompatible: an m-line of this kind has no codec that we forward.
    #[error("no common codec for {0}: offer Opus, and one of H264, VP8, VP9, AV1")]
    NoCommonCodec(MediaKind),
    /// Peer incompatible: the room's publisher sends what this player does not decode.
    #[error("the stream is {}, which the offer does not list", .0.name())]
    CannotDecode(Codec),
    /// Peer incompatible: nothing in the offer can be used.
    #[error("the offer has no audio or video that can be used")]
    NothingAccepted,
    /// Peer must wait or take over: the room has a publisher.
    #[error("the stream has a publisher; stop it, or POST with ?takeover=1 and the same key")]
    RoomBusy,
    /// Peer must wait: the room has no publisher to play.
    #[error("nobody publishes this stream")]
    RoomEmpty,
    /// The session does not exist, or not any more.
    #[error("no such session")]
    UnknownSession,
    /// Peer misbehaved: it asks for a layer of a video that is not there, or not any more.
    #[error("the video has no such layer")]
    UnknownLayer,
    /// Operator: a limit of this worker is reached; `limit` names it.
    #[error("the limit {limit} is reached; try again later")]
    Exhausted {
        /// The limit's name, as in metrics.
        limit: &'static str,
    },
    /// Operator: the node is going away.
    #[error("the node is shutting down; try again on another")]
    ShuttingDown,
    /// Caller bug: the session id is taken.
    #[error("the session id is in use")]
    DuplicateSession,
    /// Our bug.
    #[error("internal error in the media engine")]
    Internal,
}
