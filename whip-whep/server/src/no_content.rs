//! The body of a 204.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use bytes::Bytes;
use http_body::Frame;

/// Nothing, and nothing said about its length: a 204 must not have a `Content-Length` (RFC 9110 section 8.6), which the
/// router adds to every body whose length is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoContent;

impl HttpBody for NoContent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}
