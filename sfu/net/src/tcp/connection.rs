//! One accepted connection: frames in, frames out, nothing blocks.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use sfu_model::time::Instant;

use super::framing::{FrameDecoder, FrameTooLong};
use super::queue::FrameQueue;

/// A reader that takes not one byte for this long while frames wait is gone. The session's consent (RFC 7675) would
/// expire after 30 s; its memory is given back sooner.
pub const STALL_MAX: Duration = Duration::from_secs(10);

/// Bytes of one read. Sixteen full datagrams: one system call holds a publisher's whole picture.
pub const READ_BYTES: usize = 32 * 1024;

/// What a read ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There may be more: come back before sleeping.
    More,
    /// Nothing more until the kernel says so.
    Drained,
    /// The other side closed or vanished: drop the connection.
    Closed,
    /// The other side announced a frame longer than any may be, after which nothing can be found: drop the connection.
    Broken,
}

/// One accepted connection.
#[derive(Debug)]
pub struct TcpConnection {
    stream: mio::net::TcpStream,
    remote: SocketAddr,
    local: SocketAddr,
    decoder: FrameDecoder,
    queue: FrameQueue,
    stalled_since: Option<Instant>,
}

impl TcpConnection {
    pub(super) fn new(stream: mio::net::TcpStream, remote: SocketAddr) -> io::Result<Self> {
        // Frames are media: waiting for more of them would be delay.
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self {
            stream,
            remote,
            local,
            decoder: FrameDecoder::default(),
            queue: FrameQueue::default(),
            stalled_since: None,
        })
    }

    /// Who opened it.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Our address it was opened to.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Reads once, into `scratch`, and gives every complete frame.
    pub fn receive(&mut self, scratch: &mut [u8], on_frame: impl FnMut(&[u8])) -> Readiness {
        let n_bytes = match self.stream.read(scratch) {
            Ok(0) => return Readiness::Closed,
            Ok(n_bytes) => n_bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Readiness::Drained,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Readiness::More,
            Err(_) => return Readiness::Closed,
        };
        let bytes = scratch.get(..n_bytes).unwrap_or_default();
        match self.decoder.decode(bytes, on_frame) {
            Ok(()) => Readiness::More,
            Err(FrameTooLong { .. }) => Readiness::Broken,
        }
    }

    /// Queues one frame for [`flush`](Self::flush). False: the reader is too slow, and the frame is dropped.
    #[must_use]
    pub fn queue(&mut self, payload: &[u8]) -> bool {
        self.queue.push(payload)
    }

    /// Writes what the kernel takes. An error means that the connection is gone.
    pub fn flush(&mut self, now: Instant) -> io::Result<()> {
        while !self.queue.waiting().is_empty() {
            match self.stream.write(self.queue.waiting()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n_bytes) => {
                    self.queue.advance(n_bytes);
                    self.stalled_since = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stalled_since.get_or_insert(now);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// True when everything that was queued is with the kernel.
    pub fn is_flushed(&self) -> bool {
        self.queue.waiting().is_empty()
    }

    /// Says that nothing more comes from us. What was written still arrives.
    pub fn finish(&self) -> io::Result<()> {
        self.stream.shutdown(std::net::Shutdown::Write)
    }

    /// True when frames have waited for [`STALL_MAX`] without one byte being taken.
    pub fn is_stuck(&self, now: Instant) -> bool {
        self.stalled_since
            .is_some_and(|since| now - since >= STALL_MAX)
    }
}

impl Source for TcpConnection {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.stream.register(registry, token, what)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.stream.reregister(registry, token, what)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.stream.deregister(registry)
    }
}
