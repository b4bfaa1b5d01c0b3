//! What scenarios are played on: a publisher that sends, and a crowd that grows.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use sfu_net::clock::Clock;

use crate::crowd::Crowd;
use crate::endpoint::Endpoint;
use crate::joining::{Joining, open, wait_until};
use crate::network::{Mix, Profile};
use crate::proc::{Process, Scheduled};
use crate::publisher::{Media, Published, Publisher};
use crate::run_error::RunError;
use crate::session::Role;
use crate::tally::Tallies;

/// How long a lost packet may take to be repaired after it was sent: a few round trips and the engines' feedback intervals.
const REPAIR_PATIENCE: Duration = Duration::from_secs(3);

/// How long players may take to get the best encoding: the estimate of a path begins low and is raised by a few percent a
/// second, and by probes.
const CLIMB_PATIENCE: Duration = Duration::from_secs(30);

/// Where a scenario is set, and with what.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Where the publisher goes.
    pub whip: Endpoint,
    /// Where the players go.
    pub whep: Endpoint,
    /// The address that their sockets have.
    pub local: IpAddr,
    /// What the publisher sends.
    pub media: Media,
    /// Players that join in a second.
    pub joins_per_second: u32,
    /// What lies between each player and the server.
    pub networks: Mix,
    /// The server, if what it uses is to be measured.
    pub server: Option<Process>,
}

impl Setting {
    /// The same with this between the first player and the server.
    #[must_use]
    pub(crate) fn with_first_player_on(&self, network: Profile) -> Self {
        let networks = self.networks.clone().with_first_on(network);
        Self {
            networks,
            ..self.clone()
        }
    }
}

/// What a window of time gave.
#[derive(Debug)]
pub struct Measured {
    /// How long it was.
    pub lasted: Duration,
    /// What players got within it.
    pub window: Tallies,
    /// What the server used for that.
    pub server: Option<ServerUse>,
    /// What this program got of the CPUs.
    pub own: Scheduled,
}

/// What the server used.
#[derive(Clone, Copy, Debug)]
pub struct ServerUse {
    /// Of the CPUs, within the window.
    pub scheduled: Scheduled,
    /// Memory with the publisher alone, and with every player.
    pub resident_bytes: (u64, u64),
}

impl ServerUse {
    /// Of the CPUs, for each packet that a player got, in microseconds.
    pub fn us_per_packet(&self, n_packets: u64) -> f64 {
        self.scheduled.ran.as_secs_f64() * 1e6 / n_packets.max(1) as f64
    }

    /// Memory that each player costs.
    pub fn bytes_per_viewer(&self, n_viewers: usize) -> u64 {
        let (idle, full) = self.resident_bytes;
        full.saturating_sub(idle) / n_viewers.max(1) as u64
    }
}

/// A publisher that sends and the players that watch it.
pub(crate) struct Stage<'s> {
    setting: &'s Setting,
    pub(crate) clock: Clock,
    pub(crate) publisher: Publisher,
    pub(crate) crowd: Crowd,
    /// The server's memory with everything in place but players.
    idle_bytes: Option<u64>,
    n_players: usize,
}

impl<'s> Stage<'s> {
    /// The publisher begins. The first player's POST waits until its stream is live.
    pub(crate) async fn open(setting: &'s Setting) -> Result<Self, RunError> {
        let clock = Clock::start();
        let role = Role::Publisher(setting.media.encodings);
        let joined = open(&setting.whip, role, setting.local, clock).await?;
        Ok(Self {
            setting,
            clock,
            publisher: Publisher::start_with(joined.session, setting.media, clock)?,
            crowd: Crowd::start(clock)?,
            idle_bytes: resident_bytes(setting)?,
            n_players: 0,
        })
    }

    /// Players join until there are so many, and get the best that their paths carry.
    pub(crate) async fn grow(&mut self, n_players: usize) -> Result<(), RunError> {
        let joining = Joining {
            whep: &self.setting.whep,
            local: self.setting.local,
            clock: self.clock,
            per_second: self.setting.joins_per_second,
            encodings: self.setting.media.encodings,
            networks: &self.setting.networks,
        };
        joining.join(self.n_players..n_players, &self.crowd).await?;
        self.n_players = n_players;
        self.climb().await
    }

    /// Waits until everybody whose path carries it has the best encoding, or patience is at its end: what a path carries takes a
    /// while to find out.
    async fn climb(&self) -> Result<(), RunError> {
        let best = self.setting.media.encodings.best();
        let is_there = |tallies: &Tallies| {
            let clean = tallies.of(Profile::Clean);
            clean.is_none_or(|tally| tally.n_at.get(best) == Some(&tally.n_alive))
        };
        wait_until(&self.crowd, Published::default(), CLIMB_PATIENCE, is_there).await
    }

    /// All players leave, and those who come from here on do so in this setting, of the same stream.
    pub(crate) fn empty(&mut self, setting: &'s Setting) -> Result<(), RunError> {
        let crowd = std::mem::replace(&mut self.crowd, Crowd::start(self.clock)?);
        crowd.leave()?;
        self.setting = setting;
        self.n_players = 0;
        Ok(())
    }

    /// The window: what players get in it, and what the server and this program use for that.
    pub(crate) async fn measure(&self, lasted: Duration) -> Result<Measured, RunError> {
        let this = Process::new(std::process::id());
        let server = self.setting.server;
        let look = || -> io::Result<(Option<Scheduled>, Scheduled)> {
            let server = server.map(|p| p.scheduled()).transpose()?;
            Ok((server, this.scheduled()?))
        };
        let mut window = tokio::time::interval(lasted);
        window.tick().await;
        self.crowd.begin_window()?;
        let (server_before, own_before) = look()?;
        window.tick().await;
        let window = self.crowd.count_each(Published::default())?;
        let (server_after, own_after) = look()?;
        let scheduled = server_after.zip(server_before);
        let full_bytes = resident_bytes(self.setting)?;
        let server = match (scheduled, self.idle_bytes, full_bytes) {
            (Some((after, before)), Some(idle), Some(full)) => Some(ServerUse {
                scheduled: after.since(before),
                resident_bytes: (idle, full),
            }),
            _ => None,
        };
        Ok(Measured {
            lasted,
            window,
            server,
            own: own_after.since(own_before),
        })
    }

    /// The players once everything that could be repaired of what was published is, but so many that were given up before, or
    /// when patience is at its end.
    pub(crate) async fn settle(
        &self,
        published: Published,
        n_given_up: u64,
    ) -> Result<Tallies, RunError> {
        // What a poor path has lost never comes.
        let is_settled = |tallies: &Tallies| {
            let waited_for = tallies
                .iter()
                .filter(|(network, _)| **network != Profile::Poor);
            waited_for.map(|(_, tally)| tally.n_lost).sum::<u64>() <= n_given_up
        };
        wait_until(&self.crowd, published, REPAIR_PATIENCE, is_settled).await?;
        Ok(self.crowd.count_each(published)?)
    }

    /// Everybody leaves.
    pub(crate) fn leave(self) -> Result<(), RunError> {
        self.crowd.leave()?;
        Ok(self.publisher.leave()?)
    }
}

fn resident_bytes(setting: &Setting) -> io::Result<Option<u64>> {
    setting.server.map(|p| p.resident_bytes()).transpose()
}
