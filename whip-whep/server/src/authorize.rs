//! What a bearer permits.

use sfu_model::time::UnixTime;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::grant::{Grant, Refusal, Verb};

/// Decides about a bearer. Behind it may be streams of a file, of a database, or of another service's cache.
pub trait Authorize: Send + Sync {
    /// Whether `bearer` permits `verb` on `stream`. A stream that does not exist is [`Refusal::Invalid`], like a wrong
    /// credential: private names do not leak.
    fn authorize(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal>;
}

impl Authorize for Authorizer {
    fn authorize(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        Self::authorize(self, stream, verb, bearer, unix_now)
    }
}
