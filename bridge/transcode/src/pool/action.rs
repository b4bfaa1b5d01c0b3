//! What a pool wants done, and what it tells of its slots.

use crate::capabilities::Capabilities;
use crate::job::{Job, SlotId};
use crate::message::from_worker::Trouble;
use crate::message::to_worker::ToWorker;

/// One worker process over its life. Never given twice: what an ended process said last is told from the new one's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

/// What a worker carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Sound: one worker for all of it.
    Sound,
    /// Pictures: one stream each on a processor, several where a card does all of it.
    Pictures,
}

impl Lane {
    /// Each.
    pub const ALL: [Self; 2] = [Self::Sound, Self::Pictures];

    /// Its label: what metrics call a profile.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Pictures => "pictures",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Sound => 0,
            Self::Pictures => 1,
        }
    }

    /// The lane of a job.
    pub const fn of(job: &Job) -> Self {
        match job {
            Job::Sound(_) => Self::Sound,
            Job::Pictures(_) => Self::Pictures,
        }
    }
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a worker process; its end, and a start that fails, are told by [`super::Pool::handle_exit`].
    Start(WorkerId),
    /// Send it a message.
    Send(WorkerId, Box<ToWorker>),
    /// End it: nothing needs it. Its end need not be told.
    End(WorkerId),
    /// End it by force: it does not answer. Its end need not be told.
    Kill(WorkerId, Ending),
    /// Tell the owner of a slot.
    Tell(SlotId, Event),
    /// Say that this machine's cards are given up: it is as if a probe had found this.
    GaveCardsUp(Box<Capabilities>),
}

/// Why a worker is ended by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It said nothing for too long, or never became ready.
    Silent,
    /// It lives, and makes nothing of what it is given.
    Stuck,
    /// What it has of a card does not work any more: another may have better luck.
    CardLost,
}

/// What the owner of a slot should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node has no room: the slot begins when it has.
    Queued,
    /// A worker does the job, by these elements.
    Running(Box<str>),
    /// The publisher should send a keyframe: nothing can be decoded before one.
    KeyframeWanted,
    /// Something is wrong; the slot goes on.
    Trouble(Trouble),
    /// Its worker ended; it begins again in another.
    Restarting,
    /// The slot is over: why.
    Failed(Box<str>),
}
