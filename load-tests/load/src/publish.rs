//! Many publishers at once, each of a stream of its own, until there has been enough of them.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use sfu_net::clock::Clock;
use tokio::time::Interval;

use crate::endpoint::Endpoint;
use crate::frame_publisher::{FramePublisher, FramesPublished};
use crate::joining::open;
use crate::pictures::PictureSource;
use crate::run_error::RunError;
use crate::session::Role;

/// Between two looks at whether there is a publisher left.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where each publisher goes, and what it sends there.
    pub streams: Vec<(Endpoint, Box<dyn PictureSource>)>,
    /// The address that their sockets have.
    pub local: IpAddr,
    /// Publishers that join in a second.
    pub joins_per_second: u32,
    /// How long they stay once all have joined; `None` for as long as they are let.
    pub stays: Option<Duration>,
}

/// What came of it. Each name says its unit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    publishers: usize,
    /// That the server did not let in.
    not_admitted: usize,
    /// Whose session ended before it was to.
    ended_early: usize,
    /// All of them together.
    published: FramesPublished,
    passed: bool,
}

impl Outcome {
    /// Every publisher was let in, and stayed.
    pub fn passed(&self) -> bool {
        self.passed
    }
}

/// Plays the scenario, which `stop` ends early. `say` is told how far it is, and what failed.
pub async fn run(
    scenario: Scenario,
    stop: impl Future<Output = io::Result<()>>,
    say: impl Fn(&str),
) -> io::Result<Outcome> {
    let clock = Clock::start();
    let mut outcome = Outcome {
        publishers: scenario.streams.len(),
        ..Outcome::default()
    };
    let mut publishers = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / scenario.joins_per_second.max(1));
    for (endpoint, source) in scenario.streams {
        pace.tick().await;
        let role = Role::FramePublisher(source.codec());
        match open(&endpoint, role, scenario.local, clock).await {
            Ok(joined) => publishers.push(FramePublisher::start(joined.session, source, clock)?),
            Err(RunError::System(error)) => return Err(error),
            Err(refused) => {
                outcome.not_admitted += 1;
                say(&refused.to_string());
            }
        }
    }
    say(&format!("{} publish", publishers.len()));
    let looks = tokio::time::interval(LOOK_INTERVAL);
    tokio::select! {
        stopped = stop => stopped?,
        () = stay(&publishers, looks, scenario.stays) => {}
    }
    for publisher in publishers {
        let (published, ended) = publisher.leave();
        outcome.published.add(published);
        if let Err(error) = ended {
            outcome.ended_early += 1;
            say(&error.to_string());
        }
    }
    outcome.passed = outcome.not_admitted == 0 && outcome.ended_early == 0;
    Ok(outcome)
}

/// Until it has been long enough, or nobody is left.
async fn stay(publishers: &[FramePublisher], mut looks: Interval, stays: Option<Duration>) {
    let n_looks = stays.map_or(u64::MAX, |stays| stays.as_secs().max(1));
    looks.tick().await;
    for _ in 0..n_looks {
        looks.tick().await;
        if publishers.iter().all(FramePublisher::has_ended) {
            return;
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let published = self.published;
        let rows: [(&str, u64); 10] = [
            ("publishers", self.publishers as u64),
            ("not let in", self.not_admitted as u64),
            ("sessions that ended early", self.ended_early as u64),
            ("pictures", published.pictures),
            ("keyframes", published.keyframes),
            ("pictures that left late", published.late),
            ("pictures that were left out", published.left_out),
            ("RTP packets, repairs included", published.packets),
            ("keyframe requests", published.keyframe_requests),
            (
                "datagrams our own sockets refused",
                published.refused as u64,
            ),
        ];
        for (name, figure) in rows {
            writeln!(f, "{name:<38} {figure:>14}")?;
        }
        match self.passed {
            true => Ok(()),
            false => writeln!(f, "FAILED: a publisher was not let in, or did not stay"),
        }
    }
}
