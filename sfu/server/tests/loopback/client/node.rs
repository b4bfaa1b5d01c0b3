//! The media plane under test.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::event::Event;
use sfu_core::stats::Stats;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::{RoomId, SessionId};
use sfu_server::{Config, RequestError, Sfu, WorkerStats};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

use super::Part;

/// A node, with what it has said.
pub(crate) struct Node {
    pub(crate) sfu: Sfu,
    pub(crate) events: Vec<Event>,
    receiver: Receiver<Event>,
    runtime: Runtime,
}

impl Node {
    pub(crate) fn start(listen: &[&str], n_workers: usize) -> Self {
        let listen = listen.iter().map(|text| text.parse().unwrap()).collect();
        let config = Config {
            listen,
            advertise: Vec::new(),
            n_workers,
        };
        let (sfu, receiver) = Sfu::start(&config).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            sfu,
            events: Vec::new(),
            receiver,
            runtime,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.sfu.listens_on()[0]
    }

    /// Opens a session and gives the answer.
    pub(crate) fn open(
        &self,
        session: SessionId,
        room: &str,
        part: &Part,
        offer: String,
    ) -> Result<String, RequestError> {
        let room = RoomId::parse(room).unwrap();
        self.runtime.block_on(async {
            match part {
                Part::Publisher { .. } => self.sfu.publish(session, room, offer, false).await,
                Part::Player { .. } => self.sfu.play(session, room, offer).await,
            }
        })
    }

    /// Takes what it has said since.
    pub(crate) fn listen(&mut self) {
        while let Ok(event) = self.receiver.try_recv() {
            self.events.push(event);
        }
    }

    pub(crate) fn is_live(&self, room: &str) -> bool {
        self.sfu
            .rooms()
            .iter()
            .any(|summary| summary.room.as_str() == room && summary.is_live)
    }

    pub(crate) fn stats(&self) -> Vec<WorkerStats> {
        self.runtime.block_on(self.sfu.stats())
    }

    /// A counter of the cores, over all workers.
    pub(crate) fn sum(&self, of: impl Fn(&Stats) -> u64) -> u64 {
        self.stats().iter().map(|worker| of(&worker.core)).sum()
    }

    pub(crate) fn drops(&self, reason: DropReason) -> u64 {
        self.sum(|core| core.drops.get(reason))
    }

    pub(crate) fn shutdown(&self, within: Duration) {
        self.runtime.block_on(self.sfu.shutdown(within));
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}
