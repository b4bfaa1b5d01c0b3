//! What the media plane says of sessions that listen, once a second.

use std::time::Duration;

use sfu_model::id::SessionId;
use tokio::time::{MissedTickBehavior, interval, timeout};
use whip_whep_core::news::News;
use whip_whep_core::request::Endpoint;

use crate::exchange::Exchange;
use crate::sfu;

/// How often players that listen are told what has changed. Faster than a person reads, and a thousand of them cost a
/// worker half a millisecond of each second.
const INTERVAL: Duration = Duration::from_secs(1);

/// Players that are asked about at once; between two batches requests have their turn at the core.
const BATCH_MAX: usize = 64;

impl Exchange {
    /// Reports for ever.
    pub(crate) async fn report(&self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.report_to_players().await;
            self.report_to_publishers().await;
        }
    }

    /// One at a time: they are few, and a worker has one such question at a time.
    async fn report_to_publishers(&self) {
        let listeners = self.with_core(|core| core.sessions_with_streams(Endpoint::Whip));
        for (session, _) in listeners {
            // A worker that is too busy is asked again.
            if let Ok(rids) = self.sfu().list_wanted(session).await {
                self.with_core(|core| core.handle_wanted(session, &rids));
            }
        }
    }

    async fn report_to_players(&self) {
        let listeners = self.with_core(|core| core.sessions_with_streams(Endpoint::Whep));
        for batch in listeners.chunks(BATCH_MAX) {
            let sessions: Vec<SessionId> = batch.iter().map(|(session, _)| *session).collect();
            let told = self.sfu().players(&sessions).await;
            let news = |(session, status)| {
                let (_, room) = batch.iter().find(|(listener, _)| *listener == session)?;
                Some((session, sfu::news(&status, self.sfu().n_viewers(room))))
            };
            let news: Vec<(SessionId, News)> = told.into_iter().filter_map(news).collect();
            self.with_core(|core| {
                for (session, news) in &news {
                    core.handle_news(*session, news);
                }
            });
        }
    }

    /// Waits until every client that listens has been given its events, or until time is up.
    pub(crate) async fn deliver_events(&self, within: Duration) {
        let delivered = async {
            while self.with_core(|core| core.has_undelivered_events()) {
                self.pulls().taken.notified().await;
            }
        };
        // Whoever does not read finds out when its session ends.
        let _ = timeout(within, delivered).await;
    }
}
