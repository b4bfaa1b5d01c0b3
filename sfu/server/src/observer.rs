//! The one thread that hears every worker: it keeps the placement true, measures how long things took, and tells the
//! rest of the node.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use sfu_core::command::{CloseReason, Command};
use sfu_core::event::Event;
use sfu_core::link::LinkMessage;
use sfu_model::id::WorkerId;
use tokio::sync::{mpsc, oneshot};

use crate::notice::Notice;
use crate::request::{Request, WeakDoor};
use crate::shared::Shared;

/// Events that wait for the rest of the node. It reads them at once; when it does not, the workers hold theirs back.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// The observer.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) notices: Receiver<Notice>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) doors: Vec<WeakDoor>,
    pub(crate) events: mpsc::Sender<Event>,
}

impl Observer {
    /// Listens until every worker has ended.
    pub(crate) fn run(self) {
        while let Ok(notice) = self.notices.recv() {
            match notice {
                Notice::Event(event) => self.on_event(event),
                Notice::Refused(session) => {
                    self.shared.placement().release(session);
                }
                Notice::Stats(stats) => {
                    let index = usize::from(stats.worker.0);
                    if let Some(slot) = self.shared.snapshots().get_mut(index) {
                        *slot = Some(*stats);
                    }
                }
                Notice::Failed(worker) => self.on_failed(worker),
            }
        }
    }

    fn on_event(&self, event: Event) {
        self.shared.placement().on_event(&event);
        self.shared.durations.observe(&event);
        self.shared.closed_sessions.observe(&event);
        // Whoever started us may not care for events.
        let _ = self.events.blocking_send(event);
    }

    /// Its sessions are gone without a word, and the other workers hold the other ends.
    fn on_failed(&self, worker: WorkerId) {
        let loss = self.shared.placement().lose_worker(worker);
        tracing::error!(%worker, n_sessions = loss.sessions.len(), "a worker failed and began again");
        for (player, room) in loss.orphans {
            let (reply, _nobody_waits) = oneshot::channel();
            self.ask(
                player,
                Request::Command {
                    command: Command::EndRoom { room },
                    reply,
                },
            );
        }
        for (origin, room) in loss.watched {
            let message = LinkMessage::Unsubscribe { room };
            self.ask(
                origin,
                Request::Link {
                    from: worker,
                    message,
                },
            );
        }
        for (session, placed) in loss.sessions {
            let (room, role, reason) = (placed.room, placed.role, CloseReason::Invariant);
            let closed = Event::SessionClosed {
                session,
                room,
                role,
                reason,
            };
            self.shared.closed_sessions.observe(&closed);
            let _ = self.events.blocking_send(closed);
        }
    }

    fn ask(&self, worker: WorkerId, request: Request) {
        if let Some(door) = self.doors.get(usize::from(worker.0)) {
            door.blocking_ask(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use sfu_model::id::RoomId;

    use super::*;
    use crate::notice::NOTICES_MAX;

    fn room(number: usize) -> RoomId {
        RoomId::parse(&format!("room-{number}")).unwrap()
    }

    #[test]
    fn an_observer_that_nobody_reads_waits_and_loses_nothing() {
        let (queue, notices) = sync_channel(NOTICES_MAX);
        let (events, mut heard) = mpsc::channel(EVENTS_MAX);
        let observer = Observer {
            notices,
            shared: Arc::new(Shared::new(1)),
            doors: Vec::new(),
            events,
        };
        let observer = std::thread::spawn(move || observer.run());
        let silent = |number| Notice::Event(Event::RoomSilent { room: room(number) });
        // What the node does not read, what the observer has in hand, and what waits for it.
        let n_events = EVENTS_MAX + 1 + NOTICES_MAX;
        for number in 0..n_events {
            queue.send(silent(number)).unwrap();
        }
        assert!(queue.try_send(silent(n_events)).is_err(), "it waits");
        assert_eq!(heard.len(), EVENTS_MAX);
        drop(queue);
        for number in 0..n_events {
            let event = heard.blocking_recv();
            assert_eq!(event, Some(Event::RoomSilent { room: room(number) }));
        }
        assert_eq!(heard.blocking_recv(), None);
        observer.join().unwrap();
    }
}
