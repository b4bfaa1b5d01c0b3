//! The state machine of one worker: dispatches inputs to their owners. Each file is one kind of input.

mod addresses;
mod closing;
mod commands;
mod datagrams;
mod demand;
mod layers;
mod links;
mod media;
mod room_status;
mod rooms;
mod subscribers;
mod timers;

use std::collections::VecDeque;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sfu_model::datagram::TransmitBatch;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::WorkerId;
use sfu_model::time::{Instant, NtpTime};

use crate::config::{Config, Limits, Seed};
use crate::deadlines::Deadlines;
use crate::event::Event;
use crate::link::LinkMessage;
use crate::route::room::Rooms;
use crate::session::engine::EngineEvent;
use crate::session::engine::factory::EngineFactory;
use crate::session::state::{Part, Session};
use crate::session::table::Sessions;
use crate::slab::SessionIndex;
use crate::stats::Stats;

/// The SFU of one worker. See the crate's documentation for its contract.
#[derive(Debug)]
pub struct Sfu {
    worker: WorkerId,
    limits: Limits,
    /// The wall clock at the start of ours.
    ntp_anchor: NtpTime,
    engines: EngineFactory,
    random: StdRng,
    /// The latest moment that any input told.
    now: Instant,
    sessions: Sessions,
    rooms: Rooms,
    deadlines: Deadlines,
    out: Outputs,
    stats: Stats,
    /// Numbers tracks and encodings of this worker.
    n_ids: u64,
    is_shutting_down: bool,
}

/// What waits to be polled.
#[derive(Debug, Default)]
struct Outputs {
    /// Datagrams that left an engine while an input was handled.
    datagrams: TransmitBatch,
    /// Sessions with something to seal or to say.
    dirty: VecDeque<SessionIndex>,
    links: VecDeque<(WorkerId, LinkMessage)>,
    events: VecDeque<Event>,
    /// What engines said, not yet acted upon.
    engine_events: VecDeque<(SessionIndex, EngineEvent)>,
    /// Reused by every drain.
    drained: Vec<EngineEvent>,
    /// Where a packet of reports is opened.
    opened: Vec<u8>,
}

/// When an engine that failed to say when it wants to be driven is driven again: without a moment after the present one
/// the worker would drive it for ever.
const ENGINE_RETRY: Duration = Duration::from_millis(100);

/// How long the engine of a connected subscriber may put off what it does by itself: reports that nobody gets, and counting
/// the time. Each time it is driven costs as much as a picture, and it asks for it every few hundred milliseconds.
const ENGINE_REST: Duration = Duration::from_secs(1);

impl Sfu {
    /// A worker without sessions.
    pub fn new(config: Config, seed: Seed, now: Instant) -> Self {
        Self {
            worker: config.worker,
            limits: config.limits,
            ntp_anchor: config.ntp_anchor,
            engines: EngineFactory::new(&config, seed),
            random: StdRng::from_seed(seed.0),
            now,
            sessions: Sessions::default(),
            rooms: Rooms::default(),
            deadlines: Deadlines::default(),
            out: Outputs::default(),
            stats: Stats::default(),
            n_ids: 0,
            is_shutting_down: false,
        }
    }

    /// Appends one session's burst to the batch. False when nothing is left to send.
    #[must_use]
    pub fn poll_transmit(&mut self, batch: &mut TransmitBatch) -> bool {
        loop {
            if !self.out.datagrams.is_empty() {
                batch.append(&mut self.out.datagrams);
                return true;
            }
            let Some(index) = self.out.dirty.pop_front() else {
                return false;
            };
            let n_before = batch.n_bytes();
            self.take_turn(index, batch);
            if batch.n_bytes() > n_before {
                return true;
            }
        }
    }

    /// Lets a session send what it has.
    fn take_turn(&mut self, index: SessionIndex, batch: &mut TransmitBatch) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        session.is_dirty = false;
        if std::mem::take(&mut session.engine_is_dirty) {
            self.drain(index, batch);
            self.handle_engine_events();
        }
        self.flush_subscriber(index, batch);
    }

    /// Takes a message for another worker.
    #[must_use]
    pub fn poll_link(&mut self) -> Option<(WorkerId, LinkMessage)> {
        self.out.links.pop_front()
    }

    /// Takes something that happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// When [`Self::handle_timeout`] must be called at the latest. Sessions that wait to be drained want
    /// [`Self::poll_transmit`] first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.n_rooms = self.rooms.len();
        for session in self.sessions.iter() {
            match session.part {
                Part::Publisher(_) => stats.n_publishers += 1,
                Part::Subscriber(_) => stats.n_subscribers += 1,
            }
        }
        stats
    }

    /// Drains a session's engine: datagrams into the batch, events into the queue of what is to be acted upon.
    fn drain(&mut self, index: SessionIndex, batch: &mut TransmitBatch) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let Session { engine, gate, .. } = session;
        let drained = engine.drain(self.now, gate.path().copied(), batch, &mut self.out.drained);
        let is_alive = engine.is_alive();
        if let Ok(timeout) = drained {
            let rests = session.engine_rests();
            session.engine_timeout = timeout.map(|at| {
                if rests {
                    at.max(self.now + ENGINE_REST)
                } else {
                    at
                }
            });
        } else {
            self.stats.drops.count(DropReason::EngineRefused);
            session.engine_timeout = Some(self.now + ENGINE_RETRY);
        }
        let events = self.out.drained.drain(..).map(|event| (index, event));
        self.out.engine_events.extend(events);
        if !is_alive {
            self.out
                .engine_events
                .push_back((index, EngineEvent::Failed));
        }
        self.schedule(index);
    }

    /// Drains a session into the queue that the next `poll_transmit` takes first, and acts on what its engine said.
    fn drain_now(&mut self, index: SessionIndex) {
        let mut datagrams = std::mem::take(&mut self.out.datagrams);
        self.drain(index, &mut datagrams);
        self.out.datagrams = datagrams;
        self.handle_engine_events();
    }

    fn mark_engine_dirty(&mut self, index: SessionIndex) {
        if let Some(session) = self.sessions.get_mut(index) {
            session.engine_is_dirty = true;
        }
        self.mark_dirty(index);
    }

    fn mark_dirty(&mut self, index: SessionIndex) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        if !session.is_dirty {
            session.is_dirty = true;
            self.out.dirty.push_back(index);
        }
    }

    fn say(&mut self, event: Event) {
        self.out.events.push_back(event);
    }

    /// Too many events wait: nothing may be let in that makes more. Counts the one that was not.
    fn is_unheard(&mut self) -> bool {
        let is_unheard = self.out.events.len() >= self.limits.events_max;
        self.stats.events_max_hits += u64::from(is_unheard);
        is_unheard
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn next_id(&mut self) -> u64 {
        self.n_ids += 1;
        // Ids are unique in the node: the worker's number stands above the count.
        (u64::from(self.worker.0) << 56) | self.n_ids
    }
}
