//! `freshet-emulator`: a path between this network namespace and one of its own.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use freshet_emulator::carrier::Carrier;
use freshet_emulator::device::End;
use freshet_emulator::path::Path;
use freshet_emulator::reply::Reply;

/// A path to a network namespace of its own, as the simulator's networks are, in real time.
///
/// Two TUN devices are the ends: `near` (10.87.0.1) in the namespace that this is started in, `far` (10.87.0.2) in a new
/// one, which a program enters with the `nsenter` command that is printed. All that the two exchange meets the path's
/// latency, loss, and bottleneck. It takes root or a user namespace of one's own: scripts/in_namespace.sh gives both a
/// namespace and, to a person who is not root, the right to use it.
///
/// A line of the input changes the path from then on, with the options below: `--profile cut`, `--ways down --loss 50`.
/// What a line leaves out is as the profile says, not as it was. `statistics` tells what became of the packets so far. At
/// the end of the input (Ctrl-D) the emulator tells it once more, and ends.
#[derive(Debug, Parser)]
#[command(name = "freshet-emulator", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    path: Path,
    /// What chance is drawn from: one seed loses the same packets of a stream, by SSRC and number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A line of JSON for everything that is said
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match carry(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that stderr is closed.
            let _ = writeln!(std::io::stderr(), "freshet-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry(cli: Cli) -> Result<(), Box<dyn Error>> {
    let reply = |reply: Reply| {
        let text = if cli.json {
            serde_json::to_string(&reply)? + "\n"
        } else {
            reply.to_string()
        };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    };
    // Before any thread is started: each would stay in the namespace that it began in.
    let near = End::near()?;
    let far = End::far()?;
    Ok(Carrier::new(near, far, cli.seed, reply).run(cli.path)?)
}
