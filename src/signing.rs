//! `POST /api/v1/streams/{stream}/signed-url`: a play token for a signed URL, for players that send no header.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use sfu_model::time::UnixTime;
use sfu_net::clock;
use signaling_auth::grant::{Grant, Refusal};
use signaling_auth::limits::URL_LIFETIME_SECS_MAX;
use signaling_auth::signed_url::key::{UrlKeys, UrlLifetime, UrlRequest};
use whip_whep_core::cors::AllowedOrigins;
use whip_whep_core::response::Response as Fields;
use whip_whep_core::status::Status;
use whip_whep_server::access::Access;

use crate::problem::problem;

/// How long what is signed for a token plays. A token lets a viewer in, and sends nobody away: a session of WHEP goes on when it has
/// ended, and so must a player of HLS, each of whose requests is let in anew. Half a day is longer than people watch. It could be
/// a week, but whoever holds the URL may pass it on.
const PLAYS_FOR: Duration = Duration::from_secs(12 * 3_600);

const _: () = assert!(PLAYS_FOR.as_secs() <= URL_LIFETIME_SECS_MAX);

/// What a URL is signed with, who may have one, and by which pages.
#[derive(Clone)]
pub(crate) struct Signing {
    pub(crate) keys: Arc<UrlKeys>,
    pub(crate) access: Arc<Access>,
    pub(crate) origins: AllowedOrigins,
}

#[derive(Serialize)]
struct SignedPrefix {
    /// What stands in front of `/hls/{stream}/` and `/dash/{stream}/`; empty where anybody may play.
    prefix: String,
    /// Unix seconds; absent where anybody may play.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

/// The route.
pub(crate) fn router(signing: Signing) -> Router {
    Router::new()
        .route(
            "/api/v1/streams/{stream}/signed-url",
            post(sign).options(preflight),
        )
        .with_state(signing)
}

async fn sign(
    State(signing): State<Signing>,
    stream: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    // A path that is not UTF-8 names no stream: as one that does not exist.
    let stream = stream.map(|Path(stream)| stream).unwrap_or_default();
    let unix_now = clock::unix_now();
    let granted = signing
        .access
        .may_play_until(&stream, bearer(&headers), unix_now);
    let mut response = match granted.map(|grant| signing.prefix(grant, unix_now)) {
        Ok(Ok(prefix)) => Json(prefix).into_response(),
        Ok(Err(UrlLifetime)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(refusal) => refused(refusal),
    };
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    with_fields(signing.exposed(&headers), response)
}

/// A page of another origin asks first whether it may send a bearer. Nothing is said of the stream.
async fn preflight(State(signing): State<Signing>, headers: HeaderMap) -> Response {
    let fields = AllowedOrigins::permit(signing.exposed(&headers));
    with_fields(fields, StatusCode::NO_CONTENT.into_response())
}

/// The same, with these fields in its head.
fn with_fields(fields: Fields, mut response: Response) -> Response {
    for field in fields.headers {
        // They are ours, but for an origin that is on the list, whose letters are visible ones.
        if let Ok(value) = HeaderValue::from_str(&field.value) {
            let name = HeaderName::from_static(field.name);
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl Signing {
    /// Good from now on for [`PLAYS_FOR`], however soon the token ends.
    fn prefix(&self, grant: Grant, unix_now: UnixTime) -> Result<SignedPrefix, UrlLifetime> {
        if grant.expires.is_none() {
            return Ok(SignedPrefix {
                prefix: String::new(),
                expires_at: None,
            });
        }
        let request = UrlRequest {
            stream: grant.stream,
            lifetime: PLAYS_FOR,
            network: None,
            country: None,
        };
        let token = self.keys.sign(&request, unix_now)?;
        Ok(SignedPrefix {
            prefix: format!("/signed/{}", token.expose()),
            expires_at: Some(unix_now.0.saturating_add(PLAYS_FOR.as_secs())),
        })
    }

    /// What lets a page of another origin read the answer, as with WHEP.
    fn exposed(&self, headers: &HeaderMap) -> Fields {
        let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
        self.origins.expose(origin, Fields::empty(Status::Ok))
    }
}

/// A stream's key plays nothing, and is refused in the words for what is no credential at all: there are no budgets here for
/// who guesses at one.
fn refused(refusal: Refusal) -> Response {
    let (code, detail, challenge) = match refusal {
        Refusal::Missing => (
            "credential-missing",
            "A play token is needed, as `Authorization: Bearer ...`.",
            "Bearer realm=\"freshet\"",
        ),
        Refusal::Expired => (
            "token-expired",
            "The token has expired; ask for a new one.",
            INVALID,
        ),
        Refusal::Invalid | Refusal::TooLong | Refusal::WrongVerb | Refusal::Ended | _ => (
            "credential-invalid",
            "What was sent does not play this stream: ask its owner for a play token.",
            INVALID,
        ),
    };
    let mut response = problem(StatusCode::UNAUTHORIZED, code, detail);
    let challenge = HeaderValue::from_static(challenge);
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// RFC 6750 section 3.1.
const INVALID: &str = "Bearer realm=\"freshet\", error=\"invalid_token\"";

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
