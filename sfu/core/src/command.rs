//! What the server asks of the core, and what it answers.

use sfu_model::codec::Codec;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::rtp::Rid;

use crate::budget::choice::LayerChoice;
use crate::error::CommandError;

/// A command to one worker's [`Sfu`](crate::Sfu). Every command is answered at once, by value.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open a publishing session.
    Publish(Publish),
    /// Open a playing session.
    Play(Play),
    /// Restart ICE of a session (RFC 9725 section 4.3.3). The pair in use carries media until a new one is validated.
    RestartIce {
        /// Which session.
        session: SessionId,
        /// What the client will use from here on.
        remote: IceCredentials,
    },
    /// Bound the encodings that a playing session gets; with the default, back to automatic. It is in force with the next
    /// keyframe of what follows from it.
    ChooseLayer {
        /// Which session.
        session: SessionId,
        /// What it asks for.
        choice: LayerChoice,
    },
    /// List the encodings of a publishing session that somebody may take, so that it need not send the others.
    ListWanted {
        /// Which session.
        session: SessionId,
    },
    /// Close a session: BYE, DTLS close, consent revoked (RFC 7675 section 5.2).
    Close {
        /// Which session.
        session: SessionId,
        /// Told to whoever listens to events.
        reason: CloseReason,
    },
    /// Close every session of a room.
    EndRoom {
        /// Which room.
        room: RoomId,
    },
    /// Close every session, refuse new ones.
    Shutdown,
}

/// A WHIP offer that has passed the endpoint's checks.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Its name from here on, drawn by the caller.
    pub session: SessionId,
    /// Where its tracks appear.
    pub room: RoomId,
    /// The SDP offer, CRLF lines.
    pub offer: String,
    /// Replace the room's publisher, once this one can be decoded. Without it a second publisher is refused.
    pub takeover: bool,
}

/// A WHEP offer that has passed the endpoint's checks.
#[derive(Clone, Debug)]
pub struct Play {
    /// Its name from here on, drawn by the caller.
    pub session: SessionId,
    /// Whose tracks it gets.
    pub room: RoomId,
    /// The worker that holds the room's publisher; may be this one.
    pub origin: WorkerId,
    /// What the room's publisher sends, as far as the caller knows. A player that offers the medium but not the codec is
    /// refused: it would see nothing and never learn why.
    pub codecs: Vec<Codec>,
    /// The SDP offer, CRLF lines.
    pub offer: String,
}

/// ICE user fragment and password (RFC 8445 section 5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// 4 to 256 characters.
    pub ufrag: String,
    /// 22 to 256 characters. A secret.
    pub password: String,
}

impl std::fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IceCredentials({}, ***)", self.ufrag)
    }
}

/// What a command gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To `Publish` and `Play`: the engine's SDP answer. It holds every candidate; the HTTP side completes it.
    Answer {
        /// CRLF lines.
        sdp: String,
    },
    /// To `RestartIce`.
    Restarted {
        /// What the client must use from here on.
        local: IceCredentials,
        /// `candidate:...` values, without `a=`.
        candidates: Vec<String>,
    },
    /// To `ListWanted`.
    Wanted {
        /// The rids of its video, low to high; none where it has only one encoding.
        rids: Vec<Rid>,
    },
    /// To everything else.
    Done,
}

/// What every command returns.
pub type CommandResult = Result<Reply, CommandError>;

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// The client asked (DELETE).
    Requested,
    /// The client closed its transport (DTLS close_notify).
    PeerClosed,
    /// ICE and DTLS were not up within [`CONNECT_TIMEOUT`](sfu_model::limits::CONNECT_TIMEOUT).
    NeverConnected,
    /// No authenticated binding request within [`CONSENT_TIMEOUT`](sfu_model::limits::CONSENT_TIMEOUT).
    ConsentExpired,
    /// DTLS failed: wrong fingerprint, no common cipher.
    HandshakeFailed,
    /// Another publisher took the room over.
    TakenOver,
    /// The room ended, or its publisher stayed away too long.
    RoomEnded,
    /// The node is going away.
    Shutdown,
    /// An impossible state; this session pays for it, the worker lives.
    Invariant,
}

impl CloseReason {
    /// All of them, in the order of their declaration: an index into this is a counter's place.
    pub const ALL: [Self; 9] = [
        Self::Requested,
        Self::PeerClosed,
        Self::NeverConnected,
        Self::ConsentExpired,
        Self::HandshakeFailed,
        Self::TakenOver,
        Self::RoomEnded,
        Self::Shutdown,
        Self::Invariant,
    ];

    /// Its label in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::PeerClosed => "peer_closed",
            Self::NeverConnected => "never_connected",
            Self::ConsentExpired => "consent_expired",
            Self::HandshakeFailed => "handshake_failed",
            Self::TakenOver => "taken_over",
            Self::RoomEnded => "room_ended",
            Self::Shutdown => "shutdown",
            Self::Invariant => "invariant",
        }
    }
}
