//! What a run has to have come to, once every path is well again.

use std::time::Duration;

use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::Command;
use sfu_model::time::Instant;

use super::{CALM, FOLLOWED_WITHIN, Failure, HEALED_WITHIN, Outcome, Run};
use crate::browser::Part;
use crate::network::Conditions;
use crate::oracle::latency::{self, Latency};
use crate::oracle::{continuity, freeze, player};
use crate::signaling::Refused;
use crate::trace;
use crate::world::{BrowserId, JoinError};

/// How late pictures are over paths that are well.
const CALM_LATENCY: Latency = Latency {
    p50: Duration::from_millis(50),
    p99: Duration::from_millis(100),
};

impl Run {
    pub(super) fn judge(mut self) -> Result<Outcome, Failure> {
        for browser in self.viewers.iter().copied().chain(self.publisher) {
            self.world.set_path(browser, Conditions::default());
        }
        if let Some(publisher) = self.publisher
            && let Some(publisher) = self.world.browser_mut(publisher).publisher()
        {
            publisher.pause(2, false);
        }
        let is_followed = |at: Instant| self.world.now() - at > FOLLOWED_WITHIN;
        if !self.rebound_at.is_none_or(is_followed) {
            self.world.run_for(FOLLOWED_WITHIN);
        }
        let choosers = self.viewers.iter().copied();
        let choosers: Vec<BrowserId> = choosers.filter(|_| self.mode.is_layered()).collect();
        for viewer in choosers {
            let session = self.world.browser(viewer).session;
            let choice = LayerChoice::default();
            let command = Command::ChooseLayer { session, choice };
            let _ = self.world.command(session, command);
        }
        let calm_at = self.world.now();
        self.world.run_for(CALM);
        for viewer in &self.viewers {
            self.judge_viewer(*viewer, calm_at)?;
        }
        let stats = self.world.node().workers().map(|(_, w)| w.stats());
        if stats.into_iter().any(|s| s.invariants_violated > 0) {
            return Err(Failure::Invariant);
        }
        if self.was_refused {
            return Err(Failure::Refused);
        }
        let n_shown = self.world.browsers().iter().map(|b| match &b.part {
            Part::Viewer(viewer) => viewer.decoder.shown.len(),
            Part::Publisher(_) => 0,
        });
        Ok(Outcome {
            elapsed: self.world.elapsed(),
            n_shown: n_shown.sum(),
            trace: trace::decisions(&self.world),
        })
    }

    /// Anybody may watch, but for where nobody publishes: a publisher that has not connected yet is none.
    pub(super) fn judge_join(&mut self, joined: Result<BrowserId, JoinError>) {
        let is_empty = |error: &JoinError| error.code() == Some("stream-offline");
        self.was_refused |= joined.as_ref().is_err_and(|error| !is_empty(error));
        self.viewers.extend(joined);
    }

    /// A session is roamed with and left, unless the node has closed it meanwhile.
    pub(super) fn judge_answer(&mut self, answered: Result<bool, Refused>) {
        self.was_refused |= match answered {
            Ok(is_usable) => !is_usable,
            Err(refused) => refused.code != "no-such-session",
        };
    }

    fn judge_viewer(&self, id: BrowserId, calm_at: Instant) -> Result<(), Failure> {
        let browser = self.world.browser(id);
        if browser.close_reason.is_some() {
            return Err(Failure::Closed(id));
        }
        let seen = self.world.viewer(id);
        let bounds = continuity::Bounds {
            // What a lossy or roaming path cost is not the node's fault; that nothing is numbered wrongly still holds.
            missing_max: u64::MAX,
            // A browser's engine takes nothing from before the first packet that reached it, which may be the second.
            may_miss_beginning: self.is_lossy
                || self.rebound_at.is_some()
                || self.reordered.contains(&id),
            // Until the first sender report of a publisher, capture is known by the quickest packet that came of an encoding:
            // off by its path's delay, with the longest queue. Of 1,000 seeds the worst is off by 239 ms.
            switch_error_max: Duration::from_millis(250),
        };
        player::check(seen, &self.publishers, bounds).map_err(|v| Failure::Player(id, v))?;
        // Whoever's path was bad a moment ago may still get each second or fourth picture only.
        let every = self.mode.period();
        let bound = self.camera.frame_interval * every + Duration::from_millis(45);
        let healed_at = calm_at + HEALED_WITHIN;
        let shown = &seen.decoder.shown;
        freeze::check(shown, healed_at, self.world.now(), bound)
            .map_err(|f| Failure::Frozen(id, f))?;
        let calm = shown.iter().filter(|shown| shown.at >= healed_at);
        let calm: Vec<_> = calm.copied().collect();
        latency::check(&calm, CALM_LATENCY).map_err(|measured| Failure::Late(id, measured))
    }
}

#[cfg(test)]
mod tests {
    use sfu_core::command::CloseReason;

    use super::*;

    /// A room that somebody watches, and the viewer.
    fn watched() -> (Run, BrowserId) {
        let mut run = Run::begin(1);
        run.world.run_for(Duration::from_secs(1));
        let viewer = run.world.watch("demo");
        run.judge_join(viewer);
        run.world.run_for(Duration::from_secs(1));
        let viewer = *run.viewers.first().expect("a viewer");
        (run, viewer)
    }

    #[test]
    fn a_run_in_which_nothing_happens_is_good() {
        let (mut run, viewer) = watched();
        let roamed = run.world.roam(viewer);
        run.judge_answer(roamed);
        let outcome = run.judge().expect("a good run");
        assert!(outcome.n_shown > 80, "{outcome:?}");
    }

    #[test]
    fn a_participant_that_is_refused_fails_a_run() {
        let refused = |status, code: &str| Refused {
            status,
            code: code.to_owned(),
        };
        let (mut run, _) = watched();
        run.judge_join(Err(JoinError::Refused(refused(409, "stream-offline"))));
        run.judge_answer(Err(refused(404, "no-such-session")));
        assert!(!run.was_refused);
        run.judge_join(Err(JoinError::Refused(refused(429, "too-many-requests"))));
        assert_eq!(run.judge(), Err(Failure::Refused));
        let (mut run, _) = watched();
        run.judge_answer(Ok(false));
        assert_eq!(run.judge(), Err(Failure::Refused));
        let (mut run, _) = watched();
        run.judge_answer(Err(refused(500, "internal")));
        assert_eq!(run.judge(), Err(Failure::Refused));
    }

    #[test]
    fn a_session_that_the_node_ends_fails_a_run() {
        let (mut run, viewer) = watched();
        let session = run.world.browser(viewer).session;
        let reason = CloseReason::Requested;
        let close = Command::Close { session, reason };
        run.world.command(session, close).expect("it is closed");
        assert_eq!(run.judge(), Err(Failure::Closed(viewer)));
    }

    #[test]
    fn a_picture_that_stands_fails_a_run() {
        let (mut run, viewer) = watched();
        let publisher = run.publisher.take().expect("a publisher");
        run.world.browser_mut(publisher).vanish();
        let judged = run.judge();
        assert!(
            matches!(judged, Err(Failure::Frozen(frozen, _)) if frozen == viewer),
            "{judged:?}"
        );
    }

    #[test]
    fn pictures_of_a_publisher_that_nobody_knows_fail_a_run() {
        let (mut run, viewer) = watched();
        run.publishers.clear();
        let judged = run.judge();
        assert!(
            matches!(judged, Err(Failure::Player(of, _)) if of == viewer),
            "{judged:?}"
        );
    }
}
