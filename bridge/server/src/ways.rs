//! The ways to the pipelines of a node, by which they are told who publishes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sfu_model::id::RoomId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Commands that wait for one pipeline. It takes them before all else; a publisher that comes and goes so often while it sleeps
/// is told of no more, and the last that was told stands.
const COMMANDS_MAX: usize = 64;

/// What a pipeline is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Somebody publishes: the room can be tapped.
    Live,
    /// Nobody does any more.
    Silent,
}

/// Those of the pipelines that run. A pipeline ends under the same lock under which it is told: what it is told it takes, or it is
/// not there to be told, and another begins.
#[derive(Debug, Default)]
pub(crate) struct Ways(Mutex<HashMap<RoomId, Sender<Command>>>);

impl Ways {
    /// Somebody publishes. Where no pipeline runs, `begin` makes one of what it is told by; `None`: it cannot.
    pub(crate) fn live(&self, room: &RoomId, begin: impl FnOnce(Receiver<Command>) -> Option<()>) {
        let mut ways = self.ways();
        let told = ways.get(room).map(|way| way.try_send(Command::Live));
        // One that is closed without its pipeline's word was its panic's.
        if !matches!(told, None | Some(Err(TrySendError::Closed(_)))) {
            return;
        }
        let (way, commands) = channel(COMMANDS_MAX);
        // There is room for all of them.
        let _ = way.try_send(Command::Live);
        match begin(commands) {
            Some(()) => ways.insert(room.clone(), way),
            None => ways.remove(room),
        };
    }

    /// Nobody does any more.
    pub(crate) fn silent(&self, room: &RoomId) {
        if let Some(way) = self.ways().get(room) {
            let _ = way.try_send(Command::Silent);
        }
    }

    /// A pipeline ends, unless there is a command that it has not taken: then this is false, and it goes on.
    #[must_use]
    pub(crate) fn end(&self, room: &RoomId, commands: &mut Receiver<Command>) -> bool {
        let mut ways = self.ways();
        if !commands.is_empty() {
            return false;
        }
        commands.close();
        ways.remove(room);
        true
    }

    /// A panic under the lock leaves a whole table: it changes in one move.
    fn ways(&self) -> MutexGuard<'_, HashMap<RoomId, Sender<Command>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomId {
        RoomId::parse("demo").unwrap()
    }

    /// Tells that somebody publishes: what a pipeline begins with, if one does.
    fn live(ways: &Ways) -> Option<Receiver<Command>> {
        let mut begun = None;
        ways.live(&room(), |commands| {
            begun = Some(commands);
            Some(())
        });
        begun
    }

    #[test]
    fn a_publisher_that_comes_as_a_pipeline_ends_is_heard_by_it_or_by_the_next() {
        let ways = Ways::default();
        let mut commands = live(&ways).unwrap();
        assert_eq!(commands.try_recv(), Ok(Command::Live));
        ways.silent(&room());
        assert_eq!(commands.try_recv(), Ok(Command::Silent));
        assert!(live(&ways).is_none(), "it has not ended");
        assert!(!ways.end(&room(), &mut commands), "it has not heard all");
        assert_eq!(commands.try_recv(), Ok(Command::Live));
        assert!(ways.end(&room(), &mut commands));
        assert!(ways.ways().is_empty());
        ways.silent(&room());
        let mut next = live(&ways).unwrap();
        assert_eq!(next.try_recv(), Ok(Command::Live));
    }

    #[test]
    fn a_pipeline_that_cannot_begin_or_that_broke_is_in_nobodys_way() {
        let ways = Ways::default();
        ways.live(&room(), |_| None);
        assert!(ways.ways().is_empty());
        drop(live(&ways).unwrap());
        assert!(live(&ways).is_some());
    }
}
