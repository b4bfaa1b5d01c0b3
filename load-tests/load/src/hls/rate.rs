//! The same answer as often as the server gives it: connections that ask again as soon as they are answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use sfu_net::clock::Clock;
use tokio::task::JoinSet;
use url::Url;

use super::connection::{Connection, ConnectionError, Server};
use super::pass::pass;
use super::playlist::Playlist;
use super::stream::{Stream, StreamError};
use crate::proc::{Process, Scheduled, this_thread};
use crate::table::or_dash;

/// How long is asked before it is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// The media playlist, as it is
    Playlist,
    /// The newest part when the run begins
    Part,
    /// A name that the server has nothing for: what a request costs without an answer
    Nothing,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// There is nothing to ask for.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// A connection broke.
    #[error("{0}")]
    Connection(#[from] ConnectionError),
    /// The playlist lists no part.
    #[error("{0} lists no part")]
    NoPart(Url),
    /// Operator: a process cannot be looked at.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// What came of it. Each name says its unit.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    object: Object,
    body_bytes: usize,
    requests: u64,
    not_ok: u64,
    measured_secs: f64,
    requests_per_second: f64,
    server_cores: Option<f64>,
    /// For each second that the server had of a CPU.
    requests_per_core_second: Option<f64>,
    requests_per_core_second_min: Option<f64>,
    server_us_per_request: Option<f64>,
    load_cores: f64,
    passed: bool,
}

impl Outcome {
    /// The bar was kept, and every answer was what it had to be.
    pub fn passed(&self) -> bool {
        self.passed
    }
}

/// What to do.
#[derive(Clone)]
pub struct Scenario {
    /// Whose.
    pub stream: Stream,
    /// Its media playlist.
    pub playlist: Url,
    /// What.
    pub object: Object,
    /// Over so many connections.
    pub n_connections: usize,
    /// For so long.
    pub measured: Duration,
    /// The server, if what it uses is to be measured.
    pub server: Option<Process>,
    /// Requests for each second of a CPU that there must be.
    pub per_core_min: Option<f64>,
}

/// Plays the scenario.
pub async fn run(scenario: &Scenario, clock: Clock) -> Result<Outcome, RateError> {
    let server = &scenario.stream.server;
    let path = path_of(scenario, server, clock).await?;
    let expected = if scenario.object == Object::Nothing {
        404
    } else {
        200
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let counts = Arc::new(Counts::default());
    let mut tasks = JoinSet::new();
    for _ in 0..scenario.n_connections {
        let connection = server.connect(clock).await?;
        let (is_over, counts) = (Arc::clone(&is_over), Arc::clone(&counts));
        tasks.spawn(ask(connection, path.clone(), expected, is_over, counts));
    }
    pass(WARM_UP).await;
    let look = || {
        Ok::<_, io::Error>((
            clock.now(),
            this_thread()?,
            counts.read(),
            scheduled(scenario)?,
        ))
    };
    let before = look()?;
    pass(scenario.measured).await;
    let after = look()?;
    is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::from)??;
    }
    let lasted = (after.0 - before.0).as_secs_f64();
    let own = after.1.since(before.1).ran.as_secs_f64();
    let ran = after
        .3
        .zip(before.3)
        .map(|(after, before)| after.since(before).ran.as_secs_f64());
    let requests = after.2.0.saturating_sub(before.2.0);
    let not_ok = after.2.1.saturating_sub(before.2.1);
    let per_core = ran.map(|ran| requests as f64 / ran);
    let is_fast = match (scenario.per_core_min, per_core) {
        (Some(least), Some(per_core)) => per_core >= least,
        (Some(_), None) => false,
        (None, _) => true,
    };
    Ok(Outcome {
        object: scenario.object,
        body_bytes: counts.body_bytes(),
        requests,
        not_ok,
        measured_secs: lasted,
        requests_per_second: requests as f64 / lasted,
        server_cores: ran.map(|ran| ran / lasted),
        requests_per_core_second: per_core,
        requests_per_core_second_min: scenario.per_core_min,
        server_us_per_request: per_core.map(|per_core| 1e6 / per_core),
        load_cores: own / lasted,
        passed: is_fast && not_ok == 0 && requests > 0,
    })
}

/// Answers so far, and those of them that were others than expected.
#[derive(Debug, Default)]
struct Counts(std::sync::Mutex<(u64, u64, usize)>);

impl Counts {
    fn count(&self, is_ok: bool, body_bytes: usize) {
        let mut counts = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *counts = (counts.0 + 1, counts.1 + u64::from(!is_ok), body_bytes);
    }

    fn read(&self) -> (u64, u64) {
        let counts = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        (counts.0, counts.1)
    }

    fn body_bytes(&self) -> usize {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .2
    }
}

async fn ask(
    mut connection: Connection,
    path: String,
    expected: u16,
    is_over: Arc<AtomicBool>,
    counts: Arc<Counts>,
) -> Result<(), ConnectionError> {
    while !is_over.load(Ordering::Relaxed) {
        let answer = connection.get(&path).await?;
        counts.count(answer.status == expected, answer.body.len());
    }
    Ok(())
}

async fn path_of(scenario: &Scenario, server: &Server, clock: Clock) -> Result<String, RateError> {
    let playlist = &scenario.playlist;
    match scenario.object {
        Object::Playlist => Ok(playlist.path().to_owned()),
        Object::Nothing => Ok(format!("{}-of-nothing", playlist.path())),
        Object::Part => {
            let answer = server.connect(clock).await?.get(playlist.path()).await?;
            let listed = Playlist::parse(&String::from_utf8_lossy(&answer.body));
            let parts = listed.map(|listed| listed.parts).unwrap_or_default();
            let newest = parts.iter().rfind(|part| !part.is_gap);
            let url = newest.and_then(|part| playlist.join(&part.uri).ok());
            let url = url.ok_or_else(|| RateError::NoPart(playlist.clone()))?;
            Ok(url.path().to_owned())
        }
    }
}

fn scheduled(scenario: &Scenario) -> io::Result<Option<Scheduled>> {
    scenario.server.map(|server| server.scheduled()).transpose()
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_core = self.requests_per_core_second.map(f64::round);
        let cost = self.server_us_per_request.map(|us| format!("{us:.1}"));
        let cores = self.server_cores.map(|cores| format!("{cores:.2}"));
        let rows = [
            ("bytes of a body", self.body_bytes.to_string()),
            ("requests", self.requests.to_string()),
            ("answers that were others", self.not_ok.to_string()),
            ("seconds", format!("{:.1}", self.measured_secs)),
            (
                "requests per second",
                format!("{:.0}", self.requests_per_second),
            ),
            ("server: cores", or_dash(cores)),
            ("server: requests per second of a core", or_dash(per_core)),
            ("server: microseconds per request", or_dash(cost)),
            ("load: cores", format!("{:.2}", self.load_cores)),
        ];
        for (name, figure) in rows {
            writeln!(f, "{name:<38} {figure:>14}")?;
        }
        if !self.passed {
            writeln!(f, "FAILED: fewer requests than the bar, or other answers")?;
        }
        Ok(())
    }
}
