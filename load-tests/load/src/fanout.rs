//! One stream, many players: does every packet arrive, how late, and what does it cost the server?

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use sfu_model::time::Instant;
use sfu_net::clock::Clock;

use crate::crowd::{Crowd, CrowdEnded, Tally};
use crate::endpoint::Endpoint;
use crate::proc::{Process, Scheduled};
use crate::publisher::{Published, Publisher};
use crate::session::{Role, Session, SessionError};
use crate::subscriber::Subscriber;

/// Players that join in a second. The server lets in 20 a second from one address (after a burst of 64); a crowd that
/// came faster would measure that limit.
const JOINS_PER_SECOND: u32 = 16;

/// How long the last player may take to receive both tracks.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// How long a lost packet may take to be repaired after the publisher has fallen silent: a few round trips and the
/// engines' feedback intervals.
const REPAIR_PATIENCE: Duration = Duration::from_secs(3);

/// How often the crowd is asked how it does while something is awaited.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where the publisher goes.
    pub whip: Endpoint,
    /// Where the players go.
    pub whep: Endpoint,
    /// The address that their sockets have.
    pub local: IpAddr,
    /// Players.
    pub n_viewers: usize,
    /// How long is measured, after everybody has joined.
    pub measured: Duration,
    /// Of the video.
    pub bitrate_bps: u32,
    /// The server, if what it uses is to be measured.
    pub server: Option<Process>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Players that were asked for.
    pub n_viewers: usize,
    /// How long was measured.
    pub measured: Duration,
    /// What the publisher sent.
    pub published: Published,
    /// The players at the end of the window.
    pub window: Tally,
    /// The players when everything that could be repaired was.
    pub settled: Tally,
    /// What the server used.
    pub server: Option<ServerUse>,
    /// What this program got of the CPUs within the window.
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

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FanoutError {
    /// The server does not let us in.
    #[error("{0}")]
    Http(#[from] whip_whep_client::error::Error),
    /// A session of ours failed.
    #[error("{0}")]
    Session(#[from] SessionError),
    /// The players are gone.
    #[error("{0}")]
    Crowd(#[from] CrowdEnded),
    /// Operator: a process or a thread cannot be looked at or started.
    #[error("{0}")]
    System(#[from] io::Error),
    /// The publisher's session ended before the scenario did.
    #[error("the publisher's session has ended")]
    PublisherEnded,
}

/// Plays the scenario. `say` is told how far it is.
pub async fn run(scenario: &Scenario, say: impl Fn(&str)) -> Result<Outcome, FanoutError> {
    let clock = Clock::start();
    let (session, _) = open(&scenario.whip, Role::Publisher, scenario.local, clock).await?;
    let publisher = Publisher::start(session, scenario.bitrate_bps, clock)?;
    let crowd = Crowd::start(clock)?;
    // The first player's POST waits until the stream is live: memory is looked at with everything in place but players.
    let idle_bytes = resident_bytes(scenario)?;
    join_all(scenario, &crowd, clock).await?;
    wait_until(&crowd, Published::default(), JOIN_PATIENCE, |tally| {
        tally.n_receiving == scenario.n_viewers
    })
    .await?;
    say("everybody has joined");
    let (window, server_scheduled, own) = measure(scenario, &crowd).await?;
    let server = match (server_scheduled, idle_bytes, resident_bytes(scenario)?) {
        (Some(scheduled), Some(idle), Some(full)) => Some(ServerUse {
            scheduled,
            resident_bytes: (idle, full),
        }),
        _ => None,
    };
    say("measured; waiting for repairs");
    let published = publisher.fall_silent().ok_or(FanoutError::PublisherEnded)?;
    let settled = wait_until(&crowd, published, REPAIR_PATIENCE, |t| t.n_lost == 0).await?;
    crowd.leave()?;
    publisher.leave()?;
    Ok(Outcome {
        n_viewers: scenario.n_viewers,
        measured: scenario.measured,
        published,
        window,
        settled,
        server,
        own,
    })
}

/// A session with its answer, and when its POST began. It ends by DTLS, without DELETE: the server limits those, too.
async fn open(
    endpoint: &Endpoint,
    role: Role,
    local: IpAddr,
    clock: Clock,
) -> Result<(Session, Instant), FanoutError> {
    let (mut session, offering) = Session::offer(role, local, clock)?;
    let (opened, posted_at) = endpoint.open(&offering.sdp, clock).await?;
    session.accept(offering, &opened.answer)?;
    Ok((session, posted_at))
}

async fn join_all(scenario: &Scenario, crowd: &Crowd, clock: Clock) -> Result<(), FanoutError> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / JOINS_PER_SECOND);
    for _ in 0..scenario.n_viewers {
        pace.tick().await;
        let (session, posted_at) =
            open(&scenario.whep, Role::Subscriber, scenario.local, clock).await?;
        crowd.join(Subscriber::new(session, posted_at))?;
    }
    Ok(())
}

/// The tally once it satisfies, or when patience is at its end.
async fn wait_until(
    crowd: &Crowd,
    published: Published,
    patience: Duration,
    is_enough: impl Fn(&Tally) -> bool,
) -> Result<Tally, FanoutError> {
    let n_looks = patience.as_millis() / LOOK_INTERVAL.as_millis();
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    let mut tally = crowd.count(published)?;
    for _ in 0..n_looks {
        if is_enough(&tally) {
            break;
        }
        looks.tick().await;
        tally = crowd.count(published)?;
    }
    Ok(tally)
}

/// The window: what players got in it, and what the server and this program used for that.
async fn measure(
    scenario: &Scenario,
    crowd: &Crowd,
) -> Result<(Tally, Option<Scheduled>, Scheduled), FanoutError> {
    let this = Process::new(std::process::id());
    let look = || -> io::Result<(Option<Scheduled>, Scheduled)> {
        let server = scenario.server.map(|p| p.scheduled()).transpose()?;
        Ok((server, this.scheduled()?))
    };
    let mut window = tokio::time::interval(scenario.measured);
    window.tick().await;
    crowd.begin_window()?;
    let (server_before, own_before) = look()?;
    window.tick().await;
    let tally = crowd.count(Published::default())?;
    let (server_after, own_after) = look()?;
    let server = server_after.zip(server_before);
    let server = server.map(|(after, before)| after.since(before));
    Ok((tally, server, own_after.since(own_before)))
}

fn resident_bytes(scenario: &Scenario) -> io::Result<Option<u64>> {
    scenario.server.map(|p| p.resident_bytes()).transpose()
}
