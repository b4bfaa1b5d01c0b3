//! What the SFU's core costs for each packet that it forwards: `./dev bench core`.
//!
//! One publisher, one worker, a hundred subscribers, all with keys that they agreed on. The publisher's packets are sealed
//! beforehand; what is timed is a worker's turn and nothing else: `handle_datagram`, then `poll_transmit` until nothing is
//! left. In turn with it, a bare AES-256-GCM seal of as many bytes is timed: the work that cannot be left out, and the
//! measure of the machine. In turn with both, what it costs to follow as many paths, which this stream of one encoding does not
//! ask for; and the same publisher's three encodings to as many viewers whose paths are estimated, with their feedback.
//!
//! Every packet of every picture is counted on its way out. In a round before the first, all viewers get them, and one of
//! them in all rounds; each must have authenticated and unpacked as many as were sent.

mod allocations;
mod cost;
mod estimation;
mod figures;
mod hostile;
mod seal;
mod stage;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use freshet_sim::world::JoinError;

use crate::estimation::Paths;
use crate::figures::{Bars, Figures, Rounds};
use crate::hostile::{Hostile, Pace};
use crate::seal::Seal;
use crate::stage::{Audience, PAYLOAD_BYTES, PICTURE_PACKETS, Stage};

/// Pictures of a round: 30,000 packets to a hundred subscribers, some tens of milliseconds. Shorter rounds alternate more
/// often, and meet the same machine; longer ones are less often a round that the machine disturbed.
const ROUND_PICTURES: usize = 30;

/// Of the three encodings the same time: of 25 pictures a second.
const ROUND_FLOW: Duration = Duration::from_millis(ROUND_PICTURES as u64 * 40);

/// What the core costs for each packet that it forwards.
#[derive(Debug, Parser)]
struct Options {
    /// Subscribers of the one publisher
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    subscribers: u16,
    /// Rounds of each kind
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rounds: u16,
    /// Fail above so many nanoseconds per packet, where packets come one at a time
    #[arg(long)]
    max_ns: Option<f64>,
    /// Fail above so many allocations per forwarded packet, beyond those of the packets that came
    #[arg(long)]
    max_allocations: Option<f64>,
    /// The same of viewers whose paths are estimated
    #[arg(long)]
    max_estimated_allocations: Option<f64>,
    /// Fail above so many allocations per packet that came
    #[arg(long)]
    max_receipt_allocations: Option<f64>,
    /// Fail above so many allocations of engines per packet forwarded to viewers whose paths are estimated
    #[arg(long)]
    max_engine_allocations: Option<f64>,
    /// Fail above so many nanoseconds per packet for the estimation of a viewer's path
    #[arg(long)]
    max_estimation_ns: Option<f64>,
    /// What `cargo bench` says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error("a participant could not join: {0:?}")]
    Join(JoinError),
    #[error("not every viewer saw a picture")]
    NotConnected,
    #[error("the node has no worker")]
    NoWorker,
    #[error("{n_packets} packets left the worker, not {expected}")]
    NotForwarded { n_packets: u64, expected: usize },
    #[error("a viewer received {received} packets, not {expected}")]
    NotReceived { received: usize, expected: usize },
    #[error("the paths were not followed")]
    NotFollowed,
    #[error("no key for the bare seal")]
    Seal(#[from] aws_lc_rs::error::Unspecified),
    #[error("the thread's clock cannot be read")]
    Clock(#[from] nix::Error),
    #[error("nobody reads the figures")]
    Output(#[from] std::io::Error),
}

impl From<JoinError> for BenchError {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).and_then(|rounds| tell(&options, &rounds)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody can be told that stderr is closed.
            let _ = writeln!(std::io::stderr(), "forward: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the figures. True when the bars were kept.
fn tell(options: &Options, rounds: &Rounds) -> Result<bool, BenchError> {
    let figures = Figures::new(rounds);
    let bars = Bars {
        ns_max: options.max_ns,
        allocations_max: options.max_allocations,
        estimated_allocations_max: options.max_estimated_allocations,
        receipt_allocations_max: options.max_receipt_allocations,
        engine_allocations_max: options.max_engine_allocations,
        estimation_ns_max: options.max_estimation_ns,
    };
    let failures = figures.failures(bars);
    let mut out = std::io::stdout();
    let (subscribers, n_rounds) = (options.subscribers, options.rounds);
    writeln!(
        out,
        "one publisher to {subscribers} subscribers, {PAYLOAD_BYTES} bytes a packet, {n_rounds} rounds of each kind"
    )?;
    write!(out, "{figures}")?;
    for failure in &failures {
        writeln!(out, "FAILED: {failure}")?;
    }
    Ok(failures.is_empty())
}

fn run(options: &Options) -> Result<Rounds, BenchError> {
    let mut stage = Stage::new(usize::from(options.subscribers))?;
    let mut seal = Seal::new(PAYLOAD_BYTES)?;
    let mut simulcast = Stage::simulcast(usize::from(options.subscribers))?;
    let mut paths = Paths::new(usize::from(options.subscribers));
    let mut hostile = Hostile::new()?;
    let mut rounds = Rounds::default();
    paths.round(ROUND_PICTURES)?;
    stage.round(ROUND_PICTURES, 1, Audience::All)?;
    let listener = stage.first_viewer();
    for _ in 0..options.rounds {
        let one = stage.round(ROUND_PICTURES, 1, listener)?;
        let picture = stage.round(ROUND_PICTURES, usize::from(PICTURE_PACKETS), listener)?;
        rounds.estimated.push(simulcast.flow(ROUND_FLOW)?);
        rounds.estimation.push(paths.round(ROUND_PICTURES)?);
        rounds.bare_seal.push(seal.round(one.n_packets)?);
        rounds.nacks_heard.push(hostile.nacks(Pace::Heard)?);
        rounds.nacks_flood.push(hostile.nacks(Pace::Flood)?);
        rounds.feedback_heard.push(hostile.feedback(Pace::Heard)?);
        rounds.feedback_flood.push(hostile.feedback(Pace::Flood)?);
        rounds.one_at_a_time.push(one);
        rounds.picture_at_once.push(picture);
    }
    if !paths.are_followed() {
        return Err(BenchError::NotFollowed);
    }
    Ok(rounds)
}
