//! One WHIP or WHEP session as the protocol's plainest client: one POST, one DELETE, no trickle.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often a player asks for a stream that is not live yet: shorter than a person would notice.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The server turned the offer away.
#[derive(Debug)]
pub struct Refused {
    /// Its answer's status.
    pub status: StatusCode,
    problem: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.problem)
    }
}

impl Error for Refused {}

/// A session that the server has answered.
pub struct Session {
    client: Client,
    url: Url,
    bearer: Option<String>,
    /// The server's SDP.
    pub answer: String,
}

impl Session {
    /// Posts a complete offer (its candidates are in it) and takes the answer.
    pub async fn open(
        endpoint: &str,
        bearer: Option<&str>,
        offer: String,
    ) -> Result<Self, Box<dyn Error>> {
        // Several tests start at once, and the first one decides; the others' is the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().build()?;
        let mut request = client
            .post(endpoint)
            .header("content-type", "application/sdp")
            .body(offer);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await?;
        let status = response.status();
        let location = response
            .headers()
            .get("location")
            .map(|value| value.to_str().map(str::to_owned));
        let body = response.text().await?;
        if status != StatusCode::CREATED {
            return Err(Refused {
                status,
                problem: body,
            }
            .into());
        }
        let url = Url::parse(endpoint)?.join(&location.ok_or("201 without Location")??)?;
        Ok(Self {
            client,
            url,
            bearer: bearer.map(str::to_owned),
            answer: body,
        })
    }

    /// Ends the session, as a polite client does.
    pub async fn close(self) -> Result<(), Box<dyn Error>> {
        let mut request = self.client.delete(self.url);
        if let Some(bearer) = self.bearer {
            request = request.bearer_auth(bearer);
        }
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

/// Opens with `open` as soon as the stream is live: before that the server answers 409.
pub async fn when_live<T>(
    within: Duration,
    open: impl AsyncFn() -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let mut ask = interval(ASK_EVERY);
    ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timeout(within, async {
        loop {
            ask.tick().await;
            match open().await {
                Err(error) if is_offline(error.as_ref()) => {}
                opened_or_failed => return opened_or_failed,
            }
        }
    })
    .await?
}

fn is_offline(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<Refused>()
        .is_some_and(|refused| refused.status == StatusCode::CONFLICT)
}
