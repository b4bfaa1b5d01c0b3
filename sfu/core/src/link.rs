//! What crosses between two workers: values that would survive a wire.
//!
//! A worker with subscribers of a room asks the room's origin worker once; the origin sends each packet of the room
//! once, however many subscribers there are. Control messages are reliable and ordered; packets may be lost on the way.

use sfu_model::id::{EncodingId, RoomId, WorkerId};
use sfu_model::keyframe::KeyframeRequest;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;

use crate::route::demand::Demand;
use crate::route::tracks::TrackOutline;

/// The worker that is none: whoever taps a room to make something else of it. To the room it is one more worker that wants it,
/// whose messages come with requests of the node, and it never has viewers or publishers.
pub const TAP: WorkerId = WorkerId(u8::MAX);

/// What a worker that watches a room calls it towards the origin, and gets back with each packet: its place there, so that
/// nobody looks a name up for a packet. One that is made up, or that its room has outlived, names no room of the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomMark(pub u64);

/// A message from one worker to another.
#[derive(Clone, Debug)]
pub enum LinkMessage {
    /// To the origin: send me this room.
    Subscribe {
        /// Which room.
        room: RoomId,
        /// What its packets are to be marked with.
        mark: RoomMark,
    },
    /// To the origin: nobody here watches this room any more.
    Unsubscribe {
        /// Which room.
        room: RoomId,
    },
    /// To the origin: somebody here needs a keyframe.
    RequestKeyframe {
        /// Which room.
        room: RoomId,
        /// Of which encoding.
        request: KeyframeRequest,
    },
    /// To the origin: so much of this room is wanted here.
    Demand {
        /// Which room.
        room: RoomId,
        /// How much.
        demand: Demand,
    },
    /// From the origin: how much of this room is wanted there?
    AskDemand {
        /// Which room.
        room: RoomId,
    },
    /// From the origin: the tracks of the room, whenever they change. None: the publisher is away.
    Tracks {
        /// Which room.
        room: RoomId,
        /// All of them, with the encodings that flow.
        tracks: Vec<TrackOutline>,
        /// What the encodings send, as far as the origin knows: whoever joins here chooses by it at once.
        rates: Vec<(EncodingId, Bitrate)>,
    },
    /// From the origin: the room ended; its sessions must close.
    RoomEnded {
        /// Which room.
        room: RoomId,
    },
    /// From the origin: one packet of the room.
    Packet {
        /// Which room, as the receiver calls it.
        mark: RoomMark,
        /// The packet.
        packet: Packet,
    },
}

impl LinkMessage {
    /// True for what may be lost when the other side is slow; everything else must arrive, in order.
    pub const fn may_be_lost(&self) -> bool {
        matches!(self, Self::Packet { .. })
    }
}
