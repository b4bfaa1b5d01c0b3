//! What a packager is told when its stream begins.

use std::sync::Arc;
use std::time::Duration;

use crate::dates::Zero;
use crate::latency::LatencyMode;

/// What does not change while a stream lives.
#[derive(Clone, Debug)]
pub struct Config {
    /// How its media is cut.
    pub latency: LatencyMode,
    /// The random name of this life of the stream, a segment of the URLs of its media.
    pub epoch: Arc<str>,
    /// Where the timeline of its frames begins.
    pub zero: Zero,
    /// How much its playlists list.
    pub windows: Windows,
}

/// How much media playlists list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The live playlist: every player loads it with every part.
    pub live: Duration,
    /// The DVR playlist.
    pub dvr: Duration,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            // Twice the skip boundary: a player that was away for it still finds where it was, and a delta update leaves
            // half of the list out.
            live: Duration::from_secs(24),
            dvr: Duration::from_secs(2 * 60 * 60),
        }
    }
}

impl Windows {
    /// Playlists never list less than three target durations (draft-pantos-hls-rfc8216bis section 6.2.2), and the DVR
    /// playlist lists what the live one does.
    pub(crate) fn at_least(self, hold_back: Duration) -> Self {
        let live = self.live.max(hold_back);
        Self {
            live,
            dvr: self.dvr.max(live),
        }
    }
}
