//! Stream starts: how often one client may begin a stream, and what is no start but a reconnect.

use std::collections::HashMap;
use std::time::Duration;

use sfu_model::id::RoomId;
use sfu_model::time::Instant;
use signaling_auth::grant::Subject;

use crate::limits::{RECONNECT_GRACE, SESSION_URLS_MAX};
use crate::rate::{Budgets, ClientPrefix, Rate};

/// Counts starts per client and stream, and remembers who lost a stream a moment ago.
#[derive(Debug)]
pub(crate) struct Starts {
    budgets: Budgets<(ClientPrefix, RoomId)>,
    /// At most [`SESSION_URLS_MAX`]; past it a loss is not remembered, and the reconnect counts as a start.
    lost: HashMap<RoomId, (Subject, Instant)>,
}

/// What has to be given back when the SFU refuses the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start(Option<(ClientPrefix, RoomId)>);

impl Starts {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            budgets: Budgets::new(rate),
            lost: HashMap::new(),
        }
    }

    /// A stream begins, or goes on: `is_open` where its holder has a session on it.
    pub(crate) fn start(
        &mut self,
        client: ClientPrefix,
        (room, holder): (&RoomId, &Subject),
        is_open: bool,
        now: Instant,
    ) -> Result<Start, Duration> {
        let is_fresh = |at: Instant| now.saturating_since(at) <= RECONNECT_GRACE;
        let lost = self.lost.get(room);
        if is_open || lost.is_some_and(|(who, at)| who == holder && is_fresh(*at)) {
            return Ok(Start(None));
        }
        let key = (client, room.clone());
        self.budgets.spend(key.clone(), now)?;
        Ok(Start(Some(key)))
    }

    /// The start came to nothing.
    pub(crate) fn undo(&mut self, start: &Start) {
        if let Some(key) = &start.0 {
            self.budgets.pay_back(key);
        }
    }

    /// How often a newcomer met a full table.
    pub(crate) const fn n_shared(&self) -> u64 {
        self.budgets.n_shared()
    }

    /// A publisher's session ended without its wish.
    pub(crate) fn lose(&mut self, room: RoomId, holder: Subject, now: Instant) {
        if self.lost.len() >= SESSION_URLS_MAX {
            let is_fresh = |at: Instant| now.saturating_since(at) <= RECONNECT_GRACE;
            self.lost.retain(|_, (_, at)| is_fresh(*at));
        }
        if self.lost.len() < SESSION_URLS_MAX {
            self.lost.insert(room, (holder, now));
        }
    }

    /// A publisher stopped its stream (DELETE): what comes next is a start.
    pub(crate) fn stop(&mut self, room: &RoomId) {
        self.lost.remove(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn client(n: u8) -> ClientPrefix {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)).into()
    }

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    #[test]
    fn a_stream_may_start_as_often_as_its_limit_says_and_no_more() {
        let mut starts = Starts::new(Rate::new(3, Duration::from_secs(60)));
        let who = (&room("a"), &Subject::KeyHolder);
        for _ in 0..3 {
            assert!(starts.start(client(1), who, false, at(100)).is_ok());
        }
        let wait = starts.start(client(1), who, false, at(100));
        assert_eq!(wait, Err(Duration::from_secs(20)));
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
        let mut starts = Starts::new(Rate::new(1, Duration::from_secs(600)));
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
    fn after_a_stop_the_next_is_a_start() {
        let mut starts = Starts::new(Rate::new(1, Duration::from_secs(600)));
        let who = (&room("a"), &Subject::KeyHolder);
        starts.start(client(1), who, false, at(100)).unwrap();
        starts.lose(room("a"), Subject::KeyHolder, at(100));
        starts.stop(&room("a"));
        assert!(starts.start(client(1), who, false, at(101)).is_err());
    }

    #[test]
    fn a_start_that_came_to_nothing_is_given_back() {
        let mut starts = Starts::new(Rate::new(1, Duration::from_secs(600)));
        let who = (&room("a"), &Subject::KeyHolder);
        for _ in 0..5 {
            let start = starts.start(client(1), who, false, at(100)).unwrap();
            starts.undo(&start);
        }
    }
}
