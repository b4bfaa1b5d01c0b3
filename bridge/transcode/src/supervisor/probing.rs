//! Asking what this machine can do, in a process that does nothing else: a card's driver that crashes ends no stream.

use std::time::Duration;

use sfu_model::time::Instant;
use tokio::sync::{mpsc, oneshot};

use super::Config;
use super::process::{Process, Told};
use crate::capabilities::Capabilities;
use crate::message::from_worker::FromWorker;
use crate::message::to_worker::ToWorker;
use crate::place::{Cards, Place};
use crate::pool::action::WorkerId;

/// A process that has not answered after this long will not: as long as a worker may take to start. One that tries a card needs
/// a few seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Between two processes that did not even say what a processor can do: the executable is broken, or the machine is.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Where the asking stands.
#[derive(Debug)]
enum Step {
    /// A process was asked.
    Asked {
        _process: Process,
        /// Those that it may touch.
        cards: Cards,
        /// The one that it touches.
        touches: Option<Place>,
        until: Instant,
    },
    /// It is asked again then.
    Waiting { until: Instant },
    /// It is known.
    Known(Box<Capabilities>),
}

/// One question, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Probing {
    told: mpsc::Sender<(WorkerId, Told)>,
    step: Step,
    n_asked: u32,
    askers: Vec<oneshot::Sender<Capabilities>>,
}

impl Probing {
    /// Begins with a process that tries all there is.
    pub(super) fn begin(
        config: &Config,
        told: mpsc::Sender<(WorkerId, Told)>,
        now: Instant,
    ) -> Self {
        let mut probing = Self {
            told,
            step: Step::Waiting { until: now },
            n_asked: 0,
            askers: Vec::new(),
        };
        probing.ask(config, Cards::ALL, now);
        probing
    }

    /// Somebody wants to know.
    pub(super) fn handle_asker(&mut self, asker: oneshot::Sender<Capabilities>) {
        match &self.step {
            // Whoever asked may be gone.
            Step::Known(found) => drop(asker.send((**found).clone())),
            Step::Asked { .. } | Step::Waiting { .. } => self.askers.push(asker),
        }
    }

    /// Names from the far end of all that there are: no worker of the pool has them.
    const fn id(&self) -> WorkerId {
        WorkerId(u32::MAX.wrapping_sub(self.n_asked))
    }

    fn ask(&mut self, config: &Config, cards: Cards, now: Instant) {
        self.n_asked = self.n_asked.wrapping_add(1);
        let process = Process::start(config, self.id(), self.told.clone());
        let question = ToWorker::Probe(cards).encode();
        let asked = process.ok().zip(question);
        let asked = asked.and_then(|(process, question)| process.send(question).then_some(process));
        match asked {
            Some(process) => {
                self.step = Step::Asked {
                    _process: process,
                    cards,
                    touches: None,
                    until: now + ANSWERS_WITHIN,
                };
            }
            None => self.handle_failure(config, (cards, None), now),
        }
    }

    /// What a process of its says, or its end. `None`: it is none of its, or goes on.
    pub(super) fn handle_told(
        &mut self,
        config: &Config,
        from: WorkerId,
        told: &Told,
        now: Instant,
    ) -> Option<Capabilities> {
        let is_its = from == self.id();
        let Step::Asked { cards, touches, .. } = &mut self.step else {
            return None;
        };
        if !is_its {
            return None;
        }
        match told {
            Told::Message(message) => match &**message {
                FromWorker::Probed(found) => {
                    self.know(found.clone());
                    Some(found.clone())
                }
                FromWorker::Touches(place) => {
                    *touches = Some(*place);
                    None
                }
                FromWorker::Ready
                | FromWorker::Opened(..)
                | FromWorker::Frame(..)
                | FromWorker::Trouble(..)
                | FromWorker::Failed(..)
                | FromWorker::CardLost(_)
                | FromWorker::Alive(_) => None,
            },
            Told::Malformed | Told::Exit => {
                let asked = (*cards, *touches);
                self.handle_failure(config, asked, now);
                None
            }
        }
    }

    /// Whether a process has its name: the pool knows nothing of it.
    pub(super) const fn owns(&self, id: WorkerId) -> bool {
        u32::MAX.wrapping_sub(id.0) <= self.n_asked
    }

    /// It is known, or was and is otherwise now. The process goes with its step.
    pub(super) fn know(&mut self, found: Capabilities) {
        for asker in self.askers.drain(..) {
            drop(asker.send(found.clone()));
        }
        self.step = Step::Known(Box::new(found));
    }

    /// Who touched a card goes on without that one, and who may have without any; who may not has nobody else to ask, and is told
    /// so.
    fn handle_failure(
        &mut self,
        config: &Config,
        (cards, touches): (Cards, Option<Place>),
        now: Instant,
    ) {
        if cards == Cards::NONE {
            tracing::error!("no process says what this machine can encode with");
            self.askers.clear();
            self.step = Step::Waiting {
                until: now + AGAIN_AFTER,
            };
            return;
        }
        let touched = touches.filter(|place| cards.has(*place));
        let card = touched.map_or("unknown", Place::label);
        tracing::error!(
            card,
            "the process that tried what this machine has ended or kept silent: the card is not used"
        );
        let others = touched.map_or(Cards::NONE, |place| cards.without(place));
        self.ask(config, others, now);
    }

    /// Gives a process up that does not answer, and asks again when it is time.
    pub(super) fn handle_timeout(&mut self, config: &Config, now: Instant) {
        match &self.step {
            Step::Asked {
                cards,
                touches,
                until,
                ..
            } if *until <= now => {
                let asked = (*cards, *touches);
                self.handle_failure(config, asked, now);
            }
            Step::Waiting { until } if *until <= now => self.ask(config, Cards::NONE, now),
            Step::Asked { .. } | Step::Waiting { .. } | Step::Known(_) => {}
        }
    }
}
