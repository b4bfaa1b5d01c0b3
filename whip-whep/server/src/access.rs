//! Who may do what, while the table of streams changes under requests.

use std::sync::{PoisonError, RwLock};

use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::grant::{Grant, Refusal, Verb};
use signaling_auth::stream::StreamTable;

/// The authorizer that every request asks. A new table waits for the requests in hand, which take microseconds. A panic
/// under the lock leaves a whole table: it is put in place in one move.
#[derive(Debug)]
pub struct Access(RwLock<Authorizer>);

impl Access {
    /// Requests are asked about at this authorizer.
    pub const fn new(authorizer: Authorizer) -> Self {
        Self(RwLock::new(authorizer))
    }

    /// Puts another table in place; requests that come after see it whole.
    pub fn replace_streams(&self, streams: StreamTable) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace_streams(streams);
    }

    /// The streams that anybody may know of.
    pub fn public_streams(&self) -> Vec<RoomId> {
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let streams = authorizer.streams().iter();
        let public = streams.filter(|(_, stream)| stream.is_public && !stream.is_ended);
        public.map(|(name, _)| name.clone()).collect()
    }

    /// How many may play `stream` by WHEP, where it says so itself.
    pub(crate) fn players_max(&self, stream: &str) -> Option<usize> {
        let name = RoomId::parse(stream).ok()?;
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        authorizer.streams().get(&name)?.players_max
    }

    /// Whether `bearer` lets somebody play `stream` by another way than WHEP.
    pub fn may_play(&self, stream: &str, bearer: Option<&str>, unix_now: UnixTime) -> bool {
        self.may_play_until(stream, bearer, unix_now).is_ok()
    }

    /// Likewise, and until when.
    pub fn may_play_until(
        &self,
        stream: &str,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        self.authorize(stream, Verb::Play, bearer, unix_now)
    }

    /// Whether `bearer` permits `verb` on `stream`. A stream that does not exist is [`Refusal::Invalid`], like a wrong
    /// credential: private names do not leak.
    pub(crate) fn authorize(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        authorizer.authorize(stream, verb, bearer, unix_now)
    }

    /// The same for a session that is open: with the token that opened it, even when that has ended since.
    pub(crate) fn authorize_again(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        authorizer.authorize_again(stream, verb, bearer, unix_now)
    }
}
