//! Requests that wait, and the way to each of them.

use std::collections::HashMap;

use bridge_origin::response::Response;
use bridge_origin::waiting::GroupId;
use tokio::sync::oneshot;

/// Who waits in which group.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    groups: HashMap<GroupId, HashMap<WaiterId, oneshot::Sender<Response>>>,
    last: u64,
}

/// One who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WaiterId(u64);

impl Waiters {
    /// One more waits in a group.
    pub(crate) fn join(&mut self, group: GroupId) -> (WaiterId, oneshot::Receiver<Response>) {
        self.last = self.last.wrapping_add(1);
        let waiter = WaiterId(self.last);
        let (answer, answered) = oneshot::channel();
        self.groups.entry(group).or_default().insert(waiter, answer);
        (waiter, answered)
    }

    /// One gives up. False: its group has been answered.
    #[must_use]
    pub(crate) fn leave(&mut self, group: GroupId, waiter: WaiterId) -> bool {
        let Some(waiting) = self.groups.get_mut(&group) else {
            return false;
        };
        let was_there = waiting.remove(&waiter).is_some();
        if waiting.is_empty() {
            self.groups.remove(&group);
        }
        was_there
    }

    /// Answers everybody in a group.
    pub(crate) fn answer(&mut self, group: GroupId, response: &Response) {
        for answer in self.groups.remove(&group).into_iter().flatten() {
            // Who has given up this moment needs no answer.
            let _ = answer.1.send(response.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use bridge_origin::cache_policy::CachePolicy;
    use bridge_origin::response::Status;

    use super::*;

    #[test]
    fn everybody_in_a_group_is_answered_but_who_left() {
        let mut waiters = Waiters::default();
        let (group, other) = (GroupId(1), GroupId(2));
        let (_, mut first) = waiters.join(group);
        let (second, mut gone) = waiters.join(group);
        let (_, mut elsewhere) = waiters.join(other);
        assert!(waiters.leave(group, second));
        assert!(!waiters.leave(group, second));
        let response = Response::bare(Status::Ok, CachePolicy::NoStore);
        waiters.answer(group, &response);
        assert_eq!(first.try_recv(), Ok(response));
        assert!(gone.try_recv().is_err());
        assert!(elsewhere.try_recv().is_err());
        assert!(!waiters.leave(group, second), "it is answered");
    }
}
