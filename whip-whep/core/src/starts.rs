//! Stream starts: how often one client may begin a stream, and what is no start but a reconnect.

use std::collections::HashMap;
use std::time::Duration;

use sfu_model::id::RoomId;
use sfu_model::time::Instant;
use signaling_auth::grant::Subject;

use crate::limits::{Limits, RECONNECT_GRACE, RELOAD_GRACE, SESSION_URLS_MAX};
use crate::rate::{Budgets, ClientPrefix};

/// Counts starts per client and stream, and remembers whose session on a stream ended a moment ago.
#[derive(Debug)]
pub(crate) struct Starts {
    budgets: Budgets<Key>,
    reloads: Budgets<Key>,
    /// At most [`SESSION_URLS_MAX`]; past it an end is not remembered, and the reconnect counts as a start.
    ended: HashMap<RoomId, Ended>,
    n_reloads_over: u64,
}

type Key = (ClientPrefix, RoomId);

/// The last session of a stream.
#[derive(Debug)]
struct Ended {
    holder: Subject,
    at: Instant,
    how: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Without its client's wish.
    Lost,
    /// By DELETE.
    Stopped,
}

impl Ended {
    fn is_fresh(&self, now: Instant) -> bool {
        let grace = match self.how {
            End::Lost => RECONNECT_GRACE,
            End::Stopped => RELOAD_GRACE,
        };
        now.saturating_since(self.at) <= grace
    }
}

/// What has to be given back when the SFU refuses the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A takeover or a reconnect.
    Free,
    /// A reload.
    Reload(Key),
    /// A start.
    Counted(Key),
}

impl Starts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            budgets: Budgets::new(limits.stream_starts),
            reloads: Budgets::new(limits.stream_reloads),
            ended: HashMap::new(),
            n_reloads_over: 0,
        }
    }

    /// A stream begins, or goes on: `is_open` where its holder has a session on it. A reload beyond their budget is a
    /// start like any other.
    pub(crate) fn start(
        &mut self,
        client: ClientPrefix,
        (room, holder): (&RoomId, &Subject),
        is_open: bool,
        now: Instant,
    ) -> Result<Start, Duration> {
        if is_open {
            return Ok(Start::Free);
        }
        let key = (client, room.clone());
        let last = self.ended.get(room);
        match last.filter(|ended| ended.holder == *holder && ended.is_fresh(now)) {
            Some(Ended { how: End::Lost, .. }) => return Ok(Start::Free),
            Some(Ended {
                how: End::Stopped, ..
            }) => {
                if self.reloads.spend(key.clone(), now).is_ok() {
                    return Ok(Start::Reload(key));
                }
                self.n_reloads_over = self.n_reloads_over.saturating_add(1);
            }
            None => {}
        }
        self.budgets.spend(key.clone(), now)?;
        Ok(Start::Counted(key))
    }

    /// The start came to nothing.
    pub(crate) fn undo(&mut self, start: &Start) {
        match start {
            Start::Free => {}
            Start::Reload(key) => self.reloads.pay_back(key),
            Start::Counted(key) => self.budgets.pay_back(key),
        }
    }

    /// How often a reload was one too many, and so counted as a start.
    pub(crate) const fn n_reloads_over(&self) -> u64 {
        self.n_reloads_over
    }

    /// How often a newcomer met a full table.
    pub(crate) const fn n_shared(&self) -> u64 {
        self.budgets.n_shared() + self.reloads.n_shared()
    }

    /// A publisher's session ended without its wish.
    pub(crate) fn lose(&mut self, room: RoomId, holder: Subject, now: Instant) {
        let how = End::Lost;
        self.end(
            room,
            Ended {
                holder,
                at: now,
                how,
            },
            now,
        );
    }

    /// A publisher stopped its stream (DELETE).
    pub(crate) fn stop(&mut self, room: RoomId, holder: Subject, now: Instant) {
        let how = End::Stopped;
        self.end(
            room,
            Ended {
                holder,
                at: now,
                how,
            },
            now,
        );
    }

    fn end(&mut self, room: RoomId, ended: Ended, now: Instant) {
        if self.ended.len() >= SESSION_URLS_MAX {
            self.ended.retain(|_, ended| ended.is_fresh(now));
        }
        if self.ended.len() < SESSION_URLS_MAX || self.ended.contains_key(&room) {
            self.ended.insert(room, ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    use crate::rate::Rate;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn client(n: u8) -> ClientPrefix {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)).into()
    }

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    fn starts(n_starts: u32) -> Starts {
        Starts::new(&Limits {
            stream_starts: Rate::new(n_starts, Duration::from_secs(600)),
            stream_reloads: Rate::new(2, Duration::from_secs(600)),
            ..Limits::default()
        })
    }

    #[test]
    fn a_stream_may_start_as_often_as_its_limit_says_and_no_more() {
        let mut starts = starts(3);
        let who = (&room("a"), &Subject::KeyHolder);
        for _ in 0..3 {
            assert!(starts.start(client(1), who, false, at(100)).is_ok());
        }
        let wait = starts.start(client(1), who, false, at(100));
        assert_eq!(wait, Err(Duration::from_secs(200)));
        let other_stream = (&room("b"), &Subject::KeyHolder);
        assert!(
            starts
                .start(client(1), other_stream, false, at(100))
                .is_ok()
        );
        assert!(starts.start(client(2), who, false, at(100)).is_ok());
    }

    #[test]
    fn a_reconnect_within_the_grace_is_no_start() {
        let mut starts = starts(1);
        let who = (&room("a"), &Subject::KeyHolder);
        starts.start(client(1), who, false, at(100)).unwrap();
        assert!(
            starts.start(client(1), who, true, at(100)).is_ok(),
            "a takeover"
        );
        assert!(starts.start(client(1), who, false, at(100)).is_err());
        starts.lose(room("a"), Subject::KeyHolder, at(100));
        let other = (&room("a"), &Subject::Token("bob".into()));
        assert!(starts.start(client(1), other, false, at(160)).is_err());
        assert!(starts.start(client(1), who, false, at(160)).is_ok());
        assert!(
            starts.start(client(1), who, false, at(161)).is_err(),
            "past the grace"
        );
    }

    #[test]
    fn a_reload_is_no_start_and_another_holders_post_is_one() {
        let mut starts = starts(1);
        let who = (&room("a"), &Subject::KeyHolder);
        starts.start(client(1), who, false, at(100)).unwrap();
        starts.stop(room("a"), Subject::KeyHolder, at(100));
        let other = (&room("a"), &Subject::Token("bob".into()));
        assert!(starts.start(client(1), other, false, at(100)).is_err());
        let last = 100 + RELOAD_GRACE.as_secs();
        assert!(starts.start(client(1), who, false, at(last)).is_ok());
        assert!(
            starts.start(client(1), who, false, at(last + 1)).is_err(),
            "past the grace"
        );
    }

    #[test]
    fn reloads_without_end_are_starts() {
        let mut starts = starts(3);
        let who = (&room("a"), &Subject::KeyHolder);
        let mut reload = |n_allowed: u32| {
            let allowed = (0..9).take_while(|_| {
                let started = starts.start(client(1), who, false, at(100)).is_ok();
                starts.stop(room("a"), Subject::KeyHolder, at(100));
                started
            });
            assert_eq!(allowed.count(), n_allowed as usize);
        };
        reload(3 + 2);
        reload(0);
    }

    #[test]
    fn a_stop_after_a_loss_is_what_counts() {
        let mut starts = starts(1);
        let who = (&room("a"), &Subject::KeyHolder);
        starts.start(client(1), who, false, at(100)).unwrap();
        starts.lose(room("a"), Subject::KeyHolder, at(100));
        starts.stop(room("a"), Subject::KeyHolder, at(100));
        let past = at(101 + RELOAD_GRACE.as_secs());
        assert!(starts.start(client(1), who, false, past).is_err());
    }

    #[test]
    fn a_start_that_came_to_nothing_is_given_back() {
        let mut starts = starts(1);
        let who = (&room("a"), &Subject::KeyHolder);
        for _ in 0..5 {
            let start = starts.start(client(1), who, false, at(100)).unwrap();
            starts.undo(&start);
        }
        starts.start(client(1), who, false, at(100)).unwrap();
        starts.stop(room("a"), Subject::KeyHolder, at(100));
        for _ in 0..5 {
            let reload = starts.start(client(1), who, false, at(100)).unwrap();
            assert!(matches!(reload, Start::Reload(_)));
            starts.undo(&reload);
        }
    }
}
