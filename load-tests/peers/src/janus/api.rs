//! The part of Janus's HTTP API that a video room needs: a session, handles, messages, and one long poll for all events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Most events that one poll gives.
const EVENTS_MAX: usize = 32;

/// How long an event may take that a message causes. Janus gathers candidates before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a request gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No answer.
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
    /// Janus says no; what it says.
    #[error("refused: {0}")]
    Refused(String),
    /// No event came in time.
    #[error("no event came")]
    NoEvent,
}

/// Whom events wait for, by the transaction that caused them.
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

/// A session of the API.
#[derive(Debug)]
pub(super) struct Api {
    http: reqwest::Client,
    session: String,
    waiting: Waiting,
    n_transactions: AtomicU64,
    polling: JoinHandle<()>,
}

/// A user of a plugin within the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle(pub(super) u64);

/// What an event says.
#[derive(Debug)]
pub(super) struct Event {
    /// The plugin's part.
    pub(super) data: Value,
    /// SDP, where there is some.
    pub(super) sdp: Option<String>,
}

impl Api {
    pub(super) async fn connect(url: &str) -> Result<Self, ApiError> {
        // A process that has chosen its provider already keeps it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::new();
        let request = json!({ "janus": "create", "transaction": "create" });
        let id = created(&post(&http, url, &request).await?)?;
        let session = format!("{url}/{id}");
        let waiting = Waiting::default();
        let polling = tokio::spawn(poll(http.clone(), session.clone(), Arc::clone(&waiting)));
        Ok(Self {
            http,
            session,
            waiting,
            n_transactions: AtomicU64::new(0),
            polling,
        })
    }

    pub(super) async fn attach(&self) -> Result<Handle, ApiError> {
        let request = json!({
            "janus": "attach",
            "plugin": "janus.plugin.videoroom",
            "transaction": self.transaction(),
        });
        let response = post(&self.http, &self.session, &request).await?;
        Ok(Handle(created(&response)?))
    }

    /// Sends a message that is answered at once.
    pub(super) async fn request(&self, handle: Handle, body: Value) -> Result<Value, ApiError> {
        let request = json!({
            "janus": "message",
            "transaction": self.transaction(),
            "body": body,
        });
        let response = post(&self.http, &self.url(handle), &request).await?;
        Ok(event(&response)?.data)
    }

    /// Sends a message, with SDP or without, and waits for its event.
    pub(super) async fn message(
        &self,
        handle: Handle,
        body: Value,
        jsep: Option<Value>,
    ) -> Result<Event, ApiError> {
        let transaction = self.transaction();
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).insert(transaction.clone(), sender);
        let mut request = json!({
            "janus": "message",
            "transaction": transaction,
            "body": body,
        });
        if let (Some(jsep), Some(request)) = (jsep, request.as_object_mut()) {
            request.insert("jsep".to_owned(), jsep);
        }
        let posted = post(&self.http, &self.url(handle), &request).await;
        let came = match posted {
            Ok(_) => tokio::time::timeout(PATIENCE, receiver)
                .await
                .map_err(|_| ApiError::NoEvent),
            Err(error) => Err(error),
        };
        lock(&self.waiting).remove(&transaction);
        event(&came?.map_err(|_| ApiError::NoEvent)?)
    }

    fn url(&self, handle: Handle) -> String {
        format!("{}/{}", self.session, handle.0)
    }

    fn transaction(&self) -> String {
        let number = self.n_transactions.fetch_add(1, Ordering::Relaxed);
        format!("t{number}")
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

/// Nothing that holds the lock can fail.
fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Value>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives each event to whoever waits for it, until the session is gone.
async fn poll(http: reqwest::Client, session: String, waiting: Waiting) {
    let url = format!("{session}?maxev={EVENTS_MAX}");
    while let Ok(response) = http.get(&url).send().await {
        let Ok(text) = response.text().await else {
            continue;
        };
        let events: Value = serde_json::from_str(&text).unwrap_or_default();
        let events = if let Value::Array(events) = events {
            events
        } else {
            vec![events]
        };
        for event in events {
            let transaction = event.get("transaction").and_then(Value::as_str);
            let waits = transaction.and_then(|transaction| lock(&waiting).remove(transaction));
            if let Some(waits) = waits {
                // Whoever waited may have lost patience.
                let _ = waits.send(event);
            }
        }
    }
}

async fn post(http: &reqwest::Client, url: &str, body: &Value) -> Result<Value, ApiError> {
    let response = http.post(url).json(body).send().await?;
    let response: Value = response.json().await?;
    match response.get("janus").and_then(Value::as_str) {
        Some("error") | None => Err(ApiError::Refused(reason(response.get("error")))),
        Some(_) => Ok(response),
    }
}

fn created(response: &Value) -> Result<u64, ApiError> {
    let id = response.pointer("/data/id").and_then(Value::as_u64);
    id.ok_or_else(|| ApiError::Refused("there is no id".to_owned()))
}

fn event(event: &Value) -> Result<Event, ApiError> {
    let data = event.pointer("/plugindata/data").cloned();
    let data = data.unwrap_or_default();
    if data.get("error_code").is_some() {
        return Err(ApiError::Refused(reason(data.get("error"))));
    }
    let sdp = event.pointer("/jsep/sdp").and_then(Value::as_str);
    let sdp = sdp.map(str::to_owned);
    Ok(Event { data, sdp })
}

fn reason(error: Option<&Value>) -> String {
    error.map_or_else(|| "for no reason".to_owned(), Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_janus_writes_it() {
        let came = json!({
            "janus": "event",
            "plugindata": { "plugin": "p", "data": { "videoroom": "joined", "id": 7 } },
            "jsep": { "type": "answer", "sdp": "v=0" },
        });
        let read = event(&came).unwrap();
        assert_eq!(read.data.get("id"), Some(&json!(7)));
        assert_eq!(read.sdp.as_deref(), Some("v=0"));
        let refused =
            json!({ "plugindata": { "data": { "error_code": 426, "error": "no room" } } });
        assert!(matches!(event(&refused), Err(ApiError::Refused(why)) if why.contains("no room")));
    }
}
