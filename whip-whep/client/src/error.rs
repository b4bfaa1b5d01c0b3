//! Why a request did not succeed, and who must act.

use std::time::Duration;

use reqwest::{Response, header};

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Network or TLS; try again.
    #[error("no answer: {0}")]
    Transport(reqwest::Error),
    /// The server said no.
    #[error("refused with {0}")]
    Refused(Refused),
    /// The server does not keep to RFC 9725; what is wrong.
    #[error("the server breaks the protocol: {0}")]
    Protocol(&'static str),
    /// Caller: the URL is none, or not of HTTP.
    #[error("not an HTTP URL")]
    BadUrl,
}

/// A refusal. RFC 9725 section 4.1: act on the class of the status, and show the rest to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The `code` of the problem document, where there is one.
    pub code: Option<String>,
    /// Its `detail`.
    pub detail: Option<String>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}", self.status)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

impl Error {
    /// Whether the same request may succeed later: nobody publishes yet, too many requests, the node is full or gone.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused(refused) => matches!(refused.status, 409 | 429 | 500..=599),
            Self::Protocol(_) | Self::BadUrl => false,
        }
    }

    /// What the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refused) => refused.retry_after,
            Self::Transport(_) | Self::Protocol(_) | Self::BadUrl => None,
        }
    }
}

/// The response, or the refusal that it is.
pub(crate) async fn checked(response: Response) -> Result<Response, Error> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let header = response.headers().get(header::RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A body that is no problem document says nothing to a program.
    let problem: serde_json::Value =
        serde_json::from_slice(&response.bytes().await.unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| problem.get(name)?.as_str().map(str::to_owned);
    Err(Error::Refused(Refused {
        status,
        retry_after: seconds.map(Duration::from_secs),
        code: text("code"),
        detail: text("detail"),
    }))
}
