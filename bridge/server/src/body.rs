//! Bodies: bytes that many answers share, and files.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt as _, ReadBuf, SeekFrom};

/// Most bytes of a file that are in memory for one who reads it.
const PIECE_BYTES: usize = 64 * 1024;

/// One after the other, none copied.
pub(crate) fn chunks(chunks: &Arc<[Bytes]>) -> Body {
    Body::new(Chunks(chunks.iter().cloned().collect()))
}

struct Chunks(VecDeque<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|chunk| chunk.len() as u64).sum())
    }
}

/// These bytes of a file.
pub(crate) async fn file(path: &Path, range: Range<u64>) -> io::Result<Body> {
    let mut file = File::open(path).await?;
    let has = file.metadata().await?.len();
    if has < range.end {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    file.seek(SeekFrom::Start(range.start)).await?;
    let left = range.end.saturating_sub(range.start);
    Ok(Body::new(Pieces { file, left }))
}

struct Pieces {
    file: File,
    left: u64,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let wanted = usize::try_from(self.left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        if wanted == 0 {
            return Poll::Ready(None);
        }
        let mut piece = BytesMut::zeroed(wanted);
        let mut buffer = ReadBuf::new(&mut piece);
        let read = Pin::new(&mut self.file).poll_read(context, &mut buffer);
        let n_bytes = buffer.filled().len();
        match read {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            // It was long enough when it was opened.
            Poll::Ready(Ok(())) if n_bytes == 0 => {
                Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
            }
            Poll::Ready(Ok(())) => {
                piece.truncate(n_bytes);
                self.left = self.left.saturating_sub(n_bytes as u64);
                Poll::Ready(Some(Ok(Frame::data(piece.freeze()))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
