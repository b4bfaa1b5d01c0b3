//! An event stream as the body of its GET: one task each, which sleeps until the core has something for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use whip_whep_core::pull::{Pull, Pulled};

use crate::exchange::Exchange;

/// How often a quiet stream gets a comment, so that routers and proxies on the way do not take it for dead: the HTML standard
/// names this interval ("Server-sent events", "Authoring notes").
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// A line that clients ignore.
const COMMENT: &str = ":\n\n";

/// Texts that wait for one connection. One: what follows waits in the core, where the latest of a kind replaces the others.
const TEXTS_MAX: usize = 1;

/// The body of a GET, until its stream ends or its client goes.
pub(crate) fn body(exchange: &Arc<Exchange>, pull: Pull) -> Body {
    let (sender, texts) = mpsc::channel(TEXTS_MAX);
    let waker = exchange.pulls().enter(pull.number);
    let exchange = Arc::clone(exchange);
    tokio::spawn(async move {
        feed(&exchange, &pull, &waker, &sender).await;
        exchange.with_core(|core| core.end_pull(&pull));
        exchange.pulls().leave(pull.number);
    });
    Body::new(Texts(texts))
}

/// Gives a connection its events as fast as it takes them.
async fn feed(exchange: &Exchange, pull: &Pull, waker: &Notify, sender: &mpsc::Sender<Bytes>) {
    // The connection is gone when there will never be room.
    while let Ok(room) = sender.reserve().await {
        match exchange.with_core(|core| core.take_events(pull)) {
            Pulled::Events(text) => {
                room.send(text.into());
                exchange.pulls().taken.notify_one();
            }
            Pulled::Ended => return,
            Pulled::Nothing => {
                let more = timeout(KEEP_ALIVE_INTERVAL, waker.notified());
                tokio::select! {
                    woken = more => if woken.is_err() {
                        room.send(Bytes::from_static(COMMENT.as_bytes()));
                    },
                    () = sender.closed() => return,
                }
            }
        }
    }
}

/// What a task says, as a body.
struct Texts(mpsc::Receiver<Bytes>);

impl http_body::Body for Texts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let text = self.0.poll_recv(context);
        text.map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}
