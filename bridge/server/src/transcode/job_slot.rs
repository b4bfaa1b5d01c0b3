//! A slot of the transcoder as a stream has it: from being asked for to being over, and again.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bridge_transcode::job::Job;
use bridge_transcode::pool::action::Event;
use bridge_transcode::pool::capacity::Refusal;
use bridge_transcode::supervisor::Supervisor;
use bridge_transcode::supervisor::event::SlotEvent;
use bridge_transcode::supervisor::slot::Slot;
use sfu_model::frame::Frame;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tracing::{debug, info, warn};

/// A slot that was refused, or is over, is asked for again after so long: a node that is full is so for longer, and a codec
/// that does not open will not in a moment.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Frames that are kept while the slot opens, which takes a message to the supervisor and back. A supervisor that takes
/// longer than a second of sound is behind: the oldest are given up.
const WAITING_MAX: usize = 50;

type Opening = Pin<Box<dyn Future<Output = Result<Slot, Refusal>> + Send>>;

/// One job of a stream.
#[derive(Debug)]
pub(crate) struct JobSlot {
    what: &'static str,
    supervisor: Supervisor,
    clock: Clock,
    state: State,
    waiting: Vec<Frame>,
    hindrance: Option<Hindrance>,
}

/// Why nothing comes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// The node has no room for it.
    Full,
    /// It would be too much for the node at any time.
    TooLarge,
    /// It was begun, and ended by a failure.
    Failed,
}

enum State {
    Closed { again_at: Instant },
    Opening(Opening),
    Open(Slot),
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { again_at } => write!(f, "Closed({again_at:?})"),
            Self::Opening(_) => f.write_str("Opening"),
            Self::Open(slot) => write!(f, "Open({:?})", slot.id()),
        }
    }
}

impl JobSlot {
    /// Nothing is asked for. `what` is its name in the log.
    pub(crate) fn new(what: &'static str, supervisor: Supervisor, clock: Clock) -> Self {
        Self {
            what,
            supervisor,
            clock,
            state: State::Closed {
                again_at: Instant::START,
            },
            waiting: Vec::new(),
            hindrance: None,
        }
    }

    /// Why nothing comes of it, from when that is known until something does, or it is closed.
    pub(crate) const fn hindrance(&self) -> Option<Hindrance> {
        self.hindrance
    }

    /// Whether a job may be asked for.
    pub(crate) fn is_free(&self, now: Instant) -> bool {
        matches!(self.state, State::Closed { again_at } if again_at <= now)
    }

    /// Whether there is a job, done or about to be.
    pub(crate) const fn has_job(&self) -> bool {
        matches!(self.state, State::Opening(_) | State::Open(_))
    }

    /// Asks for a job, in place of the one there is.
    pub(crate) fn open(&mut self, job: Job) {
        let supervisor = self.supervisor.clone();
        self.waiting.clear();
        self.state = State::Opening(Box::pin(async move { supervisor.open(job).await }));
    }

    /// Ends the job.
    pub(crate) fn close(&mut self) {
        self.hindrance = None;
        if self.has_job() {
            self.state = State::Closed {
                again_at: Instant::START,
            };
            self.waiting.clear();
        }
    }

    /// The slot, once it is open.
    pub(crate) const fn slot(&self) -> Option<&Slot> {
        match &self.state {
            State::Open(slot) => Some(slot),
            State::Closed { .. } | State::Opening(_) => None,
        }
    }

    /// Gives it a frame. What does not find room is given up and counted.
    pub(crate) fn send(&mut self, frame: Frame) {
        match &mut self.state {
            State::Open(slot) => drop(slot.send(frame)),
            State::Opening(_) => {
                if self.waiting.len() >= WAITING_MAX {
                    self.waiting.remove(0);
                    self.supervisor.give_up_frame();
                }
                self.waiting.push(frame);
            }
            State::Closed { .. } => {}
        }
    }

    /// What comes of the job next; for ever nothing without one. Nothing is lost when it is not waited for any more.
    pub(crate) async fn next(&mut self) -> SlotEvent {
        loop {
            match &mut self.state {
                State::Closed { .. } => std::future::pending::<()>().await,
                State::Opening(opening) => match opening.await {
                    Ok(slot) => self.begin(slot),
                    Err(refusal) => {
                        warn!(what = self.what, %refusal, "the transcoder takes no job");
                        self.hindrance = Some(match refusal {
                            Refusal::TooLarge | Refusal::Rungs => Hindrance::TooLarge,
                            Refusal::QueueFull => Hindrance::Full,
                            Refusal::Stopped => Hindrance::Failed,
                        });
                        self.give_up();
                    }
                },
                State::Open(slot) => match slot.next().await {
                    Some(event) => {
                        self.report(&event);
                        return event;
                    }
                    None => self.give_up(),
                },
            }
        }
    }

    fn begin(&mut self, mut slot: Slot) {
        for frame in self.waiting.drain(..) {
            slot.send(frame);
        }
        self.state = State::Open(slot);
    }

    fn give_up(&mut self) {
        self.waiting.clear();
        self.state = State::Closed {
            again_at: self.clock.now() + AGAIN_AFTER,
        };
    }

    fn report(&mut self, event: &SlotEvent) {
        let what = self.what;
        match event {
            SlotEvent::State(Event::Queued) => self.hindrance = Some(Hindrance::Full),
            SlotEvent::State(Event::Failed(_)) => self.hindrance = Some(Hindrance::Failed),
            SlotEvent::State(Event::Running(_)) | SlotEvent::Frame(..) => self.hindrance = None,
            SlotEvent::State(Event::KeyframeWanted | Event::Trouble(_) | Event::Restarting) => {}
        }
        match event {
            SlotEvent::State(Event::Queued) => warn!(what, "waits for room to be transcoded"),
            SlotEvent::State(Event::Running(by)) => info!(what, %by, "is transcoded"),
            SlotEvent::State(Event::Restarting) => warn!(what, "its transcode worker ended"),
            SlotEvent::State(Event::Failed(why)) => warn!(what, %why, "is not transcoded"),
            SlotEvent::State(Event::Trouble(trouble)) => {
                debug!(what, trouble = trouble.label(), "goes on with trouble");
            }
            SlotEvent::State(Event::KeyframeWanted) | SlotEvent::Frame(..) => {}
        }
    }
}
