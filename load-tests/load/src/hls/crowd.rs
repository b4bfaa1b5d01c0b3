//! Viewers join, and then they are measured.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sfu_net::clock::Clock;
use tokio::task::JoinSet;

use super::figures::Figures;
use super::multivariant::Choice;
use super::pass::pass;
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
    /// What the server used of the CPUs.
    pub server: Option<Scheduled>,
    /// Its memory before anybody joined, and at the end.
    pub server_bytes: Option<(u64, u64)>,
    /// What this program used of the CPUs.
    pub own: Scheduled,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrowdError {
    /// There is nothing to watch.
    #[error("{0}")]
    Stream(#[from] StreamError),
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
    Ok(Outcome {
        n_viewers: scenario.n_viewers,
        n_tracks,
        lasted,
        figures: desk.take(),
        server: server.map(|(after, before)| after.since(before)),
        server_bytes: idle_bytes.zip(full_bytes),
        own,
    })
}

fn scheduled(scenario: &Scenario) -> io::Result<Option<Scheduled>> {
    scenario.server.map(|server| server.scheduled()).transpose()
}

fn resident_bytes(scenario: &Scenario) -> io::Result<Option<u64>> {
    let server = scenario.server;
    server.map(|server| server.resident_bytes()).transpose()
}
