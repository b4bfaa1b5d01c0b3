//! Players and their layers: what they ask for, and what they are told.

use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{Command, Reply};
use sfu_core::error::CommandError;
use sfu_core::stats::SubscriberStatus;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::rtp::Rid;
use tokio::sync::oneshot;

use super::Sfu;
use crate::request::{Request, RequestError};

/// Most players of one request. Each takes a worker about half a microsecond, so that media waits 30 us at most.
pub(crate) const PLAYERS_PER_REQUEST: usize = 64;

impl Sfu {
    /// Bounds the layers that a player gets; the default lets go.
    pub async fn choose_layer(
        &self,
        session: SessionId,
        choice: LayerChoice,
    ) -> Result<(), RequestError> {
        let worker = self.worker_of(session)?;
        let command = Command::ChooseLayer { session, choice };
        match self.execute(worker, command).await? {
            Reply::Done => Ok(()),
            Reply::Answer { .. } | Reply::Restarted { .. } | Reply::Wanted { .. } => {
                Err(CommandError::Internal.into())
            }
        }
    }

    /// The rids of a publisher that somebody may take, low to high; none where it has only one encoding. What nobody has taken
    /// for some seconds is missing.
    pub async fn list_wanted(&self, session: SessionId) -> Result<Vec<Rid>, RequestError> {
        let worker = self.worker_of(session)?;
        match self
            .execute(worker, Command::ListWanted { session })
            .await?
        {
            Reply::Wanted { rids } => Ok(rids),
            Reply::Answer { .. } | Reply::Restarted { .. } | Reply::Done => {
                Err(CommandError::Internal.into())
            }
        }
    }

    /// What these players get, in no order. Those that are gone are missing, and so are those of a worker that is too
    /// busy: whoever asks every second asks again.
    pub async fn players(&self, sessions: &[SessionId]) -> Vec<(SessionId, SubscriberStatus)> {
        let mut all = Vec::with_capacity(sessions.len());
        for (worker, sessions) in self.by_worker(sessions) {
            for some in sessions.chunks(PLAYERS_PER_REQUEST) {
                let (reply, answer) = oneshot::channel();
                let request = Request::Players {
                    sessions: some.to_vec(),
                    reply,
                };
                let asked = self.door(worker).and_then(|door| door.try_ask(request));
                if asked.is_ok()
                    && let Ok(statuses) = answer.await
                {
                    all.extend(statuses);
                }
            }
        }
        all
    }

    /// How many play a room, on all workers.
    pub fn n_viewers(&self, room: &RoomId) -> usize {
        let found = self.inner.shared.placement().room(room);
        found.map_or(0, |(_, n_viewers)| n_viewers)
    }

    fn by_worker(&self, sessions: &[SessionId]) -> Vec<(WorkerId, Vec<SessionId>)> {
        let mut by_worker: Vec<(WorkerId, Vec<SessionId>)> = Vec::new();
        let placement = self.inner.shared.placement();
        for session in sessions {
            let Some(worker) = placement.worker_of(*session) else {
                continue;
            };
            match by_worker.iter_mut().find(|(known, _)| *known == worker) {
                Some((_, of_worker)) => of_worker.push(*session),
                None => by_worker.push((worker, vec![*session])),
            }
        }
        by_worker
    }
}
