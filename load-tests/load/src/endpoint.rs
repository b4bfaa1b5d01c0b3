//! The HTTP side of a join: an offer is posted until the server takes it.

use std::time::Duration;

use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use whip_whep_client::client::{Client, Reply};
use whip_whep_client::error::Error;

/// How often a POST is repeated that the server wants later (409, 429, 503). A crowd from one address meets the server's
/// rate limit, which is the server's right; a server that still refuses after this is full.
const TRIES_MAX: u32 = 20;

/// What is waited for when the server does not say.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// Longest wait that a server may ask for; a longer one is a refusal.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// A WHIP or WHEP endpoint, with the key or the token that it wants.
#[derive(Clone, Debug)]
pub struct Endpoint {
    client: Client,
    url: String,
}

impl Endpoint {
    /// An endpoint at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Posts an offer, later again where the server asks for that. Gives when the POST began that was taken.
    pub async fn open(&self, offer: &str, clock: Clock) -> Result<(Reply, Instant), Error> {
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let posted_at = clock.now();
            let error = match self.client.offer(&self.url, offer).await {
                Ok(reply) => return Ok((reply, posted_at)),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(RETRY_AFTER_DEFAULT);
            if !error.may_pass() || n_tries == TRIES_MAX || wait > RETRY_AFTER_MAX {
                return Err(error);
            }
            // An interval's second tick is one period after its first.
            let mut interval = tokio::time::interval(wait.max(Duration::from_millis(1)));
            interval.tick().await;
            interval.tick().await;
        }
    }
}
