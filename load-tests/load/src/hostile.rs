//! What strangers can do to those who watch: nothing that can be felt.
//!
//! Two floods, each held against the same work without it, in blocks that alternate so that both meet the same machine:
//!
//! * **ClientHellos** from a foreign port while sessions are set up. A server that lets DTLS in from anybody loses the
//!   race against whoever speaks first; one that answers is a reflector.
//! * **Binding requests** of valid form whose integrity is made up, half of them for a session that lives and half for
//!   nobody's, while players watch. Each must be cheap to reject and leave nothing behind.

mod attacker;
mod datagrams;
mod metrics;
mod outcome;
mod report;

pub use attacker::Attacked;
pub use outcome::{Flood, Outcome, Pair, SetUps, Watched};
pub use report::{Bars, Report};

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sfu_model::drop_reason::DropReason;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;

use crate::crowd::{Crowd, CrowdEnded};
use crate::encodings::Encodings;
use crate::endpoint::Endpoint;
use crate::joining::{JOINS_PER_SECOND, Joining, LOOK_INTERVAL, open};
use crate::network::Mix;
use crate::proc::Process;
use crate::publisher::{Published, Publisher};
use crate::run_error::RunError;
use crate::session::{Role, SessionError};
use attacker::{Attack, Attacker};
use datagrams::{BindingRequests, ClientHellos, Target};
use metrics::Page;

/// Blocks of each kind; calm and flooded ones alternate. Fewer are hit unevenly by whatever else the machine does; more are
/// too short for a percentile each of a few thousand packets.
const N_BLOCKS: u16 = 4;

/// How long the counters may take to tell of the last datagram: workers tell theirs every second.
const COUNTERS_PATIENCE: Duration = Duration::from_secs(4);

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where the publisher goes.
    pub whip: Endpoint,
    /// Where the players go.
    pub whep: Endpoint,
    /// The address that all our sockets have.
    pub local: IpAddr,
    /// Of the video.
    pub bitrate_bps: u32,
    /// The server.
    pub server: Process,
    /// Where its `/metrics` is, over plain HTTP.
    pub metrics: SocketAddr,
    /// Sessions that are set up under the flood, and as many without.
    pub n_setups: usize,
    /// ClientHellos in a second.
    pub hellos_per_second: u32,
    /// Players that watch under the other flood.
    pub n_viewers: usize,
    /// Binding requests in a second.
    pub requests_per_second: u32,
    /// How long they watch under the flood, and as long without.
    pub watched: Duration,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostileError {
    /// Players or the publisher cannot do their part.
    #[error("{0}")]
    Play(#[from] RunError),
    /// A session of ours failed.
    #[error("{0}")]
    Session(#[from] SessionError),
    /// The players are gone.
    #[error("{0}")]
    Crowd(#[from] CrowdEnded),
    /// Operator: a socket, a process or the metrics cannot be reached.
    #[error("{0}")]
    System(#[from] io::Error),
    /// The server's answer names no UDP candidate, or no ufrag.
    #[error("the answer has nothing to aim at")]
    NoTarget,
    /// The server's metrics lack this one.
    #[error("no metric {0}")]
    NoMetric(&'static str),
}

/// Plays the scenario. `say` is told how far it is.
pub async fn run(scenario: &Scenario, say: impl Fn(&str)) -> Result<Outcome, HostileError> {
    let clock = Clock::start();
    let opened = open(
        &scenario.whip,
        Role::Publisher(Encodings::One),
        scenario.local,
        clock,
    )
    .await?;
    let target = Target::of(&opened.answer).ok_or(HostileError::NoTarget)?;
    let publisher = Publisher::start(opened.session, scenario.bitrate_bps, clock)?;
    let run = Run {
        scenario,
        clock,
        target,
    };
    say("setting up sessions, with and without a flood of ClientHellos");
    let (set_ups, hellos) = run.set_ups().await?;
    say("watching, with and without a flood of binding requests");
    let (watched, requests, n_sessions) = run.watch().await?;
    publisher.leave()?;
    Ok(Outcome {
        set_ups,
        hellos,
        watched,
        requests,
        n_sessions,
    })
}

struct Run<'s> {
    scenario: &'s Scenario,
    clock: Clock,
    target: Target,
}

impl Run<'_> {
    async fn set_ups(&self) -> Result<(Pair<SetUps>, Flood), HostileError> {
        let mut pair: Pair<SetUps> = Pair::default();
        let before = self.page().await?.n_dropped(&ClientHellos::REASONS);
        let mut attacked = Attacked::default();
        for _ in 0..N_BLOCKS {
            self.set_up(&mut pair.calm).await?;
            let hellos = ClientHellos;
            let attacker = self.attack(hellos, self.scenario.hellos_per_second)?;
            self.set_up(&mut pair.flooded).await?;
            attacked.add(attacker.stop()?);
        }
        let n_rejected = self
            .rejected(before, attacked.n_sent, &ClientHellos::REASONS)
            .await?;
        let flood = Flood {
            wanted_per_second: self.scenario.hellos_per_second,
            attacked,
            n_rejected,
        };
        Ok((pair, flood))
    }

    /// One block of sessions, which leave together.
    async fn set_up(&self, set_ups: &mut SetUps) -> Result<(), HostileError> {
        let n_wanted = self.scenario.n_setups.div_ceil(usize::from(N_BLOCKS));
        let crowd = self.crowd(n_wanted).await?;
        let tally = crowd.count(Published::default())?;
        crowd.leave()?;
        set_ups.n_wanted += n_wanted;
        set_ups.n_connected += tally.n_receiving;
        set_ups.took.extend(tally.joins_since(Instant::START));
        Ok(())
    }

    async fn watch(&self) -> Result<(Pair<Watched>, Flood, (u64, u64)), HostileError> {
        let crowd = self.crowd(self.scenario.n_viewers).await?;
        let mut pair: Pair<Watched> = Pair::default();
        let mut attacked = Attacked::default();
        // The first block fills what the server keeps for players: it counts for nobody.
        self.watch_block(&crowd, &mut Watched::default()).await?;
        let page = self.page().await?;
        let before = page.n_dropped(&BindingRequests::REASONS);
        let no_metric = HostileError::NoMetric(metrics::SESSIONS);
        let n_before = page.n_sessions().ok_or(no_metric)?;
        for _ in 0..N_BLOCKS {
            self.watch_block(&crowd, &mut pair.calm).await?;
            let requests = BindingRequests::new(&self.target);
            let attacker = self.attack(requests, self.scenario.requests_per_second)?;
            self.watch_block(&crowd, &mut pair.flooded).await?;
            attacked.add(attacker.stop()?);
        }
        let n_rejected = self
            .rejected(before, attacked.n_sent, &BindingRequests::REASONS)
            .await?;
        let no_metric = HostileError::NoMetric(metrics::SESSIONS);
        let n_after = self.page().await?.n_sessions().ok_or(no_metric)?;
        crowd.leave()?;
        let flood = Flood {
            wanted_per_second: self.scenario.requests_per_second,
            attacked,
            n_rejected,
        };
        Ok((pair, flood, (n_before, n_after)))
    }

    async fn watch_block(&self, crowd: &Crowd, watched: &mut Watched) -> Result<(), HostileError> {
        let mut window = tokio::time::interval(self.scenario.watched / u32::from(N_BLOCKS));
        window.tick().await;
        crowd.begin_window()?;
        let server = self.scenario.server;
        let resident_bytes = server.resident_bytes()?;
        let (began, before) = (self.clock.now(), server.scheduled()?);
        window.tick().await;
        let after = server.scheduled()?;
        let grown_bytes = server.resident_bytes()?.saturating_sub(resident_bytes);
        watched.grown_bytes += grown_bytes;
        watched.lasted += self.clock.now() - began;
        watched.server = watched.server + after.since(before);
        let tally = crowd.count(Published::default())?;
        watched.latency.add(&tally.window.latency);
        watched.n_packets += tally.window.n_packets;
        Ok(())
    }

    async fn crowd(&self, n_players: usize) -> Result<Crowd, HostileError> {
        let crowd = Crowd::start(self.clock)?;
        let Scenario { whep, local, .. } = self.scenario;
        let joining = Joining {
            whep,
            local: *local,
            clock: self.clock,
            per_second: JOINS_PER_SECOND,
            encodings: Encodings::One,
            networks: &Mix::default(),
        };
        joining.join(0..n_players, &crowd).await?;
        Ok(crowd)
    }

    fn attack(&self, datagrams: impl Attack, per_second: u32) -> Result<Attacker, HostileError> {
        let Scenario { local, .. } = self.scenario;
        let target = self.target.address;
        Ok(Attacker::start(
            datagrams, per_second, *local, target, self.clock,
        )?)
    }

    /// What the server has rejected since `before`, once it has told of all that was sent, or when patience is at its end.
    async fn rejected(
        &self,
        before: u64,
        n_sent: u64,
        reasons: &[DropReason],
    ) -> Result<u64, HostileError> {
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        let until = self.clock.now() + COUNTERS_PATIENCE;
        loop {
            looks.tick().await;
            let n_rejected = self.page().await?.n_dropped(reasons).saturating_sub(before);
            if n_rejected >= n_sent || self.clock.now() >= until {
                return Ok(n_rejected);
            }
        }
    }

    async fn page(&self) -> Result<Page, HostileError> {
        Ok(Page::fetch(self.scenario.metrics).await?)
    }
}
