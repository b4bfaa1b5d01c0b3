//! What does not change while a stream lives.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::config::{Config as PackagerConfig, Windows};
use bridge_packager::dates::Zero;
use bridge_packager::latency::LatencyMode;
use sfu_model::time::{Instant, NtpTime};

/// Of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) epoch: Arc<str>,
    pub(crate) latency: LatencyMode,
    pub(crate) windows: Windows,
    /// The wall clock where our clock starts.
    pub(crate) ntp_anchor: NtpTime,
    /// There is a transcoder, which wants all sound, and pictures that are not passed on.
    pub(crate) transcodes: bool,
}

impl Config {
    /// What its packager is made of, when its timeline begins at this moment.
    pub(crate) fn packager(&self, at: Instant) -> PackagerConfig {
        let began = self.ntp_anchor.after(at.saturating_since(Instant::START));
        let unix = began.nanos_since(NtpTime::UNIX_EPOCH);
        PackagerConfig {
            latency: self.latency,
            epoch: Arc::clone(&self.epoch),
            zero: Zero {
                at,
                unix: Duration::from_nanos(u64::try_from(unix).unwrap_or(0)),
            },
            windows: self.windows,
        }
    }
}
