//! The way out of a worker: a queue, and a thread that writes it to the socket.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

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

/// A handle of the queue; all are the same queue.
#[derive(Clone, Debug)]
pub(super) struct Outlet {
    queue: SyncSender<Vec<u8>>,
    pub(super) tally: Arc<Tally>,
}

impl Outlet {
    /// Starts the thread that writes.
    pub(super) fn start(mut socket: UnixStream) -> io::Result<Self> {
        let (queue, messages) = sync_channel::<Vec<u8>>(QUEUE_MAX);
        let thread = std::thread::Builder::new().name("outlet".into());
        thread.spawn(move || {
            // A socket that does not take a message has no reader any more: the process is about to end.
            messages
                .into_iter()
                .try_for_each(|message| socket.write_all(&message))
        })?;
        Ok(Self {
            queue,
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

    fn put(&self, bytes: Vec<u8>) -> bool {
        !matches!(self.queue.try_send(bytes), Err(TrySendError::Full(_)))
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
