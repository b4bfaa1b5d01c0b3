//! A server with the streams that the tests use.

use std::time::Duration;

use str0m::media::Direction;
use tokio::time::{interval, timeout};

use crate::http::{Reply, Request};
use crate::offers;
use crate::running::{PATIENCE, Running};
use crate::scratch::Scratch;
use crate::webrtc::{Client, Offered};

/// The streams: one that everybody may play, one that needs a token, and more for floods.
const STREAMS: &str = r#"
[[streams]]
name = "demo"
key = "demo-key-0001"
public = true
[[streams]]
name = "idle"
key = "demo-key-0001"
public = true
[[streams]]
name = "private"
key = "demo-key-0001"
"#;

/// The key of every stream.
pub(crate) const KEY: &str = "demo-key-0001";

/// An endpoint of each protocol that takes a session at once, on a server whose `demo` is live.
pub(crate) const ENDPOINTS: [&str; 2] = ["/whip/idle", "/whep/demo"];

/// How often a stream that is about to be live is asked for: no oftener than the server's limit allows for ever.
const ASK_EVERY: Duration = Duration::from_millis(60);

/// A server.
pub(crate) struct Node {
    pub(crate) running: Running,
    /// Keeps `demo` live.
    publisher: Option<Client>,
}

/// A session that was opened by hand: nobody is behind its ICE.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its path.
    pub(crate) session: String,
    pub(crate) etag: String,
    pub(crate) answer: String,
}

impl Node {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With more configuration, which comes before the streams.
    pub(crate) fn with(more: &str) -> Self {
        Self::with_arguments(more, &[])
    }

    /// With more of both.
    pub(crate) fn with_arguments(more: &str, arguments: &[&str]) -> Self {
        let scratch = Scratch::new();
        scratch.write("freshet.toml", &format!("{more}\n{STREAMS}"));
        Self {
            running: Running::start_in(scratch, arguments),
            publisher: None,
        }
    }

    /// A server where somebody publishes `demo`, so that it can be played.
    pub(crate) async fn live() -> Self {
        Self::start().go_live().await
    }

    /// The same server, with a publisher of `demo`.
    pub(crate) async fn go_live(mut self) -> Self {
        let offered = Offered::new(Direction::SendOnly).await;
        let opened = self.open_with("/whip/demo", &offered.sdp.clone()).await;
        self.publisher = Some(offered.accept(&opened.answer));
        let played = self.open("/whep/demo").await;
        assert_eq!(self.delete(&played.session).await.status, 200);
        self
    }

    /// A request that nobody vouches for.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &self.running.url(path))
    }

    /// A request with the credential that this path needs: the key to publish, none to play.
    pub(crate) fn trusted(&self, method: &str, path: &str) -> Request {
        self.with_key(self.request(method, path), path)
    }

    /// A POST with the key where the endpoint wants it.
    pub(crate) async fn post(&self, path: &str, offer: &str) -> Reply {
        let request = self
            .request("POST", path)
            .header("content-type", "application/sdp");
        self.with_key(request, path).body(offer).send().await
    }

    pub(crate) async fn patch(&self, session: &str, if_match: &str, fragment: &str) -> Reply {
        let request = self
            .request("PATCH", session)
            .header("content-type", "application/trickle-ice-sdpfrag")
            .header("if-match", if_match);
        self.with_key(request, session).body(fragment).send().await
    }

    pub(crate) async fn delete(&self, session: &str) -> Reply {
        self.with_key(self.request("DELETE", session), session)
            .send()
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// Opens a session with a good offer.
    pub(crate) async fn open(&self, path: &str) -> Opened {
        self.open_with(path, &good_offer(path)).await
    }

    /// Opens a session with this offer; of a stream that is about to be live, when it is.
    pub(crate) async fn open_with(&self, path: &str, offer: &str) -> Opened {
        let post = async {
            let mut asks = interval(ASK_EVERY);
            loop {
                asks.tick().await;
                let reply = self.post(path, offer).await;
                if reply.status != 409 || reply.code() != "stream-offline" {
                    return reply;
                }
            }
        };
        let reply = timeout(PATIENCE, post)
            .await
            .expect("the stream is never live");
        assert_eq!(reply.status, 201, "{}", reply.body);
        Opened {
            session: reply.header("location").to_owned(),
            etag: reply.header("etag").to_owned(),
            answer: reply.body,
        }
    }

    fn with_key(&self, request: Request, path: &str) -> Request {
        if path.starts_with("/whip/") {
            request.bearer(KEY)
        } else {
            request
        }
    }
}

/// What this endpoint takes.
pub(crate) fn good_offer(path: &str) -> String {
    if path.starts_with("/whip") {
        offers::publish()
    } else {
        offers::play()
    }
}

/// A fragment with these credentials and one candidate.
pub(crate) fn fragment(ufrag: &str, password: &str) -> String {
    format!(
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{password}\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
    )
}

/// Candidates for the ICE session of [`good_offer`].
pub(crate) fn trickle() -> String {
    fragment(offers::UFRAG, offers::PASSWORD)
}

/// A restart of it.
pub(crate) fn restart() -> String {
    fragment("newU", "newPasswordOf22Letters")
}
