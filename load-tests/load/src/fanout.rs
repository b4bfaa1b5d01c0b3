//! One stream, many players: does every packet arrive, how late, and what does it cost the server?

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tokio::task::JoinSet;
use whip_whep_client::client::Reply;

use crate::crowd::{Crowd, CrowdEnded, Tally};
use crate::endpoint::Endpoint;
use crate::proc::{Process, Scheduled};
use crate::publisher::{Media, Published, Publisher};
use crate::session::{Role, Session, SessionError};
use crate::subscriber::Subscriber;

/// Players that join in a second. The server lets in 20 a second from one address (after a burst of 64); a crowd that
/// came faster would measure that limit.
pub const JOINS_PER_SECOND: u32 = 16;

/// How long the last player may take to receive both tracks.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// How long a lost packet may take to be repaired after the publisher has fallen silent: a few round trips and the
/// engines' feedback intervals.
const REPAIR_PATIENCE: Duration = Duration::from_secs(3);

/// How often the crowd is asked how it does while something is awaited.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(100);

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
    /// What the publisher sends.
    pub media: Media,
    /// Players that join in a second.
    pub joins_per_second: u32,
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
    let joined = open(&scenario.whip, Role::Publisher, scenario.local, clock).await?;
    let publisher = Publisher::start_with(joined.session, scenario.media, clock)?;
    let crowd = Crowd::start(clock)?;
    // The first player's POST waits until the stream is live: memory is looked at with everything in place but players.
    let idle_bytes = resident_bytes(scenario)?;
    let Scenario { whep, local, .. } = scenario;
    let players = (scenario.n_viewers, scenario.joins_per_second);
    join_at(players, whep, *local, &crowd, clock).await?;
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

/// A session that has its answer.
pub(crate) struct Joined {
    pub(crate) session: Session,
    /// The server's SDP.
    pub(crate) answer: String,
    /// When its POST began.
    pub(crate) posted_at: Instant,
}

/// Posts an offer and takes the answer. The session ends by DTLS, without DELETE: the server limits those, too.
pub(crate) async fn open(
    endpoint: &Endpoint,
    role: Role,
    local: IpAddr,
    clock: Clock,
) -> Result<Joined, FanoutError> {
    let (mut session, offering) = Session::offer(role, local, clock)?;
    let (reply, posted_at) = endpoint.open(&offering.sdp, clock).await?;
    let description = match reply {
        Reply::Answered(opened) => {
            session.accept(offering, &opened.answer)?;
            opened.answer
        }
        Reply::Countered(countered) => {
            let answer = session.accept_counter_offer(&countered.offer)?;
            countered.session.answer(&answer).await?;
            countered.offer
        }
    };
    Ok(Joined {
        session,
        answer: description,
        posted_at,
    })
}

/// Players join a crowd at the pace that any server's limits let one address join.
pub(crate) async fn join(
    n_players: usize,
    whep: &Endpoint,
    local: IpAddr,
    crowd: &Crowd,
    clock: Clock,
) -> Result<(), FanoutError> {
    join_at((n_players, JOINS_PER_SECOND), whep, local, crowd, clock).await
}

/// Players join a crowd at a pace that no answer delays, and are waited for until both tracks have reached each of them or
/// patience is at its end.
async fn join_at(
    (n_players, per_second): (usize, u32),
    whep: &Endpoint,
    local: IpAddr,
    crowd: &Crowd,
    clock: Clock,
) -> Result<(), FanoutError> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
    let mut opening = JoinSet::new();
    let mut n_begun = 0;
    while n_begun < n_players || !opening.is_empty() {
        tokio::select! {
            _ = pace.tick(), if n_begun < n_players => {
                n_begun += 1;
                let whep = whep.clone();
                opening.spawn(async move { open(&whep, Role::Subscriber, local, clock).await });
            }
            Some(opened) = opening.join_next() => {
                let joined = opened.map_err(io::Error::from)??;
                crowd.join(Subscriber::new(joined.session, joined.posted_at))?;
            }
        }
    }
    wait_until(crowd, Published::default(), JOIN_PATIENCE, |tally| {
        tally.n_receiving == n_players && tally.joins.len() == n_players
    })
    .await?;
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
