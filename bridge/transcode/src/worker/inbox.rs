//! The bounded queue into the thread of a slot.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use gstreamer as gst;
use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;
use sfu_net::clock::Clock;

use super::card_check::CardCheck;
use super::line::Reason;
use super::outlet::Outlet;
use crate::job::{RungIndex, RungSet, SlotId};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::plan::Plan;

/// What waits for a slot's thread, of each sort. Two seconds of pictures and of sound: it decides and hands on, and never
/// waits for a codec, so that more means that the machine is busy with something else. What comes then is given up.
const WAITING_MAX: usize = 128;

/// What a slot's thread is told.
#[derive(Debug)]
pub(super) enum Input {
    /// By the server.
    Frame(Frame),
    /// By the server.
    KeyframeAt(MediaTime),
    /// By the server.
    Rungs(RungSet),
    /// By its decoder, in which life of it: one that was replaced may still have something to say.
    Decoded(u32, gst::Sample),
    /// By its decoder, which is of no use any more.
    DecoderFailed(u32, Reason),
    /// By an encoder, likewise.
    EncoderFailed(RungIndex, u32, Reason),
}

/// The queue into a slot's thread.
#[derive(Clone, Debug)]
pub(super) struct Inbox {
    queue: SyncSender<Input>,
    n_frames: Arc<AtomicUsize>,
    n_samples: Arc<AtomicUsize>,
}

impl Inbox {
    pub(super) fn new() -> (Self, Receiver<Input>) {
        // Room for both sorts, and for as many words of command.
        let (queue, inputs) = sync_channel(4 * WAITING_MAX);
        let inbox = Self {
            queue,
            n_frames: Arc::default(),
            n_samples: Arc::default(),
        };
        (inbox, inputs)
    }

    const fn waiting(&self, input: &Input) -> Option<&Arc<AtomicUsize>> {
        match input {
            Input::Frame(_) => Some(&self.n_frames),
            Input::Decoded(..) => Some(&self.n_samples),
            Input::KeyframeAt(_)
            | Input::Rungs(_)
            | Input::DecoderFailed(..)
            | Input::EncoderFailed(..) => None,
        }
    }

    /// Whether one more frame of the publisher may be put in.
    pub(super) fn has_room(&self) -> bool {
        self.n_frames.load(Ordering::Relaxed) < WAITING_MAX
    }

    /// Puts something in, and never waits. False: it was given up.
    pub(super) fn put(&self, input: Input) -> bool {
        let n_waiting = self.waiting(&input).cloned();
        if let Some(n_waiting) = &n_waiting {
            if n_waiting.load(Ordering::Relaxed) >= WAITING_MAX {
                return false;
            }
            n_waiting.fetch_add(1, Ordering::Relaxed);
        }
        let is_put = self.queue.try_send(input).is_ok();
        if let (false, Some(n_waiting)) = (is_put, n_waiting) {
            n_waiting.fetch_sub(1, Ordering::Relaxed);
        }
        is_put
    }

    /// Something was taken out.
    pub(super) fn handle_taken(&self, input: &Input) {
        if let Some(n_waiting) = self.waiting(input) {
            n_waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What a slot's thread begins with.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) slot: SlotId,
    pub(super) inbox: Inbox,
    pub(super) inputs: Receiver<Input>,
    pub(super) outlet: Outlet,
    pub(super) clock: Clock,
    /// How its pictures go.
    pub(super) plan: Arc<Plan>,
    /// Whether what it shares of a card still works.
    pub(super) card_check: CardCheck,
    /// Gone when the slot was closed.
    pub(super) open: Weak<()>,
}

impl Start {
    /// The next input. `Err(true)`: there was none for so long; `Err(false)`: the slot was closed.
    pub(super) fn next(&self, within: Duration) -> Result<Input, bool> {
        if self.open.strong_count() == 0 {
            return Err(false);
        }
        let input = self.inputs.recv_timeout(within).map_err(|_| true)?;
        self.inbox.handle_taken(&input);
        Ok(input)
    }

    /// The next input that is there already.
    pub(super) fn waiting(&self) -> Option<Input> {
        let input = self.inputs.try_recv().ok()?;
        self.inbox.handle_taken(&input);
        Some(input)
    }

    /// Tells the server that something is wrong.
    pub(super) fn trouble(&self, trouble: Trouble) {
        self.outlet.tell(&FromWorker::Trouble(self.slot, trouble));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::some_frame::frame;

    #[test]
    fn frames_that_wait_for_a_slot_have_an_edge_and_commands_have_room_beyond_it() {
        let (inbox, inputs) = Inbox::new();
        for _ in 0..WAITING_MAX {
            assert!(inbox.has_room());
            assert!(inbox.put(Input::Frame(frame(0))));
        }
        assert!(!inbox.has_room());
        assert!(!inbox.put(Input::Frame(frame(0))));
        assert!(inbox.put(Input::KeyframeAt(MediaTime(0))));
        inbox.handle_taken(&inputs.recv().unwrap());
        assert!(inbox.put(Input::Frame(frame(0))));
    }
}
