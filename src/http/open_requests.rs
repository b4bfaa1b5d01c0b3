//! How many requests a connection has open: from a request's head to the end of its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use super::asking::Asking;
use super::taking::{Piece, Taking};

/// The requests of one connection.
#[derive(Debug)]
pub(super) struct OpenRequests {
    all: Arc<AtomicUsize>,
    asking: Asking,
    taking: Taking,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenRequest {
    all: Arc<AtomicUsize>,
    asking: Asking,
    taking: Taking,
    /// How many there were with it when it came.
    pub(super) n_open: usize,
}

impl OpenRequests {
    /// None yet. The end of the last one is the end of asking.
    pub(super) fn new(asking: Asking, taking: Taking) -> Self {
        let all = Arc::default();
        Self {
            all,
            asking,
            taking,
        }
    }

    /// One more.
    pub(super) fn open(&self) -> OpenRequest {
        let (all, asking) = (Arc::clone(&self.all), self.asking.clone());
        let n_open = all.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        OpenRequest {
            all,
            asking,
            taking: self.taking.clone(),
            n_open,
        }
    }
}

impl OpenRequest {
    /// The answer, which keeps its request open for as long as it has a body to send: an event stream is no less of a stream
    /// than an upload.
    pub(super) fn answered(self, answer: Response) -> Response {
        answer.map(|body| {
            Body::new(Answering {
                body,
                untaken: None,
                open: self,
            })
        })
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if self.all.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.asking.end();
        }
    }
}

/// A body, and the request that it answers.
struct Answering {
    body: Body,
    /// What was given last, unless it was all.
    untaken: Option<Piece>,
    open: OpenRequest,
}

impl hyper::body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Who asks for more has taken what there was.
        self.untaken = None;
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(_))) = polled
            && !self.body.is_end_stream()
        {
            self.untaken = Some(self.open.taking.give());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
