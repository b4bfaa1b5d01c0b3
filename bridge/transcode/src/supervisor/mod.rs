//! Worker processes and what crosses to them, on a tokio runtime: it does what the [`crate::pool`] decides.
//!
//! One task owns the pool; each worker has a task that reads and writes its socket. Every queue between them is bounded and
//! nobody waits for a full one but a worker's reader, which makes the worker wait.

pub mod event;
mod outlet;
mod process;
mod request;
pub mod slot;
pub mod snapshot;
mod task;

use std::ffi::OsString;
use std::path::PathBuf;

use sfu_net::clock::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::capabilities::Capabilities;
use crate::job::Job;
use crate::pool::capacity::{Capacity, Refusal};

use request::Request;
use slot::Slot;
use snapshot::Snapshot;

/// What a supervisor needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The executable of workers, with arguments that make it one.
    pub program: PathBuf,
    /// Those arguments.
    pub arguments: Vec<OsString>,
    /// What this machine carries.
    pub capacity: Capacity,
}

/// Requests that wait for the supervisor's task: frames of publishers, nearly all. Half a second of two hundred streams; it
/// only hands on, so that more means that the machine is too busy, and frames are given up.
const REQUESTS_MAX: usize = 8_192;

/// A handle of the supervisor. When the last is gone, and all slots are, workers end.
#[derive(Clone, Debug)]
pub struct Supervisor {
    requests: mpsc::Sender<Request>,
}

impl Supervisor {
    /// Starts the supervisor on the runtime that this is called in.
    pub fn start(config: Config, clock: Clock) -> Self {
        let (requests, inbox) = mpsc::channel(REQUESTS_MAX);
        tokio::spawn(task::run(config, clock, inbox));
        Self { requests }
    }

    /// Opens a slot. It may have to wait for its turn; its events say so.
    ///
    /// # Errors
    ///
    /// The node cannot do the job, or too many wait.
    pub async fn open(&self, job: Job) -> Result<Slot, Refusal> {
        let (answer, opened) = oneshot::channel();
        let request = Request::Open(job, answer);
        self.requests
            .send(request)
            .await
            .map_err(|_| Refusal::Stopped)?;
        let (id, events) = opened.await.map_err(|_| Refusal::Stopped)??;
        Ok(Slot::new(id, self.requests.clone(), events))
    }

    /// What this machine can decode and encode, as a worker finds it. `None`: no worker could be asked, or it ended at it.
    pub async fn probe(&self) -> Option<Capabilities> {
        let (answer, probed) = oneshot::channel();
        self.requests.send(Request::Probe(answer)).await.ok()?;
        probed.await.ok()
    }

    /// How it stands.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        let (answer, told) = oneshot::channel();
        self.requests.send(Request::Snapshot(answer)).await.ok()?;
        told.await.ok()
    }
}
