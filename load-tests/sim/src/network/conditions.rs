//! How one direction of a participant's path behaves.

use std::time::Duration;

use crate::network::bottleneck::Bottleneck;
use crate::network::loss::Loss;
use crate::network::per_mille::PerMille;

/// How one direction of a path behaves.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// What every datagram takes.
    pub latency: Duration,
    /// At most this much more, drawn for each; order is kept.
    pub jitter: Duration,
    /// Which go nowhere.
    pub loss: Loss,
    /// How many are overtaken by those up to [`OVERTAKEN_BY`] later.
    pub reordered: PerMille,
    /// What fits through, and who else is there; without one, everything fits.
    pub bottleneck: Option<Bottleneck>,
    /// Nothing passes.
    pub is_cut: bool,
}

/// How late a reordered datagram is: a few packets of a video frame, well under a retransmission.
pub const OVERTAKEN_BY: Duration = Duration::from_millis(8);

impl Default for Conditions {
    /// A good line to a node nearby.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: Loss::Random(PerMille(0)),
            reordered: PerMille(0),
            bottleneck: None,
            is_cut: false,
        }
    }
}

impl Conditions {
    /// This line as half of a path with this round-trip time.
    #[must_use]
    pub fn with_round_trip(self, round_trip: Duration) -> Self {
        Self {
            latency: round_trip / 2,
            ..self
        }
    }

    /// This line with a share of its datagrams lost, each for itself.
    #[must_use]
    pub fn losing(self, share: PerMille) -> Self {
        Self {
            loss: Loss::Random(share),
            ..self
        }
    }

    /// This line with a share of its datagrams lost, so many in a row on average.
    #[must_use]
    pub fn losing_in_bursts(self, share: PerMille, length: u16) -> Self {
        Self {
            loss: Loss::Bursts { share, length },
            ..self
        }
    }

    /// This line through a bottleneck.
    #[must_use]
    pub fn through(self, bottleneck: Bottleneck) -> Self {
        Self {
            bottleneck: Some(bottleneck),
            ..self
        }
    }

    /// This line, cut.
    #[must_use]
    pub fn cut(self) -> Self {
        Self {
            is_cut: true,
            ..self
        }
    }
}
