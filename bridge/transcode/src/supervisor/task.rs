//! The supervisor's task: it tells the pool what happens, and does what it says.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use super::Config;
use super::jobs::HeldSlots;
use super::probing::Probing;
use super::process::{Process, Told};
use super::request::Request;
use super::snapshot::{self, Failure};
use crate::gate::Passage;
use crate::job::SlotId;
use crate::message::from_worker::{Counts, FromWorker};
use crate::message::to_worker::ToWorker;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::pool::action::{Action, Ending, Lane, WorkerId};

/// What workers told and the task has not seen. When it is full their readers wait, and their sockets.
const TOLD_MAX: usize = 1_024;

/// How often it looks for slots that nobody holds any more, whose closing found no room.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Later than this, the task itself was kept from running, as by a machine that swaps: what workers said is still unread.
const LATE: Duration = Duration::from_millis(500);

struct Task {
    config: Config,
    clock: Clock,
    pool: Pool,
    processes: BTreeMap<WorkerId, (Process, Counts)>,
    slots: HeldSlots,
    probing: Probing,
    told: mpsc::Sender<(WorkerId, Told)>,
}

pub(super) async fn run(config: Config, clock: Clock, mut requests: mpsc::Receiver<Request>) {
    let (told, mut hears) = mpsc::channel(TOLD_MAX);
    let mut task = Task {
        pool: Pool::new(config.capacity, clock.now()),
        probing: Probing::begin(&config, told.clone(), clock.now()),
        config,
        clock,
        processes: BTreeMap::new(),
        slots: HeldSlots::default(),
        told,
    };
    let mut look_at = clock.now() + LOOK_EVERY;
    loop {
        task.act();
        let wake_at = task
            .pool
            .poll_timeout()
            .map_or(look_at, |at| at.min(look_at));
        let deadline = clock.anchor() + Duration::from_nanos(wake_at.as_nanos());
        let happened = async {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => {
                        task.handle_request(request);
                        Some(())
                    }
                    None => None,
                },
                Some((id, told)) = hears.recv() => {
                    task.handle_told(id, told);
                    Some(())
                }
            }
        };
        // Nobody holds the supervisor or a slot any more: workers end with their processes' handles.
        if let Ok(None) = timeout_at(deadline.into(), happened).await {
            return;
        }
        let now = clock.now();
        if now >= wake_at {
            if now - wake_at > LATE {
                task.pool.handle_absence(now);
            }
            task.pool.handle_timeout(now);
        }
        if now >= look_at {
            task.close_abandoned();
            task.probing.handle_timeout(&task.config, now);
            look_at = now + LOOK_EVERY;
        }
    }
}

impl Task {
    fn handle_request(&mut self, request: Request) {
        let now = self.clock.now();
        match request {
            Request::Open(job, answer) => {
                let lane = Lane::of(&job);
                let opened = self.pool.open(job, now);
                let opened = opened.map(|id| self.slots.open(id, lane, now));
                if opened.is_err() {
                    self.slots.snapshot.on_failure(lane, Failure::Refused);
                }
                // Whoever asked may be gone: then nobody reads the events, and the slot is closed.
                drop(answer.send(opened));
            }
            Request::Frame(id, frame) => self.forward(id, frame, now),
            Request::KeyframeAt(id, time) => self.pool.keyframe_at(id, time),
            Request::Rungs(id, wanted) => self.pool.want(id, wanted),
            Request::Close(id) => {
                self.slots.forget(id, now);
                self.pool.close(id, now);
            }
            Request::Probe(answer) => self.probing.handle_asker(answer),
            Request::Snapshot(answer) => {
                self.count_waiting();
                let _sent = answer.send(self.slots.snapshot);
                self.slots.snapshot.counts.lag_max_us = 0;
            }
        }
    }

    fn forward(&mut self, id: SlotId, frame: Frame, now: Instant) {
        let processes = &self.processes;
        let has_room = |worker| {
            let process = processes.get(&worker);
            process.is_some_and(|(process, _)| process.has_room())
        };
        let Some((worker, passage)) = self.pool.route(id, frame.is_keyframe, now, has_room) else {
            self.slots.snapshot.frames_in_dropped += 1;
            return;
        };
        let mut frame = frame;
        if passage == Passage::FollowsHole && frame.discontinuity.is_none() {
            frame.discontinuity = Some(Discontinuity::Lost);
        }
        let sent = ToWorker::Frame(id, frame).encode();
        let process = self.processes.get(&worker);
        let is_sent = sent
            .zip(process)
            .is_some_and(|(sent, (process, _))| process.send(sent));
        self.slots.snapshot.frames_in_dropped += u64::from(!is_sent);
    }

    fn handle_told(&mut self, id: WorkerId, told: Told) {
        let now = self.clock.now();
        if self.probing.owns(id) {
            let found = self.probing.handle_told(&self.config, id, &told, now);
            if let Some(found) = found {
                let capacity = match Plan::of(&found).route().is_on_card() {
                    true => self.config.capacity_on_card,
                    false => self.config.capacity,
                };
                self.pool.handle_found(found, capacity, now);
            }
            return;
        }
        match told {
            Told::Message(message) => match *message {
                FromWorker::Frame(slot, rung, frame) => {
                    if let Some(frame) = self.pool.handle_frame(id, slot, rung, frame) {
                        self.slots.deliver(slot, rung, frame);
                    }
                }
                FromWorker::Alive(counts) => {
                    if let Some((_, was)) = self.processes.get_mut(&id) {
                        snapshot::add(&mut self.slots.snapshot.counts, *was, counts);
                        *was = counts;
                    }
                    self.pool.handle_message(id, FromWorker::Alive(counts), now);
                }
                message @ (FromWorker::Ready
                | FromWorker::Probed(_)
                | FromWorker::Touches(_)
                | FromWorker::Opened(..)
                | FromWorker::Trouble(..)
                | FromWorker::CardLost(_)
                | FromWorker::Failed(..)) => self.pool.handle_message(id, message, now),
            },
            Told::Malformed => self.slots.snapshot.messages_malformed += 1,
            Told::Exit => {
                // One that was told to end, or was ended, is not there any more.
                if self.processes.remove(&id).is_some() {
                    self.slots.snapshot.worker_exits += 1;
                    tracing::warn!(worker = id.0, "a transcode worker ended");
                    self.pool.handle_exit(id, now);
                }
            }
        }
    }

    /// Does all that the pool wants done.
    fn act(&mut self) {
        while let Some(action) = self.pool.poll_action() {
            match action {
                Action::Start(id) => self.start(id),
                Action::Send(id, message) => self.send(id, &message),
                Action::End(id) => drop(self.processes.remove(&id)),
                Action::Kill(id, why) => {
                    match why {
                        Ending::Silent => self.slots.snapshot.workers_silent += 1,
                        Ending::Stuck => self.slots.snapshot.workers_stuck += 1,
                        Ending::CardLost => self.slots.snapshot.workers_card_lost += 1,
                    }
                    tracing::warn!(worker = id.0, ?why, "a transcode worker is ended");
                    self.kill(id);
                }
                Action::Tell(id, event) => self.slots.tell(id, event, self.clock.now()),
                Action::GaveCardsUp(found) => {
                    tracing::error!("the transcoder gives its card up until the next start");
                    self.slots.snapshot.cards_given_up += 1;
                    self.probing.know(*found);
                }
            }
        }
    }

    fn start(&mut self, id: WorkerId) {
        match Process::start(&self.config, id, self.told.clone()) {
            Ok(process) => {
                tracing::debug!(worker = id.0, "a transcode worker starts");
                self.processes.insert(id, (process, Counts::default()));
            }
            Err(error) => {
                tracing::error!(%error, "no transcode worker can be started");
                self.slots.snapshot.worker_exits += 1;
                self.pool.handle_exit(id, self.clock.now());
            }
        }
    }

    fn send(&mut self, id: WorkerId, message: &ToWorker) {
        let process = self.processes.get(&id);
        let is_sent = message
            .encode()
            .zip(process)
            .is_some_and(|(message, (process, _))| process.send(message));
        if !is_sent {
            self.slots.snapshot.workers_stuck += 1;
            self.kill(id);
            self.pool.handle_exit(id, self.clock.now());
        }
    }

    fn kill(&mut self, id: WorkerId) {
        if let Some((process, _)) = self.processes.remove(&id) {
            self.slots.snapshot.worker_exits += 1;
            process.kill();
        }
    }

    fn close_abandoned(&mut self) {
        let now = self.clock.now();
        for id in self.slots.abandoned() {
            self.slots.forget(id, now);
            self.pool.close(id, now);
        }
    }

    /// How many wait now.
    fn count_waiting(&mut self) {
        let snapshot = &mut self.slots.snapshot;
        snapshot.census = self.pool.census();
        for lane in Lane::ALL {
            if let Some(jobs) = snapshot.jobs_mut(lane) {
                jobs.queued = self.pool.n_queued(lane);
            }
        }
    }
}
