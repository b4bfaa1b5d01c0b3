//! A stream as a viewer finds it.

use std::time::Duration;

use sfu_net::clock::Clock;
use url::Url;

use super::connection::{Answer, ConnectionError, Server};
use super::multivariant::{Choice, Multivariant};

/// How long a stream may take to be there: a publisher has just begun, and its first segment is awaited.
const BEGIN_PATIENCE: Duration = Duration::from_secs(20);

/// How often it is asked for until then.
const ASK_INTERVAL: Duration = Duration::from_millis(250);

/// Why a stream cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// There is no connection.
    #[error("{0}")]
    Connection(#[from] ConnectionError),
    /// It is not there, and did not come.
    #[error("{url}: status {status}")]
    Refused {
        /// The multivariant playlist.
        url: Url,
        /// The last answer's.
        status: u16,
    },
    /// It names no variant.
    #[error("{0} names no variant")]
    Empty(Url),
    /// What it names is no URL.
    #[error("{0}")]
    Uri(#[from] url::ParseError),
}

/// A stream whose multivariant playlist has been read.
#[derive(Clone)]
pub struct Stream {
    /// Where it is.
    pub server: Server,
    url: Url,
    playlist: Multivariant,
}

impl Stream {
    /// Reads the multivariant playlist, once it is there.
    pub async fn open(server: Server, url: Url, clock: Clock) -> Result<Self, StreamError> {
        let begun_at = clock.now();
        let mut asks = tokio::time::interval(ASK_INTERVAL);
        let answer: Answer = loop {
            asks.tick().await;
            let answer = server.connect(clock).await?.get(url.path()).await?;
            if answer.status == 200 {
                break answer;
            }
            if clock.now() > begun_at + BEGIN_PATIENCE {
                let status = answer.status;
                return Err(StreamError::Refused { url, status });
            }
        };
        let playlist = Multivariant::parse(&String::from_utf8_lossy(&answer.body));
        if playlist.variants.is_empty() {
            return Err(StreamError::Empty(url));
        }
        Ok(Self {
            server,
            url,
            playlist,
        })
    }

    /// The playlists that a viewer of this number follows.
    pub fn tracks(
        &self,
        choice: Choice,
        viewer: usize,
        with_sound: bool,
    ) -> Result<Vec<Url>, StreamError> {
        let pictures = self.playlist.chosen(choice, viewer);
        let sound = self.playlist.sound.as_deref().filter(|_| with_sound);
        let uris = pictures.into_iter().chain(sound);
        let urls: Result<Vec<Url>, _> = uris.map(|uri| self.url.join(uri)).collect();
        Ok(urls?)
    }
}
