//! The HTTP side of a join: one POST with an offer, as WHIP and WHEP have it.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;

/// How often a POST is repeated that the server wants later (429, 503, 409). A crowd from one address meets the server's
/// rate limit, which is the server's right; a server that still refuses after this is full.
const TRIES_MAX: u32 = 20;

/// What is waited for when the server does not say.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// Longest wait that a server may ask for; a longer one is a refusal.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// A WHIP or WHEP endpoint.
#[derive(Clone)]
pub struct Endpoint {
    client: reqwest::Client,
    url: reqwest::Url,
    bearer: Option<String>,
}

/// The bearer is a secret.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({})", self.url)
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answered {
    /// The SDP answer.
    pub sdp: String,
    /// When the POST began that was answered.
    pub posted_at: Instant,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Caller: not a URL that HTTP understands.
    #[error("{0} is no http:// URL")]
    Url(String),
    /// Operator: the server is not there.
    #[error("no answer from the server: {0}")]
    Transport(#[from] reqwest::Error),
    /// The server says no; its body says why.
    #[error("the server refuses with {status}: {problem}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The body.
        problem: String,
    },
}

impl Endpoint {
    /// An endpoint, with the key or the token that it wants.
    pub fn new(
        client: reqwest::Client,
        url: &str,
        bearer: Option<String>,
    ) -> Result<Self, HttpError> {
        let url = reqwest::Url::parse(url)
            .ok()
            .filter(|url| url.scheme() == "http")
            .ok_or_else(|| HttpError::Url(url.to_owned()))?;
        Ok(Self {
            client,
            url,
            bearer,
        })
    }

    /// Posts an offer, later again where the server asks for that.
    pub async fn post(&self, offer: &str, clock: Clock) -> Result<Answered, HttpError> {
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let posted_at = clock.now();
            let mut request = self
                .client
                .post(self.url.clone())
                .header(CONTENT_TYPE, "application/sdp")
                .body(offer.to_owned());
            if let Some(bearer) = &self.bearer {
                request = request.bearer_auth(bearer);
            }
            let response = request.send().await?;
            let status = response.status();
            let wait = retry_after(&response);
            let body = response.text().await?;
            if status == StatusCode::CREATED {
                return Ok(Answered {
                    sdp: body,
                    posted_at,
                });
            }
            let may_retry = matches!(status.as_u16(), 409 | 429 | 503);
            if !may_retry || n_tries == TRIES_MAX || wait > RETRY_AFTER_MAX {
                return Err(HttpError::Refused {
                    status,
                    problem: body,
                });
            }
            // An interval's second tick is one period after its first.
            let mut interval = tokio::time::interval(wait);
            interval.tick().await;
            interval.tick().await;
        }
    }
}

fn retry_after(response: &reqwest::Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
    seconds
        .map_or(RETRY_AFTER_DEFAULT, Duration::from_secs)
        .max(Duration::from_millis(1))
}
