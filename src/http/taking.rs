//! Bodies that a client has asked for and does not take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What one connection was given of bodies that have more, and did not come back for. Clones are the same.
///
/// The HTTP library asks a body for more when what it gave has gone to the operating system, or, in HTTP/2, when the client
/// has made room: until then nothing of it moves, and no timer of the library's runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Taking(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    untaken: Mutex<Untaken>,
    /// The first piece is untaken.
    has_any: Notify,
}

#[derive(Debug, Default)]
struct Untaken {
    last: u64,
    /// When each was given.
    since: BTreeMap<u64, Instant>,
}

/// A piece that was given. Dropped when it is taken.
#[derive(Debug)]
pub(super) struct Piece {
    taking: Taking,
    number: u64,
}

impl Taking {
    /// A piece of a body was given, and there is more.
    pub(super) fn give(&self) -> Piece {
        let mut untaken = self.untaken();
        untaken.last = untaken.last.wrapping_add(1);
        let number = untaken.last;
        let is_first = untaken.since.is_empty();
        untaken.since.insert(number, Instant::now());
        drop(untaken);
        if is_first {
            self.0.has_any.notify_one();
        }
        Piece {
            taking: self.clone(),
            number,
        }
    }

    /// Ends when a piece was not taken for so long.
    pub(super) async fn stalls(&self, patience: Duration) {
        loop {
            let oldest = self.untaken().since.values().min().copied();
            match oldest.map(|since| since + patience) {
                None => self.0.has_any.notified().await,
                Some(end) if end <= Instant::now() => return,
                Some(end) => sleep_until(end).await,
            }
        }
    }

    /// A panic under the lock leaves a whole table: it changes in one move.
    fn untaken(&self) -> MutexGuard<'_, Untaken> {
        self.0
            .untaken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.taking.untaken().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_piece_that_is_not_taken_ends_it_and_others_that_are_taken_do_not_help() {
        let taking = Taking::default();
        let piece = taking.give();
        let given_at = Instant::now();
        let others = async {
            loop {
                drop(taking.give());
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = taking.stalls(PATIENCE) => {}
            () = others => {}
        }
        assert!(given_at.elapsed() >= PATIENCE);
        drop(piece);
    }

    #[tokio::test]
    async fn who_takes_every_piece_is_never_ended() {
        let taking = Taking::default();
        drop(taking.give());
        let stalled = taking.stalls(Duration::ZERO);
        assert!(timeout(PATIENCE, stalled).await.is_err());
    }
}
