//! Who may do what, while the table of streams changes under requests.

use std::sync::{PoisonError, RwLock};

use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::grant::{Grant, Refusal, Verb};
use signaling_auth::stream::StreamTable;
use whip_whep_server::authorize::Authorize;

/// The authorizer that every request asks. A new table waits for the requests in hand, which take microseconds.
#[derive(Debug)]
pub(crate) struct Access(RwLock<Authorizer>);

impl Access {
    pub(crate) fn new(authorizer: Authorizer) -> Self {
        Self(RwLock::new(authorizer))
    }

    /// Puts another table in place; requests that come after see it whole.
    pub(crate) fn replace_streams(&self, streams: StreamTable) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace_streams(streams);
    }

    /// The streams that anybody may know of.
    pub(crate) fn public_streams(&self) -> Vec<RoomId> {
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let streams = authorizer.streams().iter();
        let public = streams.filter(|(_, stream)| stream.is_public && !stream.is_ended);
        public.map(|(name, _)| name.clone()).collect()
    }
}

impl Authorize for Access {
    fn authorize(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        let authorizer = self.0.read().unwrap_or_else(PoisonError::into_inner);
        authorizer.authorize(stream, verb, bearer, unix_now)
    }
}
