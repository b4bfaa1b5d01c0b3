//! Notices that files change.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often files are looked at. A renewed certificate and a stream made on the command line are in force within it;
/// two `stat` calls per second cost nothing, and unlike inotify they work on network and overlay file systems.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// What is compared of a file. A rename into place changes the inode even where the clock is coarse.
type Stamp = Option<(u64, u64, Option<SystemTime>)>;

/// Files, and how they looked last.
pub(crate) struct FileWatch {
    paths: Vec<PathBuf>,
    seen: Vec<Stamp>,
    interval: Interval,
}

impl FileWatch {
    /// Watches these files from how they look at this moment on. A file that is not there yet may appear.
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        let mut interval = interval(POLL_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let seen = paths.iter().map(stamp).collect();
        Self {
            paths,
            seen,
            interval,
        }
    }

    /// Waits until one of them looks different.
    pub(crate) async fn changed(&mut self) {
        loop {
            self.interval.tick().await;
            let seen: Vec<Stamp> = self.paths.iter().map(stamp).collect();
            if seen != self.seen {
                self.seen = seen;
                return;
            }
        }
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.modified().ok()))
}
