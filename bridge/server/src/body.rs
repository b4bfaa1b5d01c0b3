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

/// Most bytes that are given away at once: of a file that many are in memory for one who reads it, and whoever does not come for
/// the next so many can be told from who does.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

/// These bytes, not copied.
pub(crate) fn bytes(bytes: &Bytes) -> Body {
    if bytes.len() <= PIECE_BYTES {
        return Body::from(bytes.clone());
    }
    Body::new(Chunks(VecDeque::from([bytes.clone()])))
}

/// One after the other, none copied.
pub(crate) fn chunks(chunks: &Arc<[Bytes]>) -> Body {
    let chunks = chunks.iter().filter(|chunk| !chunk.is_empty());
    Body::new(Chunks(chunks.cloned().collect()))
}

/// What HEAD gets of a body that is still being made: nothing, of which nobody may say how long the body will be
/// (RFC 9110 section 8.6).
pub(crate) fn of_unknown_length() -> Body {
    Body::new(OfUnknownLength)
}

struct OfUnknownLength;

impl http_body::Body for OfUnknownLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

struct Chunks(VecDeque<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(first) = self.0.front_mut() else {
            return Poll::Ready(None);
        };
        let piece = first.split_to(PIECE_BYTES.min(first.len()));
        if first.is_empty() {
            self.0.pop_front();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::*;

    /// The lengths of the pieces of a body, all of which are there.
    fn pieces(mut body: Body) -> Vec<usize> {
        let mut context = Context::from_waker(Waker::noop());
        let mut lengths = Vec::new();
        while !body.is_end_stream() {
            let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(&mut context) else {
                panic!("all of it is there");
            };
            let Some(frame) = frame else { break };
            lengths.push(frame.unwrap().into_data().unwrap().len());
        }
        lengths
    }

    #[test]
    fn a_body_is_given_away_in_pieces_and_says_how_long_it_is() {
        let of = |n_bytes: usize| Bytes::from(vec![7; n_bytes]);
        assert_eq!(pieces(bytes(&of(PIECE_BYTES))), [PIECE_BYTES]);
        let long = bytes(&of(2 * PIECE_BYTES + 1));
        assert_eq!(long.size_hint().exact(), Some(2 * PIECE_BYTES as u64 + 1));
        assert_eq!(pieces(long), [PIECE_BYTES, PIECE_BYTES, 1]);
        let parts: Arc<[Bytes]> = Arc::from([of(10), of(0), of(PIECE_BYTES + 2)]);
        assert_eq!(pieces(chunks(&parts)), [10, PIECE_BYTES, 2]);
        assert_eq!(pieces(chunks(&Arc::from([]))), [] as [usize; 0]);
    }
}
