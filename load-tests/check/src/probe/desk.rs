//! What all tasks of a probe share: the client, the clock, and the checker.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Client, Method, Response};
use sfu_model::time::Instant;
use sfu_net::clock::{Clock, since_epoch};
use url::Url;

use crate::checker::Checker;
use crate::playlist::date_time::DateTime;

use super::answer::Answer;

/// Longer than any origin may hold a reload: three of the longest target durations in use.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes of one answer; a longer one counts as none. Ten seconds of 50 Mb/s.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a page in a browser says; whether it may read the answer is a rule.
const ORIGIN: (&str, &str) = ("origin", "https://freshet-check.invalid");

#[derive(Debug)]
pub(crate) struct Desk {
    http: Client,
    clock: Clock,
    ends_at: Instant,
    checker: Mutex<Checker>,
}

impl Desk {
    pub(crate) fn new(length: Duration) -> Result<Self, reqwest::Error> {
        // A process that has chosen its provider already keeps it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = Clock::start();
        Ok(Self {
            http: Client::builder().timeout(REQUEST_TIMEOUT).build()?,
            ends_at: clock.now() + length,
            clock,
            checker: Mutex::default(),
        })
    }

    /// What is left of the time.
    pub(crate) fn left(&self) -> Duration {
        self.ends_at.saturating_since(self.clock.now())
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The wall clock.
    pub(crate) fn wall(&self) -> Option<DateTime> {
        Some(DateTime(i64::try_from(since_epoch().as_millis()).ok()?))
    }

    /// Tells the checker something, or asks it.
    pub(crate) fn tell<R>(&self, what: impl FnOnce(&mut Checker) -> R) -> R {
        what(&mut self.checker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, url, headers).await
    }

    pub(crate) async fn ask(&self, method: Method, url: &Url, headers: &[(&str, &str)]) -> Answer {
        let began = self.clock.now();
        let mut request = self
            .http
            .request(method, url.clone())
            .header(ORIGIN.0, ORIGIN.1);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let got = match request.send().await {
            Ok(response) => read(response).await,
            Err(_) => None,
        };
        let (status, headers, body) = got.unwrap_or_default();
        let at = self.clock.now();
        Answer {
            url: url.to_string(),
            status,
            headers,
            body,
            took: at.saturating_since(began),
            at,
        }
    }
}

type Whole = (u16, Vec<(String, String)>, Bytes);

/// The whole answer; `None`: it broke off, or is too long.
async fn read(mut response: Response) -> Option<Whole> {
    let text = |value: &reqwest::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len().saturating_add(chunk.len()) > BODY_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some((status, headers, body.freeze()))
}
