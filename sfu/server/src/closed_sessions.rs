//! How many sessions ended, and why.

use std::sync::atomic::{AtomicU64, Ordering};

use sfu_core::command::CloseReason;
use sfu_core::event::Event;

/// One counter per [`CloseReason`]. The observer counts, because it also hears of the sessions that end with their worker.
#[derive(Debug, Default)]
pub(crate) struct ClosedSessions([AtomicU64; CloseReason::ALL.len()]);

impl ClosedSessions {
    pub(crate) fn observe(&self, event: &Event) {
        if let Event::SessionClosed { reason, .. } = event
            && let Some(n) = self.0.get(*reason as usize)
        {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every reason with its count, in the order of [`CloseReason::ALL`].
    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.iter().map(|n| n.load(Ordering::Relaxed));
        let labels = CloseReason::ALL.iter().map(|reason| reason.label());
        labels.zip(counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use sfu_core::event::Role;
    use sfu_model::id::{RoomId, SessionId};

    use super::*;

    #[test]
    fn every_reason_is_counted_under_its_own_label() {
        let closed = ClosedSessions::default();
        for (place, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
            closed.observe(&Event::SessionClosed {
                session: SessionId::from_random(1),
                room: RoomId::parse("demo").unwrap(),
                role: Role::Publisher,
                reason,
            });
            assert_eq!(closed.counts().get(place), Some(&(reason.label(), 1)));
        }
        assert!(closed.counts().iter().all(|(_, n)| *n == 1));
    }
}
