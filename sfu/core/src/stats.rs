//! Snapshots for metrics and for people: plain values, taken when asked for.

use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::drop_reason::DropCounts;
use sfu_model::id::{EncodingId, RoomId, SessionId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::Dimensions;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;

use crate::budget::choice::{LayerChoice, Why};
use crate::budget::limited_by::LimitedBy;
use crate::capture_delays::CaptureDelays;

/// The counters of a worker since its start, and how much it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Publishing sessions.
    pub n_publishers: usize,
    /// Playing sessions.
    pub n_subscribers: usize,
    /// Rooms with a session here.
    pub n_rooms: usize,
    /// Media packets taken from publishers.
    pub packets_in: u64,
    /// Their payload bytes.
    pub bytes_in: u64,
    /// Packets of sound that publishers' own redundancy brought back (RFC 2198).
    pub audio_recovered: u64,
    /// Media packets sealed for subscribers, each once.
    pub packets_out: u64,
    /// Their payload bytes.
    pub bytes_out: u64,
    /// Media packets sent to subscribers again, because they asked.
    pub repairs_out: u64,
    /// Repairs sent once more before anybody could ask again, to who loses much.
    pub copies_out: u64,
    /// Media packets sent again to see what a path carries beyond what is sent.
    pub probes_out: u64,
    /// How old pictures were when they left.
    pub capture_delays: CaptureDelays,
    /// Media packets handed to other workers.
    pub packets_linked: u64,
    /// What went nowhere.
    pub drops: DropCounts,
    /// Keyframe requests by subscribers.
    pub keyframe_requests_received: u64,
    /// Keyframe requests to publishers.
    pub keyframe_requests_sent: u64,
    /// Commands refused because this worker has all the sessions it may have.
    pub sessions_max_hits: u64,
    /// Commands refused because this worker has all the rooms it may have.
    pub rooms_max_hits: u64,
    /// Commands and checks refused because the server does not take the events that wait for it.
    pub events_max_hits: u64,
    /// Addresses that made room for another of their session.
    pub addresses_max_hits: u64,
    /// Keyframe requests of subscribers that ask too often, which were not heard.
    pub keyframe_requests_max_hits: u64,
    /// Packets that changed what a publisher sends too soon after others did, and are told of later.
    pub track_changes_max_hits: u64,
    /// Encodings that an offer announced beyond those of a track.
    pub encodings_max_hits: u64,
    /// Sessions that paid for an impossible state.
    pub invariants_violated: u64,
}

/// What a subscriber gets, and what its path carries.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriberStatus {
    /// The video encoding that it gets.
    pub current: Option<EncodingId>,
    /// Up to which of its layers: as high as can be, where it has none.
    pub current_layer: Option<Layer>,
    /// The one that it will get with its next keyframe.
    pub target: Option<EncodingId>,
    /// Up to which of its layers.
    pub target_layer: Option<Layer>,
    /// What it asked for.
    pub choice: LayerChoice,
    /// Why it is that target.
    pub why: Why,
    /// What the video comes in, low to high; empty while there is none.
    pub layers: Vec<LayerStatus>,
    /// Its path, as long as there is something to choose by it.
    pub path: Option<PathStatus>,
}

/// One layer of a video, as its subscribers' worker knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerStatus {
    /// The encoding that it is part of.
    pub encoding: EncodingId,
    /// The rid of that, when there are several.
    pub rid: Option<Rid>,
    /// Its place as [`LayerChoice`] names it: of simulcast the rank of the encoding by size, of a lone encoding the layer
    /// inside; and the temporal layer inside.
    pub place: Layer,
    /// Its picture size, once a keyframe told it.
    pub dimensions: Option<Dimensions>,
    /// What arrives with it: it and those that it builds on, as measured over the last two seconds; `None` where it is not
    /// known yet.
    pub rate: Option<Bitrate>,
    /// It is the highest that the subscriber gets.
    pub is_current: bool,
    /// True while packets arrive.
    pub is_flowing: bool,
}

/// The estimate of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathStatus {
    /// What it carries.
    pub estimate: Bitrate,
    /// What holds the estimate where it is.
    pub limited_by: LimitedBy,
    /// To the subscriber and back, once measured.
    pub round_trip: Option<Duration>,
    /// The share of packets that it loses.
    pub loss: f64,
}

/// A room as its origin worker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomStatus {
    /// Which.
    pub room: RoomId,
    /// Viewers can decode it.
    pub is_live: bool,
    /// Whose media it is.
    pub publisher: Option<SessionId>,
    /// Sessions of this worker that play it.
    pub n_subscribers: usize,
    /// What is published.
    pub tracks: Vec<TrackStatus>,
    /// The few loudest of its audio tracks, in the order in which they began to speak.
    pub speakers: Vec<TrackId>,
}

/// A published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackStatus {
    /// Its name.
    pub id: TrackId,
    /// Audio or video.
    pub kind: MediaKind,
    /// Low to high.
    pub encodings: Vec<EncodingStatus>,
}

/// One encoding of a published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodingStatus {
    /// Its rid, when there are several.
    pub rid: Option<Rid>,
    /// Rank by size, 0 is the smallest.
    pub rank: u8,
    /// What it carries, once something arrived.
    pub codec: Option<Codec>,
    /// Its picture size, once a keyframe told it.
    pub dimensions: Option<Dimensions>,
    /// True while packets arrive.
    pub is_flowing: bool,
    /// Packets so far.
    pub packets: u64,
    /// Payload bytes so far.
    pub bytes: u64,
}
