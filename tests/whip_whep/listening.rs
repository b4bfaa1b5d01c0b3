//! A client that listens to an event stream.

use serde_json::Value;
use tokio::time::timeout;

use crate::node::Node;
use crate::running::{PATIENCE, client};

/// One GET of an event stream.
pub(crate) struct Listening {
    response: reqwest::Response,
    /// What came and was not looked at.
    text: String,
}

/// Makes a stream of these events for a session, and gives its path.
pub(crate) async fn make_stream(node: &Node, session: &str, events: &str) -> String {
    let request = node
        .trusted("POST", &format!("{session}/sse"))
        .header("content-type", "application/json");
    let reply = request.body(events).send().await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.header("location").to_owned()
}

impl Listening {
    /// Listens without any credential, as a browser's `EventSource` does.
    pub(crate) async fn to(node: &Node, stream: &str) -> Self {
        let get = client().get(node.running.url(stream));
        let request = get.header("accept", "text/event-stream");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["access-control-allow-origin"], "*");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event: its name and its data.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                // A comment keeps the connection open and says nothing.
                if !event.starts_with(':') {
                    return Some(parsed(&event));
                }
                continue;
            }
            let more = timeout(PATIENCE, self.response.chunk()).await;
            let more = more.expect("nothing comes").unwrap()?;
            self.text += std::str::from_utf8(&more).unwrap();
        }
    }

    /// The data of the next event of this name that is as wanted; others are passed over.
    pub(crate) async fn until(&mut self, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                match self.next().await {
                    Some((event, data)) if event == name && is_so(&data) => return data,
                    Some(_) => {}
                    None => panic!("the stream ended before {name}"),
                }
            }
        };
        timeout(PATIENCE, found).await.expect("it never comes")
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) {
        while self.next().await.is_some() {}
    }
}

/// An event is its type and one line of data, which is JSON.
fn parsed(event: &str) -> (String, Value) {
    let lines: Vec<&str> = event.lines().collect();
    let [name, data] = lines.as_slice() else {
        panic!("{event:?}")
    };
    let name = name.strip_prefix("event: ").unwrap().to_owned();
    let data = data.strip_prefix("data: ").unwrap();
    (name, serde_json::from_str(data).unwrap())
}
