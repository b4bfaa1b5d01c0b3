//! One listener's hold on an event stream.

use sfu_model::id::SessionId;

/// Names an event stream. The number alone is no secret; the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventStreamId {
    pub(crate) session: SessionId,
    pub(crate) number: u64,
}

/// One GET of an event stream, from its head until its end. Whoever serves it must hand it back when its client has gone.
#[derive(Debug)]
pub struct Pull {
    pub(crate) stream: EventStreamId,
    /// Its name among the pulls of this process.
    pub number: u64,
}

/// What a pull gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// This text.
    Events(String),
    /// Nothing yet: it is told when there is more.
    Nothing,
    /// The stream is gone, or somebody else pulls it.
    Ended,
}
