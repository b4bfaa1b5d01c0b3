//! Networks by name.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use freshet_sim::network::{Bottleneck, Conditions, PerMille};
use serde::Serialize;

/// What lies between a player and the server, each way.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Nothing but the machine itself
    #[default]
    Clean,
    /// 10 ms, and 2 % lost, each datagram for itself
    Lossy,
    /// 10 ms, and 2 % lost, five in a row on average (Gilbert and Elliott)
    Bursty,
    /// 60 ms and up to 20 ms more, and 1 % lost
    Mobile,
    /// 10 ms, and 1 Mbit/s behind a queue of 200 ms
    Slow,
    /// 10 ms, 20 % lost, and 100 kbit/s behind a queue of 200 ms: sound comes through, and no picture is waited for
    Poor,
}

/// What changes from one moment to the next over a radio with other users: LTE schedules in steps of a few milliseconds, and
/// repeats what was lost on the air a few times.
const MOBILE_JITTER: Duration = Duration::from_millis(20);

impl Profile {
    /// How each direction behaves; `None` where nothing lies between.
    pub(super) fn conditions(self) -> Option<Conditions> {
        let near = Conditions::default();
        match self {
            Self::Clean => None,
            Self::Lossy => Some(near.losing(PerMille(20))),
            Self::Bursty => Some(near.losing_in_bursts(PerMille(20), 5)),
            Self::Mobile => Some(
                Conditions {
                    latency: Duration::from_millis(60),
                    jitter: MOBILE_JITTER,
                    ..near
                }
                .losing(PerMille(10)),
            ),
            Self::Slow => Some(near.through(Bottleneck::of(1_000_000))),
            Self::Poor => {
                let poor = near.losing(PerMille(200));
                Some(poor.through(Bottleneck::of(100_000)))
            }
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean => "clean",
            Self::Lossy => "lossy",
            Self::Bursty => "bursty",
            Self::Mobile => "mobile",
            Self::Slow => "slow",
            Self::Poor => "poor",
        })
    }
}
