//! Does the sender use what it may? What was never sent proves nothing about the path.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// The share of the estimate below which the sender, not the path, is the limit (libwebrtc).
const SHARE: f64 = 0.65;

/// The time over which it is judged (libwebrtc): longer than the gap between two frames, shorter than a change of layer.
const WINDOW: Duration = Duration::from_millis(500);

/// The part of the window's budget that is left when the limit begins, and when it ends (libwebrtc). Two figures, so
/// that one keyframe in a still picture is not a change.
const BEGINS_ABOVE: f64 = 0.8;
const ENDS_BELOW: f64 = 0.5;

/// A budget that fills with time and is spent by packets.
#[derive(Debug, Default)]
pub(crate) struct AppLimited {
    left_bytes: f64,
    updated: Option<Instant>,
    is_limited: bool,
}

impl AppLimited {
    /// A packet was sent while the estimate was this.
    pub(crate) fn on_sent(&mut self, bytes: usize, estimate: Bitrate, now: Instant) {
        let elapsed = self.updated.map_or(Duration::ZERO, |before| now - before);
        self.updated = Some(now);
        let bytes_per_second = estimate.as_bps() as f64 / 8.0 * SHARE;
        let most = bytes_per_second * WINDOW.as_secs_f64();
        let filled = self.left_bytes + bytes_per_second * elapsed.as_secs_f64();
        // One keyframe may overdraw the budget by a window, not by more: the next second is judged by itself.
        self.left_bytes = (filled.min(most) - bytes as f64).max(-most);
        if self.left_bytes > most * BEGINS_ABOVE {
            self.is_limited = true;
        } else if self.left_bytes < most * ENDS_BELOW {
            self.is_limited = false;
        }
    }

    /// Whether less is sent than the path is believed to carry.
    pub(crate) const fn is_limited(&self) -> bool {
        self.is_limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at `kbps` for two seconds on an estimate of 1,000 kbit/s.
    fn send(limit: &mut AppLimited, from_ms: u64, kbps: u64) -> bool {
        for ms in (0..2_000).step_by(10) {
            let now = Instant::from_nanos((from_ms + ms) * 1_000_000);
            let bytes = usize::try_from(kbps * 10 / 8).unwrap();
            limit.on_sent(bytes, Bitrate::from_kbps(1_000), now);
        }
        limit.is_limited()
    }

    #[test]
    fn the_limit_begins_and_ends_with_what_is_sent() {
        let mut limit = AppLimited::default();
        assert!(!send(&mut limit, 0, 900));
        assert!(send(&mut limit, 2_000, 300));
        assert!(!send(&mut limit, 4_000, 900));
    }

    #[test]
    fn one_burst_after_a_silence_does_not_end_it() {
        let mut limit = AppLimited::default();
        send(&mut limit, 0, 100);
        limit.on_sent(
            10_000,
            Bitrate::from_kbps(1_000),
            Instant::from_nanos(9_000_000_000),
        );
        assert!(limit.is_limited());
    }
}
