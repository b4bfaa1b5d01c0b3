//! What the rest of the node asks of a worker.

use std::sync::Arc;
use std::time::Duration;

use sfu_core::command::{Command, CommandResult};
use sfu_core::error::CommandError;
use sfu_core::link::LinkMessage;
use sfu_core::stats::{RoomStatus, SubscriberStatus};
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::keyframe::KeyframeRequest;
use tokio::sync::{mpsc, oneshot};

use crate::bell::Bell;
use crate::stats::WorkerStats;
use crate::tap_end::TapEnd;

/// Requests that wait for one worker. An offer costs it about a millisecond: a full queue is a quarter of a second of
/// work, and whoever comes then had better ask another node.
pub(crate) const REQUESTS_MAX: usize = 256;

/// One request.
#[derive(Debug)]
pub(crate) enum Request {
    /// For the core.
    Command {
        /// What.
        command: Command,
        /// Who waits for it.
        reply: oneshot::Sender<CommandResult>,
    },
    /// Said in the name of a worker that cannot say it any more.
    Link {
        /// The worker that failed.
        from: WorkerId,
        /// What it would say.
        message: LinkMessage,
    },
    /// The state of a room that has its origin here.
    Room {
        /// Which.
        room: RoomId,
        /// Who waits for it.
        reply: oneshot::Sender<Option<RoomStatus>>,
    },
    /// What players of this worker get.
    Players {
        /// Which.
        sessions: Vec<SessionId>,
        /// Who waits for it.
        reply: oneshot::Sender<Vec<(SessionId, SubscriberStatus)>>,
    },
    /// Send a room to somebody who has no transport. The queue ends with the room.
    Tap {
        /// Which. Its origin is here.
        room: RoomId,
        /// Where its packets go.
        end: TapEnd,
    },
    /// Somebody who taps a room needs a keyframe.
    KeyframeForTap {
        /// Which room.
        room: RoomId,
        /// Of which encoding.
        request: KeyframeRequest,
    },
    /// Look which taps are gone.
    SweepTaps,
    /// A snapshot of the counters.
    Stats {
        /// Who waits for it.
        reply: oneshot::Sender<WorkerStats>,
    },
    /// Close every session and end.
    Stop {
        /// End at the latest after this.
        within: Duration,
    },
    /// Fail, as a bug would make it.
    #[cfg(test)]
    Fail,
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The core refuses it, and says who must act.
    #[error(transparent)]
    Refused(#[from] CommandError),
    /// Operator: the worker has more work than it can do; try again later.
    #[error("the media plane is overloaded; try again later")]
    Overloaded,
    /// Operator: the media plane has stopped.
    #[error("the media plane has stopped")]
    Stopped,
}

/// The way to one worker.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    requests: mpsc::Sender<Request>,
    bell: Arc<Bell>,
}

impl Door {
    pub(crate) fn new(bell: Arc<Bell>) -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(REQUESTS_MAX);
        (Self { requests, bell }, inbox)
    }

    /// Asks at once, or says that there is no room.
    pub(crate) fn try_ask(&self, request: Request) -> Result<(), RequestError> {
        self.requests
            .try_send(request)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => RequestError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => RequestError::Stopped,
            })?;
        self.bell.ring();
        Ok(())
    }

    /// Asks, and waits for room: for what must not be lost.
    pub(crate) async fn ask(&self, request: Request) -> Result<(), RequestError> {
        self.requests
            .send(request)
            .await
            .map_err(|_| RequestError::Stopped)?;
        self.bell.ring();
        Ok(())
    }

    /// A way that does not keep the worker alive.
    pub(crate) fn weak(&self) -> WeakDoor {
        WeakDoor {
            requests: self.requests.downgrade(),
            bell: Arc::clone(&self.bell),
        }
    }
}

/// The way to one worker, for those who only speak as long as somebody else does.
#[derive(Clone, Debug)]
pub(crate) struct WeakDoor {
    requests: mpsc::WeakSender<Request>,
    bell: Arc<Bell>,
}

impl WeakDoor {
    /// Asks at once, what may be lost where there is no room.
    pub(crate) fn tell(&self, request: Request) {
        if let Some(requests) = self.requests.upgrade()
            && requests.try_send(request).is_ok()
        {
            self.bell.ring();
        }
    }

    /// Asks from a thread that may wait. The worker never waits for that thread, so it always makes room.
    pub(crate) fn blocking_ask(&self, request: Request) {
        if let Some(requests) = self.requests.upgrade()
            && requests.blocking_send(request).is_ok()
        {
            self.bell.ring();
        }
    }
}
