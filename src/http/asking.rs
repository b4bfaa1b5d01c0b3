//! Whether a connection's client is in the middle of a request, or has none and only keeps the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// True from the first byte of a request to the end of its answer, and for a new connection, whose client has still to say why
/// it came. What is pipelined behind a request counts as part of it: a head that began there and never ends is taken for
/// silence.
#[derive(Clone, Debug)]
pub(super) struct Asking(Arc<AtomicBool>);

impl Default for Asking {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Asking {
    pub(super) fn is_asking(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Its last request is answered.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The connection, which notes here that something came.
    pub(super) fn watch<S>(&self, stream: S) -> Watched<S> {
        let asking = self.clone();
        Watched { stream, asking }
    }
}

/// A connection whose bytes are noted.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    asking: Asking,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n_before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > n_before {
            self.asking.0.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
