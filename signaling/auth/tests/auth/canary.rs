//! Nothing that can reach a log prints a secret.

use std::time::Duration;

use super::fixture::*;
use signaling_auth::grant::Verb;
use signaling_auth::secret::ServerSecret;
use signaling_auth::stream_key::StreamKey;
use signaling_auth::token::issue::{SigningKey, TokenRequest, issue};
use signaling_auth::token::verify::VerifyingKey;

#[test]
fn no_debug_and_no_display_prints_a_secret() {
    let secret = ServerSecret::new(HS_SECRET);
    let key = StreamKey::parse(STREAM_KEY).unwrap();
    let hash = key.hash(&room("demo"), &secret);
    let hash_text = String::from(hash.clone());
    let signing = SigningKey::hs256(HS_SECRET).unwrap();
    let request = TokenRequest {
        subject: "ann".to_owned(),
        stream: room("demo"),
        verbs: vec![Verb::Publish],
        lifetime: Duration::from_secs(60),
    };
    let token = issue(&signing, &request, NOW).unwrap();
    let authorizer = authorizer();
    let refusals = [STREAM_KEY, token.expose()].map(|bearer| {
        let refusal = authorizer
            .authorize("nowhere", Verb::Publish, Some(bearer), NOW)
            .unwrap_err();
        format!("{refusal} {refusal:?}")
    });
    let printed = [
        format!("{secret:?} {key:?} {hash:?} {signing:?} {token:?} {authorizer:?}"),
        format!("{:?}", VerifyingKey::hs256(HS_SECRET).unwrap()),
        format!(
            "{:?}",
            SigningKey::eddsa_pem(ed25519_private_pem().as_bytes()).unwrap()
        ),
        format!("{:?}", StreamKey::parse("canary key").unwrap_err()),
        refusals.concat(),
    ]
    .join("\n");
    let bytes_of_secret = format!("{HS_SECRET:?}");
    let inside = bytes_of_secret.trim_matches(['[', ']']);
    for canary in ["canary", hash_text.as_str(), token.expose(), inside] {
        assert!(!printed.contains(canary), "{canary:?} in:\n{printed}");
    }
    assert!(
        key.expose().contains("canary"),
        "the canary sings where it may"
    );
}
