//! Viewers join, and then they are measured.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sfu_net::clock::Clock;
use tokio::task::JoinSet;

use super::connection::ConnectionError;
use super::figures::Figures;
use super::multivariant::Choice;
use super::pass::pass;
use super::slow::SlowReaders;
use super::stream::{Stream, StreamError};
use super::viewer::{Desk, Track};
use crate::proc::{Process, Scheduled, this_thread};

/// How long viewers play before they are measured: the last has filled its buffer, and nobody takes old parts any more.
const SETTLE: Duration = Duration::from_secs(4);

/// What to do.
#[derive(Clone)]
pub struct Scenario {
    /// What they watch.
    pub stream: Stream,
    /// How many.
    pub n_viewers: usize,
    /// Viewers that join in a second.
    pub joins_per_second: u32,
    /// Which pictures.
    pub choice: Choice,
    /// Sound as well, over a connection of its own.
    pub with_sound: bool,
    /// Delta updates.
    pub skips: bool,
    /// Readers of a byte a second beside them, from when the others have been measured for as long alone.
    pub n_slow: usize,
    /// How long is measured, after everybody has joined.
    pub measured: Duration,
    /// The server, if what it uses is to be measured.
    pub server: Option<Process>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Viewers, and their connections.
    pub n_viewers: usize,
    /// One for each playlist that is followed.
    pub n_tracks: usize,
    /// How long was measured.
    pub lasted: Duration,
    /// What they counted.
    pub figures: Figures,
    /// Of the slow readers.
    pub slow: Option<Slow>,
    /// What the server used of the CPUs.
    pub server: Option<Scheduled>,
    /// Its memory before anybody joined, and at the end.
    pub server_bytes: Option<(u64, u64)>,
    /// What this program used of the CPUs.
    pub own: Scheduled,
}

/// What became of readers of a byte a second.
#[derive(Clone, Debug)]
pub struct Slow {
    /// What the viewers counted for as long without them.
    pub without: Figures,
    /// Readers that the server serves to the end.
    pub n_served: usize,
    /// After how long it has cut each of the others.
    pub cut_after: Vec<Duration>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrowdError {
    /// There is nothing to watch.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// There is no connection.
    #[error("{0}")]
    Connection(#[from] ConnectionError),
    /// Operator: a process cannot be looked at.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Plays the scenario. `say` is told how far it is.
pub async fn run(
    scenario: &Scenario,
    clock: Clock,
    say: impl Fn(&str),
) -> Result<Outcome, CrowdError> {
    let desk = Arc::new(Desk::default());
    let idle_bytes = resident_bytes(scenario)?;
    let mut tracks = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / scenario.joins_per_second.max(1));
    for viewer in 0..scenario.n_viewers {
        pace.tick().await;
        let playlists = scenario
            .stream
            .tracks(scenario.choice, viewer, scenario.with_sound)?;
        for playlist in playlists {
            let track = Track {
                server: scenario.stream.server.clone(),
                playlist,
                skips: scenario.skips,
                clock,
                desk: Arc::clone(&desk),
            };
            tracks.spawn(track.follow());
        }
    }
    let n_tracks = tracks.len();
    say("everybody has joined");
    pass(SETTLE).await;
    let slow = begin_slow(scenario, clock, &desk).await?;
    let (begun_at, own) = (clock.now(), this_thread()?);
    let server = scheduled(scenario)?;
    desk.take();
    pass(scenario.measured).await;
    let server = scheduled(scenario)?.zip(server);
    let own = this_thread()?.since(own);
    let lasted = clock.now() - begun_at;
    let full_bytes = resident_bytes(scenario)?;
    // Who stalls and gets nothing more is seen at its end.
    tracks.shutdown().await;
    let slow = match slow {
        Some((readers, without)) => {
            let (n_served, cut_after) = readers.end().await;
            Some(Slow {
                without,
                n_served,
                cut_after,
            })
        }
        None => None,
    };
    Ok(Outcome {
        n_viewers: scenario.n_viewers,
        n_tracks,
        lasted,
        figures: desk.take(),
        slow,
        server: server.map(|(after, before)| after.since(before)),
        server_bytes: idle_bytes.zip(full_bytes),
        own,
    })
}

/// The slow readers, if there are to be any, and what the viewers counted before them.
async fn begin_slow(
    scenario: &Scenario,
    clock: Clock,
    desk: &Desk,
) -> Result<Option<(SlowReaders, Figures)>, CrowdError> {
    if scenario.n_slow == 0 {
        return Ok(None);
    }
    desk.take();
    pass(scenario.measured).await;
    let without = desk.take();
    let Stream { server, .. } = &scenario.stream;
    let playlists = scenario.stream.tracks(Choice::Top, 0, false)?;
    let Some(playlist) = playlists.first() else {
        return Ok(None);
    };
    let readers = SlowReaders::start(server, playlist, scenario.n_slow, clock).await?;
    Ok(Some((readers, without)))
}

fn scheduled(scenario: &Scenario) -> io::Result<Option<Scheduled>> {
    scenario.server.map(|server| server.scheduled()).transpose()
}

fn resident_bytes(scenario: &Scenario) -> io::Result<Option<u64>> {
    let server = scenario.server;
    server.map(|server| server.resident_bytes()).transpose()
}
