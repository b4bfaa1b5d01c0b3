//! What the core tells whoever drives it. Few, and per lifecycle: nothing here is per packet.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::codec::Codec;
use sfu_model::datagram::Transport;
use sfu_model::id::{RoomId, SessionId};

use crate::command::CloseReason;

/// The role of a session in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It sends.
    Publisher,
    /// It receives.
    Subscriber,
}

impl Role {
    /// Its label in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
        }
    }
}

/// Something that happened in a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// ICE and DTLS are up.
    SessionConnected {
        /// Which session.
        session: SessionId,
        /// Of which room.
        room: RoomId,
        /// What it does there.
        role: Role,
        /// Since its offer.
        after: Duration,
    },
    /// The first media packet left for a subscriber.
    FirstPacketSent {
        /// Which session.
        session: SessionId,
        /// Since its offer.
        after: Duration,
    },
    /// A session is gone; its id is unknown from here on.
    SessionClosed {
        /// Which session.
        session: SessionId,
        /// Of which room.
        room: RoomId,
        /// What it did there.
        role: Role,
        /// Why.
        reason: CloseReason,
    },
    /// A room's publisher can be decoded: the stream is live. Said once per publisher.
    RoomLive {
        /// Which room.
        room: RoomId,
        /// Whose media it is.
        publisher: SessionId,
        /// What a player must decode, as far as it has arrived.
        codecs: Vec<Codec>,
    },
    /// An address passed ICE: its datagrams belong to this worker.
    AddressValidated {
        /// How it is reached.
        transport: Transport,
        /// Whose datagrams they are.
        address: SocketAddr,
    },
    /// An address is of no session of this worker any more.
    AddressForgotten {
        /// How it was reached.
        transport: Transport,
        /// Whose datagrams they were.
        address: SocketAddr,
    },
    /// A live room lost its publisher. Its viewers hold the last frame for
    /// [`PUBLISHER_GRACE`](crate::limits::PUBLISHER_GRACE).
    RoomSilent {
        /// Which room.
        room: RoomId,
    },
}
