//! Who encodes anew for the bridge: worker processes of this executable.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use bridge_server::transcode::Transcode;
use bridge_transcode::HAS_WORKER;
use bridge_transcode::ladder::{STEPS, Step};
use bridge_transcode::pool::capacity::Capacity;
use bridge_transcode::supervisor::{Config as SupervisorConfig, Supervisor};
use sfu_net::clock::Clock;
use tracing::warn;

use crate::config::settings::Config;

/// The command that makes a process a worker.
pub(crate) const WORKER_COMMAND: &str = "transcode-worker";

/// This executable, also after its file was replaced by a newer one, which may speak to its workers in other words.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Pixels a second that a core carries without being asked otherwise: 720 lines at 30 pictures a second into 720, 480 and 360
/// lines by x264 `superfast` are 56 million and took half a core. A tenth less, since media forwarding has the first right.
const PIXEL_RATE_PER_CORE: u64 = 100_000_000;

/// Streams whose pictures share a worker: on a processor each has its own, so that a crash ends one.
const STREAMS_PER_WORKER: u32 = 1;

/// Pixels a second that a card carries without being asked otherwise, where it does all that is done to them: 1080 lines at 30
/// pictures a second in all five sizes seven times. No card was measured here: it is less than half of what others tell of
/// NVIDIA's T4 (twenty times 1080 lines at 60 a second), so that a smaller card is not promised what it cannot keep.
const PIXEL_RATE_PER_CARD: u64 = 1_000_000_000;

/// Streams whose pictures share a worker on a card, and with it the card's context, which costs hundreds of megabytes of its
/// memory: twice what [`PIXEL_RATE_PER_CARD`] carries in all sizes, and what a worker's queue holds for two seconds.
const STREAMS_PER_WORKER_ON_CARD: u32 = 16;

/// Pixels a second of a machine whose card does all of it. A small card beside many cores takes nothing away: what finds no
/// session there is the processor's, which carries what it would without one.
fn card_pixel_rate(processor: u64) -> u64 {
    processor.max(PIXEL_RATE_PER_CARD)
}

/// The transcoder, on the runtime that this is called in. `None`: there is none, and the log says why.
pub(super) fn start(config: &Config, clock: Clock) -> Option<Transcode> {
    let Some(supervisor) = supervisor_config(config) else {
        warn!("{}", absence(config));
        return None;
    };
    Some(Transcode {
        supervisor: Supervisor::start(supervisor, clock),
        steps: steps(config),
    })
}

/// How workers are started. `None`: this build has none, or none are wanted.
pub(crate) fn supervisor_config(config: &Config) -> Option<SupervisorConfig> {
    let is_wanted = HAS_WORKER && config.transcode.enabled;
    let processor = processor_pixel_rate();
    let card = card_pixel_rate(processor);
    is_wanted.then(|| SupervisorConfig {
        program: PathBuf::from(THIS_PROGRAM),
        arguments: vec![OsString::from(WORKER_COMMAND)],
        capacity: capacity(config, processor, STREAMS_PER_WORKER),
        capacity_on_card: capacity(config, card, STREAMS_PER_WORKER_ON_CARD),
    })
}

/// Why nothing is encoded anew, and what follows from it.
pub(crate) fn absence(config: &Config) -> &'static str {
    match config.transcode.enabled {
        true => {
            "this build has no transcoder (the feature `gst`): HLS and DASH have sound as Opus alone, and pictures only of \
             publishers of H.264"
        }
        false => {
            "`transcode.enabled` is false: HLS and DASH have sound as Opus alone, and pictures only of publishers of H.264"
        }
    }
}

fn processor_pixel_rate() -> u64 {
    let n_cores = available_parallelism().map_or(1, |cores| cores.get() as u64);
    n_cores.saturating_mul(PIXEL_RATE_PER_CORE)
}

/// What the configuration says, and what is known of the machine where it says 0.
fn capacity(config: &Config, pixel_rate: u64, streams_per_worker: u32) -> Capacity {
    let settings = &config.transcode;
    Capacity {
        pixel_rate_max: match settings.megapixels_per_second {
            0 => pixel_rate,
            megapixels => u64::from(megapixels).saturating_mul(1_000_000),
        },
        pictures_per_worker: match settings.streams_per_worker {
            0 => streams_per_worker,
            n_streams => n_streams,
        },
    }
}

fn steps(config: &Config) -> Arc<[Step]> {
    if config.rungs.is_empty() {
        return Arc::from(STEPS);
    }
    let step = |rung: &crate::config::transcode::Rung| Step {
        lines: rung.lines,
        bit_rate_bps: rung.kbit_per_second.saturating_mul(1_000),
    };
    config.rungs.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_never_makes_less_of_a_machine_than_its_cores_are() {
        for n_cores in [1, 4, 9, 10, 11, 64] {
            let processor = n_cores * PIXEL_RATE_PER_CORE;
            let expected = processor.max(PIXEL_RATE_PER_CARD);
            assert_eq!(card_pixel_rate(processor), expected, "{n_cores} cores");
        }
        let mut config = Config::default();
        config.transcode.enabled = true;
        // A build without workers has none to say it of.
        if let Some(config) = supervisor_config(&config) {
            assert!(config.capacity_on_card.pixel_rate_max >= config.capacity.pixel_rate_max);
        }
    }

    #[test]
    fn what_is_configured_goes_before_what_is_known_of_the_machine() {
        let mut config = Config::default();
        let known = capacity(&config, 7, 16);
        assert_eq!((known.pixel_rate_max, known.pictures_per_worker), (7, 16));
        config.transcode.megapixels_per_second = 250;
        config.transcode.streams_per_worker = 3;
        let told = capacity(&config, 7, 16);
        assert_eq!(
            (told.pixel_rate_max, told.pictures_per_worker),
            (250_000_000, 3)
        );
    }
}
