//! Answers that a client does not take off the operating system's hands.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::taking::{Piece, Taking};

/// So many bytes have to go within the time of a piece, or all that there are: as many as a piece of media has.
const PIECE_BYTES: usize = 64 * 1024;

/// A connection that notes what it cannot get rid of. A body of one piece, such as a playlist, is no body any more once the HTTP
/// library has it: a client that asks for one after the other and takes none is seen here alone.
#[derive(Debug)]
pub(super) struct Outgoing<S> {
    stream: S,
    taking: Taking,
    /// What waits for the operating system, from when that took no more.
    untaken: Option<Piece>,
    /// How much it took since then.
    n_taken: usize,
}

impl<S> Outgoing<S> {
    pub(super) const fn new(stream: S, taking: Taking) -> Self {
        Self {
            stream,
            taking,
            untaken: None,
            n_taken: 0,
        }
    }

    fn written(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.waits(),
            Poll::Ready(Ok(n_bytes)) if self.untaken.is_some() => {
                self.n_taken = self.n_taken.saturating_add(n_bytes);
                if self.n_taken >= PIECE_BYTES {
                    self.untaken = None;
                }
            }
            Poll::Ready(_) => {}
        }
        written
    }

    fn waits(&mut self) {
        if self.untaken.is_none() {
            self.untaken = Some(self.taking.give());
            self.n_taken = 0;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Outgoing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Outgoing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The library flushes when it has written all that it has; TLS may have some of it still.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        match flushed {
            Poll::Pending => self.waits(),
            Poll::Ready(_) => self.untaken = None,
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    /// What an operating system would buffer.
    const BUFFER_BYTES: usize = 1_024;

    /// A connection whose buffer is full, and the other end of it.
    fn full() -> (Outgoing<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(BUFFER_BYTES);
        let mut outgoing = Outgoing::new(ours, Taking::default());
        assert_eq!(write(&mut outgoing), BUFFER_BYTES);
        assert!(outgoing.untaken.is_none(), "nothing waits");
        assert_eq!(write(&mut outgoing), 0);
        assert!(outgoing.untaken.is_some());
        (outgoing, theirs)
    }

    /// Writes as much as there is room for.
    fn write(outgoing: &mut Outgoing<DuplexStream>) -> usize {
        let mut context = Context::from_waker(Waker::noop());
        let bytes = [0; 2 * BUFFER_BYTES];
        match Pin::new(outgoing).poll_write(&mut context, &bytes) {
            Poll::Ready(written) => written.unwrap(),
            Poll::Pending => 0,
        }
    }

    #[tokio::test]
    async fn who_takes_less_than_a_piece_is_waited_for_since_it_took_no_more() {
        let (mut outgoing, mut theirs) = full();
        let mut n_taken = 0;
        while n_taken < PIECE_BYTES {
            assert!(outgoing.untaken.is_some(), "{n_taken}");
            theirs.read_exact(&mut [0; BUFFER_BYTES / 4]).await.unwrap();
            n_taken += write(&mut outgoing);
        }
        assert!(outgoing.untaken.is_none(), "a piece is gone");
        assert_eq!(write(&mut outgoing), 0);
        assert!(outgoing.untaken.is_some(), "and the next one waits");
    }

    #[tokio::test]
    async fn who_has_all_that_there_was_is_not_waited_for() {
        let (mut outgoing, mut theirs) = full();
        theirs.read_exact(&mut [0; 1]).await.unwrap();
        assert_eq!(write(&mut outgoing), 1);
        let mut context = Context::from_waker(Waker::noop());
        let flushed = Pin::new(&mut outgoing).poll_flush(&mut context);
        assert!(flushed.is_ready());
        assert!(outgoing.untaken.is_none());
    }
}
