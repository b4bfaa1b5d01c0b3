//! The async handle that the HTTP side and the binary hold.

mod figures;
mod layers;
mod taps;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sfu_core::command::{CloseReason, Command, IceCredentials, Play, Publish, Reply};
use sfu_core::error::CommandError;
use sfu_core::event::Event;
use sfu_core::stats::RoomStatus;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_net::clock::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::config::Config;
use crate::placement::RoomSummary;
use crate::request::{Door, Request, RequestError};
use crate::shared::Shared;
use crate::threads::{StartError, Started, start};

/// How long sessions have to say goodbye when the last handle is dropped without [`Sfu::shutdown`].
const ABANDONED_WITHIN: Duration = Duration::from_secs(1);

/// The media plane of this node. Clones are the same one; with the last of them it ends.
#[derive(Clone, Debug)]
pub struct Sfu {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    doors: Vec<Door>,
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    listens_on: Vec<SocketAddr>,
    clock: Clock,
}

/// What a client needs to go on after an ICE restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restarted {
    /// What it must use from here on.
    pub local: IceCredentials,
    /// `candidate:...` values, without `a=`.
    pub candidates: Vec<String>,
}

impl Sfu {
    /// Listens and starts the workers. The receiver gets every event of every session; it must be read, or dropped.
    pub fn start(config: &Config) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let Started {
            doors,
            shared,
            threads,
            events,
            listens_on,
            clock,
        } = start(config)?;
        let inner = Inner {
            doors,
            shared,
            threads: Mutex::new(threads),
            listens_on,
            clock,
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            events,
        ))
    }

    /// The addresses that are listened on, with the port that port 0 became.
    pub fn listens_on(&self) -> &[SocketAddr] {
        &self.inner.listens_on
    }

    /// Opens a publishing session. Gives the SDP answer. With `takeover` it replaces the room's publisher once it can
    /// be decoded; without, a room that has one is refused.
    pub async fn publish(
        &self,
        session: SessionId,
        room: RoomId,
        offer: String,
        takeover: bool,
    ) -> Result<String, RequestError> {
        let worker = self
            .inner
            .shared
            .placement()
            .seat_publisher(session, &room)?;
        let command = Command::Publish(Publish {
            session,
            room,
            offer,
            takeover,
        });
        self.open(session, worker, command).await
    }

    /// Opens a playing session. Gives the SDP answer.
    pub async fn play(
        &self,
        session: SessionId,
        room: RoomId,
        offer: String,
    ) -> Result<String, RequestError> {
        let seat = self
            .inner
            .shared
            .placement()
            .seat_subscriber(session, &room)?;
        let command = Command::Play(Play {
            session,
            room,
            origin: seat.origin,
            codecs: seat.codecs,
            offer,
        });
        self.open(session, seat.worker, command).await
    }

    /// Restarts ICE of a session. The path in use carries media until a new one is validated.
    pub async fn restart_ice(
        &self,
        session: SessionId,
        remote: IceCredentials,
    ) -> Result<Restarted, RequestError> {
        let worker = self.worker_of(session)?;
        let command = Command::RestartIce { session, remote };
        let Reply::Restarted { local, candidates } = self.execute(worker, command).await? else {
            return Err(CommandError::Internal.into());
        };
        Ok(Restarted { local, candidates })
    }

    /// Closes a session; one that is gone already is no error.
    pub async fn close(&self, session: SessionId, reason: CloseReason) {
        if let Ok(worker) = self.worker_of(session) {
            self.must_execute(worker, Command::Close { session, reason })
                .await;
        }
    }

    /// Closes every session of a room.
    pub async fn end_room(&self, room: RoomId) {
        let origin = self
            .inner
            .shared
            .placement()
            .room(&room)
            .map(|(origin, _)| origin);
        if let Some(origin) = origin {
            self.must_execute(origin, Command::EndRoom { room }).await;
        }
    }

    /// Every room with a session, in no order.
    pub fn rooms(&self) -> Vec<RoomSummary> {
        self.inner.shared.placement().rooms()
    }

    /// A room in detail, with its viewers on all workers.
    pub async fn room(&self, room: &RoomId) -> Option<RoomStatus> {
        let (origin, n_viewers) = self.inner.shared.placement().room(room)?;
        let (reply, answer) = oneshot::channel();
        self.door(origin)
            .ok()?
            .ask(Request::Room {
                room: room.clone(),
                reply,
            })
            .await
            .ok()?;
        let status = answer.await.ok()??;
        Some(RoomStatus {
            n_subscribers: n_viewers,
            ..status
        })
    }

    /// Closes every session with a DTLS close, refuses new ones, and ends the threads, within a time.
    pub async fn shutdown(&self, within: Duration) {
        for door in &self.inner.doors {
            // A worker that has ended needs no telling.
            let _ = door.ask(Request::Stop { within }).await;
        }
        let threads: Vec<JoinHandle<()>> = {
            let mut threads = self
                .inner
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *threads)
        };
        let ended = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A thread that panicked has said so.
                let _ = thread.join();
            }
        });
        if tokio::time::timeout(within + ABANDONED_WITHIN, ended)
            .await
            .is_err()
        {
            tracing::warn!("the media plane did not end in time; its sessions will time out");
        }
    }

    /// Opens a session that is seated already. Whatever becomes of it, the seat is released by whoever knows.
    async fn open(
        &self,
        session: SessionId,
        worker: WorkerId,
        command: Command,
    ) -> Result<String, RequestError> {
        match self.execute(worker, command).await {
            Ok(Reply::Answer { sdp }) => Ok(sdp),
            Ok(Reply::Done | Reply::Restarted { .. } | Reply::Wanted { .. }) => {
                Err(CommandError::Internal.into())
            }
            Err(error) => {
                if matches!(error, RequestError::Overloaded | RequestError::Stopped) {
                    // The worker has not heard of it.
                    self.inner.shared.placement().release(session);
                }
                Err(error)
            }
        }
    }

    async fn execute(&self, worker: WorkerId, command: Command) -> Result<Reply, RequestError> {
        let (reply, answer) = oneshot::channel();
        let asked = self
            .door(worker)?
            .try_ask(Request::Command { command, reply });
        if asked == Err(RequestError::Overloaded) {
            self.inner.shared.count_requests_limit_hit();
        }
        asked?;
        // A worker that drops the question has failed or ended.
        Ok(answer.await.map_err(|_| RequestError::Stopped)??)
    }

    /// Waits for room, because nobody would try again.
    async fn must_execute(&self, worker: WorkerId, command: Command) {
        let (reply, answer) = oneshot::channel();
        let Ok(door) = self.door(worker) else { return };
        if door.ask(Request::Command { command, reply }).await.is_ok() {
            // What the core refuses to close is closed.
            let _ = answer.await;
        }
    }

    fn worker_of(&self, session: SessionId) -> Result<WorkerId, RequestError> {
        let worker = self.inner.shared.placement().worker_of(session);
        worker.ok_or(RequestError::Refused(CommandError::UnknownSession))
    }

    fn door(&self, worker: WorkerId) -> Result<&Door, RequestError> {
        self.inner
            .doors
            .get(usize::from(worker.0))
            .ok_or(RequestError::Stopped)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for door in &self.doors {
            // A worker that cannot be told notices within a second that nobody is left.
            let _ = door.try_ask(Request::Stop {
                within: ABANDONED_WITHIN,
            });
        }
    }
}

#[cfg(test)]
mod tests;
