//! `freshet transcode-worker`, which nobody types, and what `freshet check` says of the codecs of this machine.

use std::time::Duration;

use bridge_transcode::supervisor::Supervisor;
use sfu_net::clock::Clock;
use tokio::time::timeout;

use super::output::{Failure, say};
use crate::compose::transcode;
use crate::config::settings::Config;

/// How long it may take to say what was found: as long as three processes may, of which two leave out the cards at which those
/// before them ended or kept silent.
const FOUND_WITHIN: Duration = Duration::from_secs(92);

/// Runs this process as a worker.
#[cfg(feature = "gst")]
pub(super) fn work() -> std::process::ExitCode {
    crate::logging::start("info", crate::logging::LogFormat::Human);
    bridge_transcode::worker::main()
}

/// Says what a server with this configuration would encode with: what a process finds that makes each element ready, and sends
/// pictures through those of a card.
pub(super) fn report(config: &Config) -> Result<(), Failure> {
    let Some(config) = transcode::supervisor_config(config) else {
        say(transcode::absence(config));
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the operating system refuses: {error}")))?;
    let found = runtime.block_on(async {
        let supervisor = Supervisor::start(config, Clock::start());
        timeout(FOUND_WITHIN, supervisor.probe()).await
    });
    match found {
        Ok(Some(found)) => {
            say(format_args!("codecs, the chosen in brackets: {found}"));
            Ok(())
        }
        Ok(None) | Err(_) => Err(Failure::new(
            "no worker of the transcoder says what it finds: install GStreamer as `./dev setup` does, or set \
             `transcode.enabled` to false",
        )),
    }
}
