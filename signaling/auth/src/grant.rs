//! What a request is allowed to do, or why not.

use std::fmt;

use serde::{Deserialize, Serialize};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use crate::limits::TOKEN_BYTES_MAX;

/// What somebody may do with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Send it (WHIP).
    Publish,
    /// Receive it (WHEP).
    Play,
}

impl Verb {
    /// Its label in tokens, metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Play => "play",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Who holds a grant. Two grants with equal subjects on one stream are the same person's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Whoever asks: the stream is public.
    Anonymous,
    /// Whoever has the stream's key.
    KeyHolder,
    /// The `sub` of a token.
    Token(String),
}

/// What a verified request may do: one verb on one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub subject: Subject,
    /// On which stream, which is the room of that name.
    pub stream: RoomId,
    /// What.
    pub verb: Verb,
    /// Until when a session may be opened with it; `None` for a key and for a public stream. A session that is
    /// open outlives its grant: cutting a live publisher off at the 60th minute helps nobody.
    pub expires: Option<UnixTime>,
}

impl Grant {
    /// Whether its holder may take the place of a publisher who holds `other`: the same person, or the one who has
    /// the stream's key, which is the stream's owner.
    pub fn may_replace(&self, other: &Self) -> bool {
        let publishes = self.verb == Verb::Publish && self.stream == other.stream;
        publishes && (self.subject == Subject::KeyHolder || self.subject == other.subject)
    }
}

/// Why a request gets no grant. What the caller is told must not say whether a stream exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing was offered. HTTP: 401 with `WWW-Authenticate: Bearer`.
    #[error("a stream key or a token is needed, as `Authorization: Bearer ...`")]
    Missing,
    /// What was offered opens nothing here: wrong key, forged token, a token for another stream, no such stream.
    /// HTTP: 401 with `error="invalid_token"`.
    #[error(
        "the stream key or token does not open this stream: take the stream's own key, or ask its owner for a token"
    )]
    Invalid,
    /// Longer than any key or token of ours ([`TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX)), and so not looked
    /// at. HTTP: 401 with `error="invalid_token"`.
    #[error("a stream key or a token has at most {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Our own token, but its hour is over. HTTP: 401 with `error="invalid_token"`.
    #[error("the token has expired; ask for a new one")]
    Expired,
    /// A token for this stream, but for the other verb. HTTP: 403 with `error="insufficient_scope"`.
    #[error("the token is for this stream, but not for this: ask its owner for one that is")]
    WrongVerb,
    /// The holder of a good credential wants to publish a stream that its owner has ended. HTTP: 403.
    #[error("the stream has ended; its owner opens it again with `freshet stream create`")]
    Ended,
}

impl Refusal {
    /// Its label in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::TooLong => "too_long",
            Self::Expired => "expired",
            Self::WrongVerb => "wrong_verb",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher(subject: Subject, stream: &str) -> Grant {
        let stream = RoomId::parse(stream).unwrap();
        Grant {
            subject,
            stream,
            verb: Verb::Publish,
            expires: None,
        }
    }

    #[test]
    fn the_owner_and_the_same_person_may_replace_a_publisher() {
        let owner = publisher(Subject::KeyHolder, "demo");
        let ann = publisher(Subject::Token("ann".into()), "demo");
        let bob = publisher(Subject::Token("bob".into()), "demo");
        assert!(owner.may_replace(&owner));
        assert!(owner.may_replace(&ann));
        assert!(ann.may_replace(&ann));
        assert!(!ann.may_replace(&bob));
        assert!(!ann.may_replace(&owner));
        assert!(!publisher(Subject::KeyHolder, "other").may_replace(&ann));
    }
}
