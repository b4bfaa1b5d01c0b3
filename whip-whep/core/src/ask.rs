//! What this crate asks of the SFU, and what comes back.

use sfu_model::codec::MediaKind;
use sfu_model::id::{RoomId, SessionId};

use crate::event::EventKind;
use crate::ice::IceCredentials;
use crate::layer_selection::LayerSelection;
use crate::news::News;
use crate::offer::OfferedSection;
use crate::pull::Pull;
use crate::request::Request;
use crate::response::Response;
use crate::starts::Start;

/// A question to the SFU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Open a publishing session.
    Publish {
        /// Its name.
        session: SessionId,
        /// Into this room.
        room: RoomId,
        /// The offer for the engine.
        offer: String,
        /// Replace the publisher that is there.
        takeover: bool,
    },
    /// Open a playing session.
    Play {
        /// Its name.
        session: SessionId,
        /// From this room.
        room: RoomId,
        /// The offer for the engine.
        offer: String,
    },
    /// Restart ICE.
    RestartIce {
        /// Of this session.
        session: SessionId,
        /// What the client uses from here on.
        remote: IceCredentials,
    },
    /// Say how things are for a playing session.
    Describe {
        /// This one.
        session: SessionId,
        /// What it plays.
        room: RoomId,
    },
    /// Bound the layers of a playing session.
    SelectLayer {
        /// This one.
        session: SessionId,
        /// What its client asks for.
        selection: LayerSelection,
    },
    /// Close a session at its client's wish.
    Close {
        /// This one.
        session: SessionId,
    },
}

/// What the SFU answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To `Publish` and `Play`: the engine's answer.
    Answer(String),
    /// To `RestartIce`.
    Restarted {
        /// What our side uses from here on.
        local: IceCredentials,
        /// `candidate:...` values, without `a=`.
        candidates: Vec<String>,
    },
    /// To `Describe`.
    Described(News),
    /// To `SelectLayer`.
    Selected,
    /// To `Close`.
    Closed,
}

/// Why the SFU refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SfuRefusal {
    /// Peer misbehaved: the engine cannot read the offer.
    MalformedOffer(String),
    /// Peer incompatible: no codec of an m-line can be forwarded.
    NoCommonCodec(MediaKind),
    /// Peer incompatible: the stream comes in this codec, which the player does not offer.
    CannotDecode(&'static str),
    /// Peer incompatible: nothing in the offer can be used.
    NothingAccepted,
    /// The room has a publisher.
    RoomBusy,
    /// The room has no publisher.
    RoomEmpty,
    /// The session is gone.
    UnknownSession,
    /// The video has no such layer.
    UnknownLayer,
    /// Operator: a limit of the SFU, or its mailbox, is full.
    Exhausted,
    /// Operator: the node is going away.
    ShuttingDown,
    /// Our bug.
    Internal,
}

/// The state of a request whose question is on its way. Whoever got it must hand it back with the reply, also when the
/// client has gone: until then the session that it opens counts.
#[derive(Debug)]
#[must_use]
pub struct Ticket {
    pub(crate) session: SessionId,
    pub(crate) purpose: Purpose,
    /// The `Origin` of the request.
    pub(crate) origin: Option<String>,
}

/// The ticket of a request about this session.
pub(crate) fn ticket(request: &Request<'_>, session: SessionId, purpose: Purpose) -> Ticket {
    Ticket {
        session,
        purpose,
        origin: request.headers.origin.map(str::to_owned),
    }
}

/// What the reply is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// A POST.
    Open {
        layout: Vec<OfferedSection>,
        remote: IceCredentials,
        start: Option<Start>,
    },
    /// A restart by PATCH.
    Restart { remote: IceCredentials },
    /// A POST that makes an event stream for these.
    MakeStream { kinds: Vec<EventKind> },
    /// A POST that selects a layer.
    SelectLayer,
    /// A DELETE.
    Close,
    /// The engine took an offer that cannot be answered: close it, then say so.
    Abandon(Response),
}

/// What to do about a request.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Send this.
    Done(Response),
    /// Ask the SFU, then come back.
    Ask(Ask, Ticket),
    /// Send this, and after it what the pull gets.
    Pull(Response, Pull),
}
