//! What a publisher is told by its session's server-sent events.

use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;

use crate::running::client;
use crate::stage::KEY;

/// A publisher's ear: open until this is dropped.
pub(crate) struct Told {
    heard: Arc<Mutex<String>>,
    listener: JoinHandle<()>,
}

impl Told {
    /// Listens to what is wrong with the stream of a session.
    pub(crate) async fn listen(session: &str) -> Self {
        let client = client();
        let ask = client.post(format!("{session}/sse")).bearer_auth(KEY);
        let ask = ask.header("content-type", "application/json");
        let made = ask.body(r#"["warnings"]"#).send().await.unwrap();
        assert_eq!(made.status().as_u16(), 201);
        let place = made.headers()["location"].to_str().unwrap();
        let events = made.url().join(place).unwrap();
        let stream = client.get(events).bearer_auth(KEY).send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let heard = Arc::new(Mutex::new(String::new()));
        let listener = tokio::spawn(hear(stream, Arc::clone(&heard)));
        Self { heard, listener }
    }

    /// How often this was among what is wrong after it had not been.
    pub(crate) fn n_times(&self, warning: &str) -> usize {
        let heard = self.heard.lock().unwrap();
        let told = heard
            .lines()
            .filter_map(|line| line.strip_prefix("data: {\"warnings\":"));
        let named = format!("\"{warning}\"");
        let is_said: Vec<bool> = told.map(|all| all.contains(&named)).collect();
        let before = [false].into_iter().chain(is_said.iter().copied());
        let news = before.zip(&is_said).filter(|(was, is)| !was && **is);
        news.count()
    }

    /// All of it.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn hear(mut stream: reqwest::Response, heard: Arc<Mutex<String>>) {
    while let Ok(Some(chunk)) = stream.chunk().await {
        let text = String::from_utf8_lossy(&chunk);
        heard.lock().unwrap().push_str(&text);
    }
}
