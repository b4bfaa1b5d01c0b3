//! The table of streams as the authorizer sees it.

use std::collections::HashMap;

use sfu_model::id::RoomId;

use crate::stream_key::KeyHash;

/// What is known of one stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The hash of its key. Without one it is published with tokens only.
    pub key: Option<KeyHash>,
    /// Whether anybody may play it.
    pub is_public: bool,
    /// Whether its owner has ended it: nobody may publish it.
    pub is_ended: bool,
    /// How many may play it by WHEP at once, in place of what holds for the node's streams.
    pub players_max: Option<usize>,
}

/// Every stream of this server, by name.
#[derive(Clone, Debug, Default)]
pub struct StreamTable(HashMap<RoomId, Stream>);

impl StreamTable {
    /// The stream of that name.
    pub fn get(&self, name: &RoomId) -> Option<&Stream> {
        self.0.get(name)
    }

    /// Adds a stream, or replaces the one of that name.
    pub fn insert(&mut self, name: RoomId, stream: Stream) {
        self.0.insert(name, stream);
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&RoomId, &Stream)> {
        self.0.iter()
    }
}

impl FromIterator<(RoomId, Stream)> for StreamTable {
    fn from_iter<T: IntoIterator<Item = (RoomId, Stream)>>(streams: T) -> Self {
        Self(streams.into_iter().collect())
    }
}
