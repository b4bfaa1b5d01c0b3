//! The way out of a worker: the socket, and where that takes no more a queue, and a thread that writes it.
//!
//! Whoever has a message writes it if it can: to wake a thread for each frame of sound cost more than to write it.

use std::io::{self, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::socket::{MsgFlags, send};
use sfu_model::frame::Frame;

use crate::job::{RungIndex, SlotId};
use crate::message::from_worker::{Counts, FromWorker};

/// Messages that wait to be written. Two seconds of a GPU's sixteen streams in four sizes; when the server reads nothing for
/// that long, frames are given up up to the next keyframe.
const QUEUE_MAX: usize = 4_096;

/// Counters of the whole process, in the order of [`Counts`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) frames_in: AtomicU64,
    pub(super) frames_in_dropped: AtomicU64,
    pub(super) pictures_dropped: AtomicU64,
    pub(super) frames_out: AtomicU64,
    pub(super) frames_out_dropped: AtomicU64,
    pub(super) lag_max_us: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Frames that are sent together, so that the server wakes once for them.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    n_frames: u64,
}

impl Frames {
    /// Adds one. False: it cannot be told.
    pub(super) fn add(&mut self, slot: SlotId, rung: RungIndex, frame: Frame) -> bool {
        let Some(bytes) = FromWorker::Frame(slot, rung, frame).encode() else {
            return false;
        };
        self.bytes.extend(bytes);
        self.n_frames += 1;
        true
    }
}

/// A handle of the way out; all are the same.
#[derive(Clone, Debug)]
pub(super) struct Outlet {
    queue: SyncSender<Vec<u8>>,
    /// Messages that are in the queue, or that its thread is writing.
    n_queued: Arc<AtomicU64>,
    /// Locked by whoever has something to say: what they write does not mix.
    socket: Arc<Mutex<UnixStream>>,
    pub(super) tally: Arc<Tally>,
}

impl Outlet {
    /// Starts the thread that writes what is left.
    pub(super) fn start(mut socket: UnixStream) -> io::Result<Self> {
        let (queue, messages) = sync_channel::<Vec<u8>>(QUEUE_MAX);
        let n_queued = Arc::<AtomicU64>::default();
        let direct = Arc::new(Mutex::new(socket.try_clone()?));
        let written = Arc::clone(&n_queued);
        let thread = std::thread::Builder::new().name("outlet".into());
        thread.spawn(move || {
            // A socket that does not take a message has no reader any more: the process is about to end.
            messages.into_iter().try_for_each(|message| {
                let result = socket.write_all(&message);
                written.fetch_sub(1, Ordering::Release);
                result
            })
        })?;
        Ok(Self {
            queue,
            n_queued,
            socket: direct,
            tally: Arc::default(),
        })
    }

    /// Sends a message if there is room. False: there is none.
    pub(super) fn tell(&self, message: &FromWorker) -> bool {
        message.encode().is_some_and(|bytes| self.put(bytes))
    }

    /// Sends frames together, which takes the room of one message. False: there is none, and all are given up.
    pub(super) fn send(&self, frames: &mut Frames) -> bool {
        let Frames { bytes, n_frames } = std::mem::take(frames);
        if n_frames == 0 {
            return true;
        }
        let is_sent = self.put(bytes);
        let counter = match is_sent {
            true => &self.tally.frames_out,
            false => &self.tally.frames_out_dropped,
        };
        counter.fetch_add(n_frames, Ordering::Relaxed);
        is_sent
    }

    fn put(&self, mut bytes: Vec<u8>) -> bool {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        // What is in the queue goes first.
        if self.n_queued.load(Ordering::Acquire) == 0 {
            let n_sent = send_now(&socket, &bytes);
            if n_sent == bytes.len() {
                return true;
            }
            bytes.drain(..n_sent);
        }
        self.n_queued.fetch_add(1, Ordering::Relaxed);
        let is_full = matches!(self.queue.try_send(bytes), Err(TrySendError::Full(_)));
        if is_full {
            self.n_queued.fetch_sub(1, Ordering::Relaxed);
        }
        !is_full
    }

    /// What was counted. The longest lag begins anew.
    pub(super) fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            frames_in: load(&self.tally.frames_in),
            frames_in_dropped: load(&self.tally.frames_in_dropped),
            pictures_dropped: load(&self.tally.pictures_dropped),
            frames_out: load(&self.tally.frames_out),
            frames_out_dropped: load(&self.tally.frames_out_dropped),
            lag_max_us: self.tally.lag_max_us.swap(0, Ordering::Relaxed),
        }
    }
}

/// How many bytes a socket takes without waiting. None where it is broken: whoever waits for it finds out.
fn send_now(socket: &UnixStream, bytes: &[u8]) -> usize {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    send(socket.as_raw_fd(), bytes, flags).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::some_frame::frame;

    #[test]
    fn a_server_that_reads_nothing_has_an_edge_in_messages() {
        let (ours, _unread) = UnixStream::pair().unwrap();
        let outlet = Outlet::start(ours).unwrap();
        let message = FromWorker::Frame(SlotId(0), RungIndex(0), frame(0));
        // The socket takes some of them, whoever reads.
        let n_told = (0..8 * QUEUE_MAX).take_while(|_| outlet.tell(&message));
        let n_told = n_told.count();
        assert!((QUEUE_MAX..8 * QUEUE_MAX).contains(&n_told), "{n_told}");

        let mut frames = Frames::default();
        assert!(outlet.send(&mut frames), "none is no message");
        for time in 0..3 {
            assert!(frames.add(SlotId(0), RungIndex(0), frame(time)));
        }
        assert!(!outlet.send(&mut frames));
        assert_eq!(outlet.counts().frames_out_dropped, 3);
        assert!(outlet.send(&mut frames), "they are given up");
    }

    #[test]
    fn what_a_socket_takes_in_pieces_is_read_whole_and_in_order() {
        use std::io::Read as _;

        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let outlet = Outlet::start(ours).unwrap();
        // More than any socket's buffer, so that some is written at once, some in part, and some by the thread.
        let all: Vec<u8> = (0..4_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let told = all.clone();
        let teller = std::thread::spawn(move || {
            for piece in told.chunks(10_007) {
                while !outlet.put(piece.to_vec()) {
                    std::thread::yield_now();
                }
            }
        });
        let mut read = vec![0; all.len()];
        theirs.read_exact(&mut read).unwrap();
        teller.join().unwrap();
        assert!(read == all);
    }

    #[test]
    fn frames_that_are_sent_together_are_read_one_by_one() {
        use std::io::Read;

        use crate::message::wire::{LENGTH_BYTES, message_length};

        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let outlet = Outlet::start(ours).unwrap();
        let mut frames = Frames::default();
        for time in 0..3 {
            assert!(frames.add(SlotId(7), RungIndex(0), frame(time)));
        }
        assert!(outlet.send(&mut frames));
        for time in 0..3 {
            let mut length = [0; LENGTH_BYTES];
            theirs.read_exact(&mut length).unwrap();
            let mut body = vec![0; message_length(length).unwrap()];
            theirs.read_exact(&mut body).unwrap();
            let message = FromWorker::decode(&body).unwrap();
            assert_eq!(
                message,
                FromWorker::Frame(SlotId(7), RungIndex(0), frame(time))
            );
        }
        assert_eq!(outlet.counts().frames_out, 3);
    }
}
