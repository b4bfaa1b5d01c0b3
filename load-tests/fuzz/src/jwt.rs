//! Bearers that anybody may have made.

use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::grant::{Subject, Verb};
use signaling_auth::secret::ServerSecret;
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::token::claims::Permit;
use signaling_auth::token::verify::{TokenError, Verifier, VerifyingKey};

/// The secret that the seeds of this target are signed with.
const SECRET: &[u8; 32] = b"fuzzing is not a secret, is it? ";

/// When the seeds were signed.
const SIGNED_AT: UnixTime = UnixTime(1_900_000_000);

/// A bearer opens what a seed's signature permits, and nothing else: whoever has no key cannot make another one.
pub fn jwt(bytes: &[u8]) {
    let Ok(bearer) = std::str::from_utf8(bytes) else {
        return;
    };
    let permitted = verifier().verify(bearer, SIGNED_AT);
    if let Ok(permit) = &permitted {
        assert!(is_of_a_seed(permit), "a forged token opens {permit:?}");
        let an_hour_on = UnixTime(SIGNED_AT.0 + 3_600);
        let later = verifier().verify(bearer, an_hour_on);
        assert_eq!(later, Err(TokenError::Expired), "a token outlives its hour");
    }
    let authorizer = authorizer();
    for verb in [Verb::Publish, Verb::Play] {
        let granted = authorizer.authorize("demo", verb, Some(bearer), SIGNED_AT);
        if let Ok(grant) = granted {
            assert!(permitted.is_ok(), "no key is set and the token is none");
            assert_eq!(grant.subject, Subject::Token("alice".into()));
            assert_eq!(grant.verb, Verb::Publish);
        }
    }
}

fn is_of_a_seed(permit: &Permit) -> bool {
    permit.subject == "alice"
        && permit.stream.as_str() == "demo"
        && permit.verbs == [Verb::Publish]
        && permit.expires.0 == SIGNED_AT.0 + 3_600
}

fn verifier() -> Verifier {
    let key = VerifyingKey::hs256(SECRET).expect("the secret is long enough");
    Verifier::new(vec![key]).expect("one key is not too many")
}

fn authorizer() -> Authorizer {
    let demo = Stream {
        key: None,
        is_public: false,
        is_ended: false,
        players_max: None,
    };
    let name = RoomId::parse("demo").expect("a room name");
    Authorizer::new(
        ServerSecret::new(SECRET),
        verifier(),
        StreamTable::from_iter([(name, demo)]),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use signaling_auth::token::issue::{SigningKey, TokenRequest, issue};

    use super::*;

    /// The seed is what the server issues, so that mutations begin at a token that opens something.
    #[test]
    fn the_seed_is_a_token_that_opens_the_stream() {
        let request = TokenRequest {
            subject: "alice".into(),
            stream: RoomId::parse("demo").unwrap(),
            verbs: vec![Verb::Publish],
            lifetime: Duration::from_secs(3_600),
        };
        let key = SigningKey::hs256(SECRET).unwrap();
        let issued = issue(&key, &request, SIGNED_AT).unwrap();
        let seed = include_str!("../corpus/jwt/valid_hs256");
        assert_eq!(seed, issued.expose());
        let granted = authorizer().authorize("demo", Verb::Publish, Some(seed), SIGNED_AT);
        assert!(granted.is_ok());
    }
}
