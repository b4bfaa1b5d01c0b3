//! How a worker is woken: however many ring, it wakes once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::{Registry, Token, Waker};

/// The bell of one worker. Ringing it costs a system call only when nobody has rung since the worker last looked.
#[derive(Debug)]
pub(crate) struct Bell {
    waker: Waker,
    has_rung: AtomicBool,
}

impl Bell {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            waker: Waker::new(registry, token)?,
            has_rung: AtomicBool::new(false),
        })
    }

    /// Wakes the worker. Call it after what it should find is in its mailbox.
    pub(crate) fn ring(&self) {
        if !self.has_rung.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            // The worker still looks into its mailbox on every turn, only later.
            self.has_rung.store(false, Ordering::Release);
            tracing::warn!(%error, "a worker cannot be woken");
        }
    }

    /// The worker is about to look into its mailbox: what arrives from here on rings again.
    pub(crate) fn answer(&self) {
        self.has_rung.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Poll};

    use super::*;

    fn wakes(poll: &mut Poll) -> usize {
        let mut events = Events::with_capacity(4);
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        events.iter().count()
    }

    #[test]
    fn many_rings_wake_once_and_the_next_after_an_answer_wakes_again() {
        let mut poll = Poll::new().unwrap();
        let bell = Bell::new(poll.registry(), Token(0)).unwrap();
        bell.ring();
        bell.ring();
        assert_eq!(wakes(&mut poll), 1);
        bell.ring();
        assert_eq!(wakes(&mut poll), 0);
        bell.answer();
        bell.ring();
        assert_eq!(wakes(&mut poll), 1);
    }
}
