//! Viewers that choose: three encodings, and all that keeps an estimate of each path going, in turns as a worker has them.

use std::time::Duration;

use sfu_core::demux::{self, PacketKind};
use sfu_model::id::SessionId;

use crate::BenchError;
use crate::cost::{Began, Cost, Receipt};
use crate::stage::{Audience, Stage, as_received, camera, sees_all, take, worker};

/// Virtual time between two turns of the worker: what its pacer spreads a large picture over.
const TURN: Duration = Duration::from_millis(5);

/// Virtual time in which what was on its way when the stage took over is missed, repaired and forgotten, and every queue has
/// been as long as it gets.
const WARM_UP: Duration = Duration::from_secs(3);

impl Stage {
    /// Everybody gets the largest of three encodings, because their paths are known to carry it.
    pub(crate) fn simulcast(n_viewers: usize) -> Result<Self, BenchError> {
        let mut stage = Self::with(camera().simulcast(), n_viewers)?;
        stage.flow(WARM_UP)?;
        Ok(stage)
    }

    /// Lets so much time pass. All that the worker does is counted: media of three encodings in, that of one out to each viewer,
    /// the feedback of each, its reports, and timers.
    pub(crate) fn flow(&mut self, duration: Duration) -> Result<Cost, BenchError> {
        let until = self.now + duration;
        let mut cost = Cost::default();
        while self.now < until {
            self.now += TURN;
            cost.add(self.turn()?);
        }
        if self.are_followed()? {
            Ok(cost)
        } else {
            Err(BenchError::NotFollowed)
        }
    }

    /// Every viewer gets the largest encoding, over a path that is estimated.
    fn are_followed(&mut self) -> Result<bool, BenchError> {
        let see_all = self.viewers.iter().all(|id| sees_all(&self.world, *id));
        let browsers = self.viewers.iter().map(|id| self.world.browser(*id));
        let sessions: Vec<SessionId> = browsers.map(|browser| browser.session).collect();
        let sfu = worker(&mut self.world)?;
        let path = |session: &SessionId| sfu.subscriber(*session).and_then(|s| s.path);
        Ok(see_all && sessions.iter().all(|session| path(session).is_some()))
    }

    fn turn(&mut self) -> Result<Cost, BenchError> {
        for id in self.viewers.iter().chain([&self.publisher]) {
            let browser = self.world.browser_mut(*id);
            browser.drain(self.now, &mut self.outgoing);
        }
        let publisher = self.world.browser(self.publisher).address;
        let now = self.now;
        let sfu = worker(&mut self.world)?;
        let mut receipt = Receipt::default();
        let began = Began::now()?;
        for datagram in &self.outgoing {
            let mut hand_in = || sfu.handle_datagram(as_received(datagram), now);
            match demux::kind_of(&datagram.bytes) {
                Some(PacketKind::Rtp) => receipt.of(hand_in),
                // A viewer's feedback is no business of an engine.
                Some(PacketKind::Rtcp) if datagram.source != publisher => hand_in(),
                _ => receipt.of_engine(hand_in),
            }
        }
        if sfu.poll_timeout().is_some_and(|at| at <= now) {
            receipt.of_engine(|| sfu.handle_timeout(now));
        }
        let n_packets = take(sfu, &mut self.batch, &mut self.kept, Audience::All);
        let cost = began.end(n_packets)?.with(receipt);
        self.outgoing.clear();
        while sfu.poll_event().is_some() {}
        self.deliver();
        Ok(cost)
    }
}
