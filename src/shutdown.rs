//! How the process ends: asked once, it lets everybody finish; asked twice, it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long everything has to end in order, once a node has drained. Orchestrators allow 30 s; five are enough for a message
/// and its acknowledgement on any network.
pub(crate) const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How much of it open sessions have to be closed (DTLS close_notify). What is left is for HTTP requests.
pub(crate) const SESSIONS_CLOSE_WITHIN: Duration = Duration::from_secs(4);

/// How long at least those who come are told that the node goes away, and when to ask again (503, RFC 9110 section 15.6.4):
/// a port that is gone says neither.
pub(crate) const REFUSE_FOR: Duration = Duration::from_secs(1);

/// The exit status after a second signal, as shells report an interrupt.
pub(crate) const INTERRUPTED: i32 = 130;

/// Whether the end has begun. Everybody holds a copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drain(Arc<AtomicBool>);

impl Drain {
    /// From here on nothing new is taken.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The signals that ask the process to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on a signal no longer kills the process.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
