//! The one question that this crate answers: may they?

use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use crate::grant::{Grant, Refusal, Subject, Verb};
use crate::limits::TOKEN_BYTES_MAX;
use crate::secret::ServerSecret;
use crate::stream::{Stream, StreamTable};
use crate::stream_key::KeyHash;
use crate::token::claims::Permit;
use crate::token::verify::{TokenError, Verifier};

/// Decides about every request. It owns the keys and the table of streams.
#[derive(Debug)]
pub struct Authorizer {
    secret: ServerSecret,
    verifier: Verifier,
    streams: StreamTable,
}

impl Authorizer {
    /// An authorizer over these streams.
    pub const fn new(secret: ServerSecret, verifier: Verifier, streams: StreamTable) -> Self {
        Self {
            secret,
            verifier,
            streams,
        }
    }

    /// Puts another table in place of the one in force.
    pub fn replace_streams(&mut self, streams: StreamTable) {
        self.streams = streams;
    }

    /// The table in force.
    pub const fn streams(&self) -> &StreamTable {
        &self.streams
    }

    /// Whether `bearer` (the text after `Bearer `) permits `verb` on `stream` at `unix_now`.
    ///
    /// The work depends on what the caller sent, not on what we know: a key is hashed and compared, a token is
    /// verified, whether or not the stream exists.
    pub fn authorize(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        self.grant(stream, verb, bearer, |token| {
            self.verifier.verify(token, unix_now)
        })
    }

    /// The same for a session that is open: a token that has ended since still belongs to whoever opened the session with it,
    /// who must be able to restart its ICE and to close it. Nothing new is opened by this.
    pub fn authorize_again(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        unix_now: UnixTime,
    ) -> Result<Grant, Refusal> {
        self.grant(stream, verb, bearer, |token| {
            self.verifier.verify_but_for_its_end(token, unix_now)
        })
    }

    fn grant(
        &self,
        stream: &str,
        verb: Verb,
        bearer: Option<&str>,
        verify: impl Fn(&str) -> Result<Permit, TokenError>,
    ) -> Result<Grant, Refusal> {
        let known = RoomId::parse(stream)
            .ok()
            .and_then(|name| Some((self.streams.get(&name)?.clone(), name)));
        let offered = bearer.map(|bearer| self.check(bearer, stream, known.as_ref(), &verify));
        if let (Some((entry, name)), Verb::Play) = (&known, verb)
            && entry.is_public
        {
            return Ok(public_grant(name, offered));
        }
        let credential = offered.ok_or(Refusal::Missing)??;
        let (entry, name) = known.ok_or(Refusal::Invalid)?;
        let (subject, expires) = match credential {
            Credential::Key if verb == Verb::Publish => (Subject::KeyHolder, None),
            // The key opens the publishing side only: it must never stand in a link to watch.
            Credential::Key => return Err(Refusal::WrongVerb),
            Credential::Token(permit) if permit.stream != name => return Err(Refusal::Invalid),
            Credential::Token(permit) if !permit.verbs.contains(&verb) => {
                return Err(Refusal::WrongVerb);
            }
            Credential::Token(permit) => (Subject::Token(permit.subject), Some(permit.expires)),
        };
        if entry.is_ended && verb == Verb::Publish {
            return Err(Refusal::Ended);
        }
        Ok(Grant {
            subject,
            stream: name,
            verb,
            expires,
        })
    }

    /// What a bearer is, before anything is said about the verb.
    fn check(
        &self,
        bearer: &str,
        stream: &str,
        known: Option<&(Stream, RoomId)>,
        verify: impl Fn(&str) -> Result<Permit, TokenError>,
    ) -> Result<Credential, Refusal> {
        if bearer.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        // A token has dots, a key has none: the shape alone decides which work is done.
        if bearer.contains('.') {
            return match verify(bearer) {
                Ok(permit) => Ok(Credential::Token(permit)),
                Err(TokenError::Expired) => Err(Refusal::Expired),
                Err(TokenError::Invalid) => Err(Refusal::Invalid),
            };
        }
        let expected = known.and_then(|(entry, _)| entry.key.clone());
        let offered = KeyHash::of(bearer, stream, &self.secret);
        let is_equal = expected
            .clone()
            .unwrap_or(KeyHash::of_no_key())
            .matches(&offered);
        if is_equal && expected.is_some() {
            Ok(Credential::Key)
        } else {
            Err(Refusal::Invalid)
        }
    }
}

enum Credential {
    Key,
    Token(Permit),
}

/// Everybody may play a public stream, so a credential that is stale or wrong is no reason to refuse; a good token
/// still says who plays.
fn public_grant(name: &RoomId, offered: Option<Result<Credential, Refusal>>) -> Grant {
    let subject = match offered {
        Some(Ok(Credential::Token(permit))) if permit.stream == *name => {
            Subject::Token(permit.subject)
        }
        Some(Ok(Credential::Key)) => Subject::KeyHolder,
        Some(Ok(Credential::Token(_)) | Err(_)) | None => Subject::Anonymous,
    };
    Grant {
        subject,
        stream: name.clone(),
        verb: Verb::Play,
        expires: None,
    }
}
