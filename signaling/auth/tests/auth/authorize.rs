//! Who may do what, through the authorizer.

use std::time::Duration;

use super::fixture::*;
use serde_json::json;
use sfu_model::time::UnixTime;
use signaling_auth::grant::Verb::{Play, Publish};
use signaling_auth::grant::{Refusal, Subject, Verb};
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::token::issue::{IssueError, SigningKey, TokenRequest, issue};
use signaling_auth::token::verify::{
    HS256_SECRET_BYTES_MIN, InvalidKey, VERIFYING_KEYS_MAX, Verifier, VerifyingKey,
};

fn subject(stream: &str, verb: Verb, bearer: Option<&str>) -> Result<Subject, Refusal> {
    authorizer()
        .authorize(stream, verb, bearer, NOW)
        .map(|grant| grant.subject)
}

fn token_for(stream: &str, verbs: &[&str]) -> String {
    let mut claims = claims_with("stream", json!(stream));
    claims["verbs"] = json!(verbs);
    token(&claims)
}

type Row<'a> = (&'a str, Verb, Option<&'a str>, Result<Subject, Refusal>);

/// Asks for each row and compares.
fn check(rows: &[Row<'_>]) {
    for (stream, verb, bearer, expected) in rows {
        assert_eq!(
            &subject(stream, *verb, *bearer),
            expected,
            "{verb} {stream} {bearer:?}"
        );
    }
}

fn ann() -> Result<Subject, Refusal> {
    Ok(Subject::Token("ann".to_owned()))
}

#[test]
fn anybody_plays_a_public_stream_and_its_owner_publishes_it() {
    let here = token_for("demo", &["play"]);
    let elsewhere = token_for("private", &["play"]);
    check(&[
        ("demo", Play, None, Ok(Subject::Anonymous)),
        ("demo", Play, Some("wrong-key-0000"), Ok(Subject::Anonymous)),
        ("demo", Play, Some(&here), ann()),
        ("demo", Play, Some(&elsewhere), Ok(Subject::Anonymous)),
        ("demo", Publish, None, Err(Refusal::Missing)),
        ("demo", Publish, Some(STREAM_KEY), Ok(Subject::KeyHolder)),
        ("demo", Publish, Some(&here), Err(Refusal::WrongVerb)),
    ]);
}

#[test]
fn a_private_stream_opens_to_its_key_and_to_tokens_for_it() {
    let publish = token_for("private", &["publish"]);
    let play = token_for("private", &["play"]);
    let both = token_for("private", &["publish", "play"]);
    let elsewhere = token_for("demo", &["publish", "play"]);
    check(&[
        ("private", Publish, Some(STREAM_KEY), Ok(Subject::KeyHolder)),
        (
            "private",
            Publish,
            Some("canary-stream-key-0002"),
            Err(Refusal::Invalid),
        ),
        ("private", Publish, Some(""), Err(Refusal::Invalid)),
        ("private", Publish, Some(&publish), ann()),
        ("private", Publish, Some(&both), ann()),
        ("private", Publish, Some(&play), Err(Refusal::WrongVerb)),
        ("private", Publish, Some(&elsewhere), Err(Refusal::Invalid)),
        ("private", Play, None, Err(Refusal::Missing)),
        ("private", Play, Some(&play), ann()),
        ("private", Play, Some(&publish), Err(Refusal::WrongVerb)),
        ("private", Play, Some(STREAM_KEY), Err(Refusal::WrongVerb)),
    ]);
}

#[test]
fn an_ended_a_keyless_and_an_unknown_stream_refuse() {
    let keyless = token_for("keyless", &["publish"]);
    let nowhere = token_for("nowhere", &["publish", "play"]);
    check(&[
        ("over", Publish, Some(STREAM_KEY), Err(Refusal::Ended)),
        (
            "over",
            Publish,
            Some("wrong-key-0000"),
            Err(Refusal::Invalid),
        ),
        ("over", Publish, None, Err(Refusal::Missing)),
        ("keyless", Publish, Some(STREAM_KEY), Err(Refusal::Invalid)),
        ("keyless", Publish, Some(&keyless), ann()),
        ("nowhere", Publish, Some(STREAM_KEY), Err(Refusal::Invalid)),
        ("nowhere", Play, Some(&nowhere), Err(Refusal::Invalid)),
        ("../demo", Play, None, Err(Refusal::Missing)),
    ]);
}

#[test]
fn an_unknown_stream_and_a_private_one_give_the_same_refusals() {
    let stranger = token_for("demo", &["publish", "play"]);
    let stale = token(&claims_with("exp", json!(NOW.0 - 1)));
    for verb in [Verb::Publish, Verb::Play] {
        for bearer in [
            None,
            Some("wrong-key-0000"),
            Some(stranger.as_str()),
            Some(stale.as_str()),
        ] {
            let known = subject("private", verb, bearer);
            assert_eq!(known, subject("nowhere", verb, bearer), "{verb} {bearer:?}");
            assert!(known.is_err());
        }
    }
}

#[test]
fn a_grant_says_when_its_token_ends() {
    let token = token_for("private", &["play"]);
    let grant = authorizer()
        .authorize("private", Verb::Play, Some(&token), NOW)
        .unwrap();
    assert_eq!(grant.expires, Some(UnixTime(NOW.0 + 300)));
    let later = authorizer().authorize("private", Verb::Play, Some(&token), UnixTime(NOW.0 + 300));
    assert_eq!(later, Err(Refusal::Expired));
}

#[test]
fn a_token_that_has_ended_is_good_for_what_it_opened_and_no_other() {
    let late = UnixTime(NOW.0 + 3_000);
    let again = |verb, bearer: &str| {
        let grant = authorizer().authorize_again("private", verb, Some(bearer), late);
        grant.map(|grant| grant.subject)
    };
    let mine = token_for("private", &["play"]);
    assert_eq!(again(Verb::Play, &mine), ann());
    assert_eq!(again(Verb::Publish, &mine), Err(Refusal::WrongVerb));
    let others = token_for("demo", &["play"]);
    assert_eq!(again(Verb::Play, &others), Err(Refusal::Invalid));
    let forged = format!("{mine}x");
    assert_eq!(again(Verb::Play, &forged), Err(Refusal::Invalid));
}

#[test]
fn a_replaced_table_is_in_force_at_once() {
    let mut authorizer = authorizer();
    assert!(authorizer.authorize("demo", Verb::Play, None, NOW).is_ok());
    let private = Stream {
        key: None,
        is_public: false,
        is_ended: false,
        players_max: None,
    };
    authorizer.replace_streams(StreamTable::from_iter([(room("demo"), private)]));
    assert_eq!(
        authorizer.authorize("demo", Verb::Play, None, NOW),
        Err(Refusal::Missing)
    );
}

#[test]
fn both_algorithms_verify_what_they_issue() {
    let request = TokenRequest {
        subject: "ann".to_owned(),
        stream: room("private"),
        verbs: vec![Verb::Play],
        lifetime: Duration::from_secs(3_600),
    };
    let hs256 = SigningKey::hs256(HS_SECRET).unwrap();
    let eddsa = SigningKey::eddsa_pem(ed25519_private_pem().as_bytes()).unwrap();
    for key in [hs256, eddsa] {
        let token = issue(&key, &request, NOW).unwrap();
        let permit = verifier().verify(token.expose(), NOW).unwrap();
        assert_eq!(permit.subject, "ann");
        assert_eq!(permit.expires, UnixTime(NOW.0 + 3_600));
    }
}

#[test]
fn nothing_is_issued_that_would_be_refused() {
    let key = SigningKey::hs256(HS_SECRET).unwrap();
    let good = TokenRequest {
        subject: "ann".to_owned(),
        stream: room("private"),
        verbs: vec![Verb::Play],
        lifetime: Duration::from_secs(1),
    };
    assert!(issue(&key, &good, NOW).is_ok());
    let hour_and_second = Duration::from_secs(3_601);
    for (request, expected) in [
        (
            TokenRequest {
                lifetime: Duration::ZERO,
                ..good.clone()
            },
            IssueError::Lifetime,
        ),
        (
            TokenRequest {
                lifetime: hour_and_second,
                ..good.clone()
            },
            IssueError::Lifetime,
        ),
        (
            TokenRequest {
                subject: String::new(),
                ..good.clone()
            },
            IssueError::Subject,
        ),
        (
            TokenRequest {
                subject: "a\nb".to_owned(),
                ..good.clone()
            },
            IssueError::Subject,
        ),
        (
            TokenRequest {
                verbs: vec![],
                ..good.clone()
            },
            IssueError::Verbs,
        ),
    ] {
        assert_eq!(
            issue(&key, &request, NOW).unwrap_err(),
            expected,
            "{request:?}"
        );
    }
}

#[test]
fn keys_have_edges() {
    let short = vec![0; HS256_SECRET_BYTES_MIN - 1];
    assert_eq!(
        VerifyingKey::hs256(&short).unwrap_err(),
        InvalidKey::ShortSecret
    );
    assert_eq!(
        SigningKey::hs256(&short).unwrap_err(),
        InvalidKey::ShortSecret
    );
    let private = ed25519_private_pem();
    let public = ed25519_public_pem();
    assert_eq!(
        VerifyingKey::eddsa_pem(private.as_bytes()).unwrap_err(),
        InvalidKey::NotEd25519Public
    );
    assert_eq!(
        SigningKey::eddsa_pem(public.as_bytes()).unwrap_err(),
        InvalidKey::NotEd25519Private
    );
    let keys = |n| {
        (0..n)
            .map(|_| VerifyingKey::hs256(HS_SECRET).unwrap())
            .collect()
    };
    assert!(Verifier::new(keys(VERIFYING_KEYS_MAX)).is_ok());
    assert_eq!(
        Verifier::new(keys(VERIFYING_KEYS_MAX + 1)).unwrap_err(),
        InvalidKey::TooMany
    );
}
