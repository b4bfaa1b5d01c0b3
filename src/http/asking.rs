//! Whether a connection's client is in the middle of a request, or has none and only keeps the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// True from the first byte of a request to the end of its answer, and for a new connection, whose client has still to say why
/// it came. What is pipelined behind a request counts as part of it: a head that began there and never ends is taken for
/// silence.
#[derive(Clone, Debug)]
pub(super) struct Asking(Arc<Heard>);

#[derive(Debug)]
struct Heard {
    is_asking: AtomicBool,
    n_bytes: AtomicUsize,
}

impl Default for Asking {
    fn default() -> Self {
        Self(Arc::new(Heard {
            is_asking: AtomicBool::new(true),
            n_bytes: AtomicUsize::new(0),
        }))
    }
}

impl Asking {
    pub(super) fn is_asking(&self) -> bool {
        self.0.is_asking.load(Ordering::Relaxed)
    }

    /// Its last request is answered.
    pub(super) fn end(&self) {
        self.0.is_asking.store(false, Ordering::Relaxed);
    }

    /// Ends after this time if fewer bytes have come until then, and never otherwise.
    pub(super) async fn fewer_than(&self, n_bytes: usize, within: Duration) {
        tokio::time::sleep(within).await;
        if self.0.n_bytes.load(Ordering::Relaxed) >= n_bytes {
            std::future::pending::<()>().await;
        }
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
        let n_more = buffer.filled().len().saturating_sub(n_before);
        if n_more > 0 {
            self.asking.0.n_bytes.fetch_add(n_more, Ordering::Relaxed);
            self.asking.0.is_asking.store(true, Ordering::Relaxed);
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
