//! Keys and hand-made tokens: a forger does not use our issuer.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::secret::ServerSecret;
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::stream_key::StreamKey;
use signaling_auth::token::verify::{Verifier, VerifyingKey};

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(crate) const HS_SECRET: &[u8; 32] = b"canary-hs256-secret-0123456789ab";
pub(crate) const STREAM_KEY: &str = "canary-stream-key-0001";

pub(crate) fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[42; 32]).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

pub(crate) fn ed25519_private_pem() -> String {
    pem("PRIVATE KEY", ed25519().to_pkcs8v1().unwrap().as_ref())
}

pub(crate) fn ed25519_public_pem() -> String {
    pem(
        "PUBLIC KEY",
        ed25519().public_key().as_der().unwrap().as_ref(),
    )
}

pub(crate) fn verifier() -> Verifier {
    let hs256 = VerifyingKey::hs256(HS_SECRET).unwrap();
    let eddsa = VerifyingKey::eddsa_pem(ed25519_public_pem().as_bytes()).unwrap();
    Verifier::new(vec![hs256, eddsa]).unwrap()
}

pub(crate) fn room(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

/// Streams: `demo` is public, `private` is not, `over` is private and has ended, `keyless` has no key.
pub(crate) fn authorizer() -> Authorizer {
    let secret = ServerSecret::new(&[9; 32]);
    let entry = |name: &str, is_public, is_ended| {
        let key = StreamKey::parse(STREAM_KEY)
            .unwrap()
            .hash(&room(name), &secret);
        (
            room(name),
            Stream {
                key: Some(key),
                is_public,
                is_ended,
                players_max: None,
            },
        )
    };
    let mut streams: StreamTable = [
        entry("demo", true, false),
        entry("private", false, false),
        entry("over", false, true),
    ]
    .into_iter()
    .collect();
    streams.insert(
        room("keyless"),
        Stream {
            key: None,
            is_public: false,
            is_ended: false,
            players_max: None,
        },
    );
    Authorizer::new(secret, verifier(), streams)
}

/// Claims that are in order.
pub(crate) fn claims() -> Value {
    json!({
        "aud": "freshet", "sub": "ann", "stream": "private", "verbs": ["publish"],
        "exp": NOW.0 + 300,
    })
}

/// Claims that are in order, with one changed; `null` removes it.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    claims
}

pub(crate) fn encode(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// Signs any header and payload with HMAC-SHA256.
pub(crate) fn sign_hs256(header: &str, payload: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Signs any header and payload with Ed25519.
pub(crate) fn sign_eddsa(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = ed25519().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) const HS256_HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// A token in order, but for its claims.
pub(crate) fn token(claims: &Value) -> String {
    sign_hs256(HS256_HEADER, &claims.to_string(), HS_SECRET)
}
