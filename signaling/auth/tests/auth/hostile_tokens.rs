//! Every way we know to be handed a token that is none: each is refused, and each differs in one thing from a token
//! that is accepted, so a refusal has one cause.

use super::fixture::*;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use signaling_auth::limits::TOKEN_BYTES_MAX;
use signaling_auth::token::verify::TokenError;

fn flip_last_character(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    // The last base64 character of 32 bytes holds four bits: A and Q differ in one that counts.
    format!("{rest}{}", if last == "A" { "Q" } else { "A" })
}

fn headers() -> Vec<(&'static str, String)> {
    let payload = claims().to_string();
    let signed = |header: &str| sign_hs256(header, &payload, HS_SECRET);
    let unsigned = |header: &str| format!("{}.{}.", encode(header), encode(&payload));
    let hs512 = {
        let message = format!("{}.{}", encode(r#"{"alg":"HS512"}"#), encode(&payload));
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA512, HS_SECRET),
            message.as_bytes(),
        );
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let public = ed25519_public_pem();
    vec![
        ("alg none", unsigned(r#"{"typ":"JWT","alg":"none"}"#)),
        ("alg None", unsigned(r#"{"typ":"JWT","alg":"None"}"#)),
        ("alg empty", unsigned(r#"{"typ":"JWT","alg":""}"#)),
        ("no alg", signed(r#"{"typ":"JWT"}"#)),
        ("HS256 without signature", unsigned(HS256_HEADER)),
        ("right secret, wrong hash", hs512),
        (
            "HS256 signed, EdDSA claimed",
            signed(r#"{"typ":"JWT","alg":"EdDSA"}"#),
        ),
        ("RS256 claimed", signed(r#"{"typ":"JWT","alg":"RS256"}"#)),
        (
            "Ed25519 signed, HS256 claimed",
            sign_eddsa(HS256_HEADER, &payload),
        ),
        (
            "public key as HMAC secret",
            sign_hs256(HS256_HEADER, &payload, public.as_bytes()),
        ),
        ("empty HMAC secret", sign_hs256(HS256_HEADER, &payload, b"")),
        ("other secret, kid a path", {
            let header = r#"{"alg":"HS256","kid":"../../../dev/null"}"#;
            sign_hs256(header, &payload, b"")
        }),
        ("other secret, kid SQL", {
            let header = r#"{"alg":"HS256","kid":"x' UNION SELECT 'secret' --"}"#;
            sign_hs256(header, &payload, b"secret")
        }),
        ("other secret, own jwk", {
            let header = r#"{"alg":"HS256","jwk":{"kty":"oct","k":"c2VjcmV0"}}"#;
            sign_hs256(header, &payload, b"secret")
        }),
        ("other secret, own jku", {
            let header = r#"{"alg":"HS256","jku":"https://attacker.example/keys"}"#;
            sign_hs256(header, &payload, b"secret")
        }),
        (
            "critical extension",
            signed(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#),
        ),
        ("compressed", signed(r#"{"alg":"HS256","zip":"DEF"}"#)),
        (
            "another type",
            signed(r#"{"typ":"logout+jwt","alg":"HS256"}"#),
        ),
        ("alg twice", signed(r#"{"alg":"none","alg":"HS256"}"#)),
        ("header is no JSON", signed("HS256")),
    ]
}

fn shapes() -> Vec<(&'static str, String)> {
    let good = token(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let other = token(&claims_with("stream", json!("demo")));
    let payload_of_other = other.split('.').nth(1).unwrap();
    vec![
        ("one bit of the signature", flip_last_character(&good)),
        (
            "payload of another token",
            format!("{}.{payload_of_other}.{}", parts[0], parts[2]),
        ),
        ("signature cut off", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        ("dots", "..".to_owned()),
        ("padded base64", format!("{good}=")),
        ("space after", format!("{good} ")),
        (
            "payload is an array",
            sign_hs256(HS256_HEADER, "[]", HS_SECRET),
        ),
        (
            "payload is no JSON",
            sign_hs256(HS256_HEADER, "publish", HS_SECRET),
        ),
        ("payload is empty", sign_hs256(HS256_HEADER, "", HS_SECRET)),
        (
            "64 kB of token",
            token(&claims_with("more", json!("a".repeat(64 * 1024)))),
        ),
    ]
}

fn claim_values() -> Vec<(&'static str, Value)> {
    let hour = NOW.0 + 3_600;
    vec![
        ("no exp", claims_with("exp", Value::Null)),
        ("exp a string", claims_with("exp", json!(hour.to_string()))),
        ("exp an empty string", claims_with("exp", json!(""))),
        ("exp a boolean", claims_with("exp", json!(true))),
        ("exp an array", claims_with("exp", json!([hour]))),
        ("exp negative", claims_with("exp", json!(-1))),
        (
            "exp beyond every clock",
            claims_with("exp", json!(u64::MAX)),
        ),
        ("exp a huge fraction", claims_with("exp", json!(1e300))),
        (
            "exp an hour and a second ahead",
            claims_with("exp", json!(hour + 1)),
        ),
        (
            "exp in milliseconds",
            claims_with("exp", json!(hour * 1_000)),
        ),
        ("nbf a second ahead", claims_with("nbf", json!(NOW.0 + 1))),
        ("nbf a string", claims_with("nbf", json!("0"))),
        ("nbf an object", claims_with("nbf", json!({}))),
        ("no aud", claims_with("aud", Value::Null)),
        ("aud another service", claims_with("aud", json!("billing"))),
        ("aud empty", claims_with("aud", json!(""))),
        ("aud an empty array", claims_with("aud", json!([]))),
        ("aud others", claims_with("aud", json!(["billing", "chat"]))),
        (
            "aud us in parts",
            claims_with("aud", json!(["fresh", "et"])),
        ),
        (
            "aud us and a number",
            claims_with("aud", json!(["freshet", 7])),
        ),
        (
            "aud us in an array",
            claims_with("aud", json!([["freshet"]])),
        ),
        ("aud an object", claims_with("aud", json!({"freshet": 1}))),
        ("no sub", claims_with("sub", Value::Null)),
        ("sub empty", claims_with("sub", json!(""))),
        ("sub too long", claims_with("sub", json!("a".repeat(129)))),
        (
            "sub forges a log line",
            claims_with("sub", json!("ann\nERROR stolen")),
        ),
        ("sub a number", claims_with("sub", json!(7))),
        ("no stream", claims_with("stream", Value::Null)),
        ("stream a path", claims_with("stream", json!("../private"))),
        ("stream a wildcard", claims_with("stream", json!("*"))),
        (
            "stream a list",
            claims_with("stream", json!(["private", "demo"])),
        ),
        ("no verbs", claims_with("verbs", Value::Null)),
        ("verbs empty", claims_with("verbs", json!([]))),
        ("verbs unknown", claims_with("verbs", json!(["admin"]))),
        (
            "verbs in capitals",
            claims_with("verbs", json!(["PUBLISH"])),
        ),
        ("verbs a string", claims_with("verbs", json!("publish"))),
        (
            "verbs three times",
            claims_with("verbs", json!(["play", "play", "publish"])),
        ),
    ]
}

#[test]
fn the_token_that_the_others_differ_from_is_accepted() {
    let verifier = verifier();
    assert!(verifier.verify(&token(&claims()), NOW).is_ok());
    let eddsa = sign_eddsa(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    assert!(verifier.verify(&eddsa, NOW).is_ok());
    for (name, value) in [
        ("exp", json!(NOW.0 + 3_600)),
        ("exp", json!(1_800_000_000.5 + 300.0)),
        ("nbf", json!(NOW.0)),
        ("aud", json!("freshet")),
        ("aud", json!(["freshet"])),
        ("aud", json!(["billing", "freshet"])),
        ("sub", json!("a".repeat(128))),
        ("verbs", json!(["publish", "play"])),
        ("iat", json!(NOW.0)),
        ("name", json!("Ann")),
    ] {
        let verdict = verifier.verify(&token(&claims_with(name, value.clone())), NOW);
        assert!(verdict.is_ok(), "{name} {value}: {verdict:?}");
    }
}

#[test]
fn no_header_opens_anything() {
    for (name, token) in headers() {
        assert_eq!(
            verifier().verify(&token, NOW),
            Err(TokenError::Invalid),
            "{name}"
        );
    }
}

#[test]
fn no_malformed_token_opens_anything() {
    for (name, token) in shapes() {
        assert_eq!(
            verifier().verify(&token, NOW),
            Err(TokenError::Invalid),
            "{name}"
        );
    }
}

#[test]
fn no_signed_nonsense_opens_anything() {
    for (name, claims) in claim_values() {
        assert_eq!(
            verifier().verify(&token(&claims), NOW),
            Err(TokenError::Invalid),
            "{name}"
        );
    }
}

#[test]
fn a_claim_that_is_there_twice_opens_nothing() {
    let twice = claims()
        .to_string()
        .replacen('{', r#"{"verbs":["play"],"#, 1);
    let verdict = verifier().verify(&sign_hs256(HS256_HEADER, &twice, HS_SECRET), NOW);
    assert_eq!(verdict, Err(TokenError::Invalid));
}

#[test]
fn a_token_is_over_in_the_second_that_it_names() {
    let before = token(&claims_with("exp", json!(NOW.0 + 1)));
    let over = token(&claims_with("exp", json!(NOW.0)));
    assert!(verifier().verify(&before, NOW).is_ok());
    assert_eq!(verifier().verify(&over, NOW), Err(TokenError::Expired));
    let ancient = token(&claims_with("exp", json!(0)));
    assert_eq!(verifier().verify(&ancient, NOW), Err(TokenError::Expired));
}

#[test]
fn a_token_has_an_edge_at_its_longest() {
    let padded = |n: usize| token(&claims_with("more", json!("a".repeat(n))));
    let n = (0..TOKEN_BYTES_MAX)
        .rfind(|&n| padded(n).len() <= TOKEN_BYTES_MAX)
        .unwrap();
    assert!(verifier().verify(&padded(n), NOW).is_ok());
    assert_eq!(
        verifier().verify(&padded(n + 1), NOW),
        Err(TokenError::Invalid)
    );
}
