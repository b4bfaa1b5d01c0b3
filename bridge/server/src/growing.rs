//! The body of a segment that is still being made: each part as it comes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use axum::body::Body;
use bridge_origin::client::Client;
use bridge_origin::event::SegmentKey;
use bridge_origin::response::{Body as Given, Response, Status};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::body::{self, PIECE_BYTES};
use crate::stream::{Reply, Stream};
use crate::unread;

/// What has come and was not taken, and what follows. It asks for more when all is taken: who does not take it keeps a part in
/// memory, and waits for nothing.
pub(crate) struct Growing {
    /// Not kept: when a stream is gone its media and files go too, whoever is still reading.
    stream: Weak<Stream>,
    client: Option<Client>,
    key: SegmentKey,
    ready: VecDeque<Bytes>,
    /// Bytes of the segment up to the end of `ready`.
    until: u64,
    next: Next,
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What follows.
enum Next {
    /// It has to be asked for.
    Unknown,
    /// It has been. `None`: the stream is gone.
    Waits(Later<Option<Response>>),
    /// The rest is in a file: it was read so slowly.
    Opens(Later<io::Result<Body>>),
    File(Body),
    Nothing,
}

impl Growing {
    /// With what has come, up to so many bytes of the segment.
    pub(crate) fn new(
        stream: &Arc<Stream>,
        client: Option<Client>,
        key: SegmentKey,
        (parts, until): (&Arc<[Bytes]>, u64),
    ) -> Self {
        Self {
            stream: Arc::downgrade(stream),
            client,
            key,
            ready: parts.iter().cloned().collect(),
            until,
            next: Next::Unknown,
        }
    }

    /// A piece of what has come.
    fn piece(&mut self) -> Option<Bytes> {
        while self.ready.front().is_some_and(Bytes::is_empty) {
            self.ready.pop_front();
        }
        let first = self.ready.front_mut()?;
        let piece = first.split_to(PIECE_BYTES.min(first.len()));
        if first.is_empty() {
            self.ready.pop_front();
        }
        Some(piece)
    }

    /// The file of what follows cannot be opened. Whoever reads is broken off, and cannot be told why.
    fn report(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        if let Some(stream) = self.stream.upgrade() {
            let _ = unread::report(&stream, &self.key, error);
        }
        kind.into()
    }

    /// Asks for what follows. `None`: the stream is gone.
    fn more(&self) -> Option<Reply> {
        let stream = self.stream.upgrade()?;
        Some(stream.more(&self.key, self.until, self.client))
    }

    fn take(&mut self, answer: Option<Response>) -> io::Result<()> {
        // A body that ends is taken for the segment, by caches too: one that is not whole is broken off.
        let answer = answer.filter(|answer| answer.status == Status::Ok);
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.next = match answer.body {
            Given::Growing { parts, until, .. } => {
                self.ready.extend(parts.iter().cloned());
                self.until = until;
                Next::Unknown
            }
            Given::Chunks(parts) => {
                self.ready.extend(parts.iter().cloned());
                Next::Nothing
            }
            Given::Bytes(bytes) => {
                self.ready.push_back(bytes);
                Next::Nothing
            }
            Given::Disk { key, range } => {
                let stream = self.stream.upgrade();
                let stream = stream.ok_or(io::ErrorKind::UnexpectedEof)?;
                let file = stream.folder().file(&key);
                Next::Opens(Box::pin(async move { body::file(&file, range).await }))
            }
            Given::Empty => Next::Nothing,
        };
        Ok(())
    }

    /// Goes on until there is a piece, or nothing more.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            if let Some(piece) = self.piece() {
                return Poll::Ready(Ok(Some(piece)));
            }
            match &mut self.next {
                Next::Nothing => return Poll::Ready(Ok(None)),
                Next::Unknown => match self.more() {
                    Some(Reply::Later(waiting)) => {
                        self.next = Next::Waits(Box::pin(waiting.answer()));
                    }
                    Some(Reply::Now(answer)) => self.take(Some(answer))?,
                    None => self.take(None)?,
                },
                Next::Waits(answer) => match answer.as_mut().poll(context) {
                    Poll::Ready(answer) => self.take(answer)?,
                    Poll::Pending => return Poll::Pending,
                },
                Next::Opens(opened) => match opened.as_mut().poll(context) {
                    Poll::Ready(Ok(body)) => self.next = Next::File(body),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(self.report(error))),
                    Poll::Pending => return Poll::Pending,
                },
                Next::File(body) => {
                    let frame = http_body::Body::poll_frame(Pin::new(body), context);
                    return frame.map(|frame| match frame {
                        Some(frame) => Ok(frame.map_err(io::Error::other)?.into_data().ok()),
                        None => Ok(None),
                    });
                }
            }
        }
    }
}

impl http_body::Body for Growing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.poll_piece(context);
        if let Poll::Ready(Err(_)) = piece {
            self.next = Next::Nothing;
        }
        piece.map(|piece| piece.transpose().map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && matches!(self.next, Next::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::disk::Disk;
    use crate::ending::Ending;
    use crate::sample::{PART_BYTES, SEGMENT_BYTES, Sample, key};

    /// What a body gives now. `None`: it waits.
    fn polled(body: &mut Body) -> Option<Option<Result<Bytes, axum::Error>>> {
        let mut context = Context::from_waker(Waker::noop());
        match http_body::Body::poll_frame(Pin::new(body), &mut context) {
            Poll::Pending => None,
            Poll::Ready(frame) => Some(frame.map(|frame| frame.map(|f| f.into_data().unwrap()))),
        }
    }

    fn given(body: &mut Body) -> Bytes {
        polled(body)
            .expect("it is there")
            .expect("it goes on")
            .unwrap()
    }

    #[tokio::test]
    async fn a_body_gives_each_part_when_it_comes_and_ends_with_its_segment() {
        let mut sample = Sample::new();
        let _ = sample.segment();
        sample.part();
        let response = sample.get("720p/k3x9/1.m4s").await;
        assert!(!response.headers().contains_key("content-length"));
        let mut body = response.into_body();
        assert_eq!(given(&mut body).len(), PART_BYTES as usize);
        for _ in 0..2 {
            assert!(polled(&mut body).is_none());
            sample.part();
            assert_eq!(given(&mut body).len(), PART_BYTES as usize);
        }
        assert!(polled(&mut body).is_none());
        assert_eq!(sample.stream.stats().n_blocked, 1);
        sample.finish();
        assert!(polled(&mut body).expect("it has ended").is_none());
        assert!(http_body::Body::is_end_stream(&body));
        assert_eq!(sample.stream.stats().n_blocked, 0);
    }

    /// The body of a segment of which one part is there, and is taken.
    async fn begun(sample: &mut Sample) -> Body {
        let _ = sample.segment();
        sample.part();
        let mut body = sample.get("720p/k3x9/1.m4s").await.into_body();
        let _ = given(&mut body);
        assert!(polled(&mut body).is_none());
        body
    }

    #[tokio::test]
    async fn a_body_of_what_will_never_be_whole_is_broken_off() {
        let mut sample = Sample::new();
        let mut body = begun(&mut sample).await;
        sample.stream.end();
        assert!(
            polled(&mut body)
                .expect("it is over")
                .expect("and did not end")
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_file_that_is_gone_when_its_turn_comes_is_a_lost_segment() {
        let mut sample = Sample::new();
        for _ in 0..12 {
            let orders = sample.segment();
            Disk::do_all(orders, &sample.stream).await;
        }
        let file = sample.stream.folder().file(&key(1));
        std::fs::remove_file(&file).unwrap();
        // It was read so slowly that the rest has left the memory meanwhile.
        let rest = u64::from(PART_BYTES)..u64::from(SEGMENT_BYTES);
        let growing = Growing {
            next: Next::Opens(Box::pin(async move { body::file(&file, rest).await })),
            ..Growing::new(&sample.stream, None, key(1), (&Arc::from([]), 0))
        };
        let read = axum::body::to_bytes(Body::new(growing), usize::MAX).await;
        assert!(read.is_err(), "it did not end");
        assert_eq!(sample.listed("dvr.m3u8").await[0], 2);
    }

    #[tokio::test]
    async fn who_stops_reading_waits_no_more() {
        let mut sample = Sample::new();
        let body = begun(&mut sample).await;
        assert_eq!(sample.stream.stats().n_blocked, 1);
        drop(body);
        assert_eq!(sample.stream.stats().n_blocked, 0);
    }

    #[tokio::test]
    async fn who_takes_his_time_keeps_no_stream_that_is_gone() {
        let mut sample = Sample::new();
        let _ = sample.segment();
        sample.part();
        let mut body = sample.get("720p/k3x9/1.m4s").await.into_body();
        let stream = Arc::downgrade(&sample.stream);
        drop(sample);
        assert_eq!(stream.strong_count(), 0);
        assert_eq!(given(&mut body).len(), PART_BYTES as usize);
        let rest = polled(&mut body).expect("nothing is waited for");
        assert!(rest.expect("it did not end").is_err());
    }

    #[tokio::test]
    async fn a_body_ends_with_what_makes_its_stream_whatever_became_of_that() {
        let mut sample = Sample::new();
        let _ = sample.segment();
        sample.part();
        let mut body = sample.get("720p/k3x9/1.m4s").await.into_body();
        let _ = given(&mut body);
        let maker = Ending(Arc::clone(&sample.stream));
        let making = tokio::spawn(async move {
            let _maker = maker;
            panic!("a stage is broken");
        });
        assert!(polled(&mut body).is_none());
        assert!(making.await.is_err());
        let rest = polled(&mut body).expect("it is over");
        assert!(rest.expect("it did not end").is_err());
    }
}
