//! Ladders that no encoder makes.

use bridge_transcode::job::RUNGS_MAX;

use super::Checks;
use crate::config::key;
use crate::config::settings::Config;

/// Lines of a rung at least: encoders in hardware take no fewer than 128 to 160 columns or lines, whichever is less.
const LINES_MIN: u16 = 90;
/// Lines of a rung at most: H.264 level 5.1 ends there, and so do most decoders.
const LINES_MAX: u16 = 2_160;
/// Bit rate of a rung at least: less is no picture, and encoders refuse it.
const KBIT_PER_SECOND_MIN: u32 = 50;
/// Bit rate of a rung at most: that of H.264 level 4.2 for the High profile.
const KBIT_PER_SECOND_MAX: u32 = 62_500;
/// Millions of pixels a second at most: two hundred cores, or twenty cards. A larger figure is one in another unit.
const MEGAPIXELS_PER_SECOND_MAX: u32 = 20_000;

/// Streams of a worker process at most: frames of about sixty find room in its queue for a second, and a crash ends them all.
const STREAMS_PER_WORKER_MAX: u32 = 64;

/// `[transcode]` and `[[rungs]]`.
pub(super) fn check(config: &Config, checks: &mut Checks<'_>) {
    if config.transcode.megapixels_per_second > MEGAPIXELS_PER_SECOND_MAX {
        let action = format!("write 0 to {MEGAPIXELS_PER_SECOND_MAX}");
        checks.refuse("transcode.megapixels_per_second", "too much", action);
    }
    if config.transcode.streams_per_worker > STREAMS_PER_WORKER_MAX {
        let action = format!("write 0 to {STREAMS_PER_WORKER_MAX}");
        checks.refuse("transcode.streams_per_worker", "too many", action);
    }
    for (index, rung) in config.rungs.iter().enumerate() {
        let key = |name: &str| format!("{}.{index}.{name}", key::RUNGS);
        if !(LINES_MIN..=LINES_MAX).contains(&rung.lines) {
            let action = format!("write {LINES_MIN} to {LINES_MAX}");
            checks.refuse(&key("lines"), "no encoder makes so many", action);
        }
        if !(KBIT_PER_SECOND_MIN..=KBIT_PER_SECOND_MAX).contains(&rung.kbit_per_second) {
            let action = format!("write {KBIT_PER_SECOND_MIN} to {KBIT_PER_SECOND_MAX}");
            checks.refuse(&key("kbit_per_second"), "no bit rate of pictures", action);
        }
        let earlier = config.rungs.iter().take(index);
        let is_there = earlier.clone().any(|other| other.lines == rung.lines);
        if is_there {
            let what = format!("there is a rung of {} lines already", rung.lines);
            checks.refuse(&key("lines"), what, "remove one of them");
        }
        if index >= RUNGS_MAX {
            let what = format!("more than {RUNGS_MAX} rungs");
            checks.refuse(&key("lines"), what, "remove some");
            return;
        }
    }
}
