//! What a plan has to go by: what a path carries, and when that is.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::ladder::Rung;

/// A queue that stands longer than this leaves no time for grace: a keyframe of four frames on a link that its encoding
/// nearly fills makes 100 ms.
const QUEUE_BEARABLE: Duration = Duration::from_millis(200);
/// Nor does half of that when the path carries less than this share of what is sent: the link got slower, and its queue is
/// full a few hundred milliseconds later.
const QUEUE_BEARABLE_FAR: Duration = Duration::from_millis(100);
const FAR: f64 = 0.6;

/// What a subscription may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// Its path is not estimated: the best that flows.
    Unlimited,
    /// What its path carries.
    Limited(PathLimits),
}

/// What is known of a path that is estimated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathLimits {
    /// This much is left for pictures.
    pub(crate) left: Bitrate,
    /// How much delay stands before what is sent.
    pub(crate) queue: Duration,
    /// It cannot be probed, and is not known to be full: more than is left may be tried.
    pub(crate) may_try: bool,
    /// It is measured, by probes too: that it carries no more is neither a guess nor a silence.
    pub(crate) is_measured: bool,
}

impl PathLimits {
    /// A rung that is known costs no more, even this many times over.
    pub(crate) fn fits(
        self,
        rung: Rung,
        factor: f64,
        rate: &impl Fn(Rung) -> Option<Bitrate>,
    ) -> bool {
        rate(rung).is_some_and(|rate| rate.scaled(factor) <= self.left)
    }

    /// The queue leaves no time for grace, while this rung passes.
    pub(crate) fn leaves_no_time(
        self,
        present: Option<&Rung>,
        rate: &impl Fn(Rung) -> Option<Bitrate>,
    ) -> bool {
        let is_far = present.is_some_and(|rung| !self.fits(*rung, FAR, rate));
        let bearable = if is_far {
            QUEUE_BEARABLE_FAR
        } else {
            QUEUE_BEARABLE
        };
        self.queue >= bearable
    }
}

/// What there is to spend, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) budget: Budget,
    pub(crate) now: Instant,
}

#[cfg(test)]
mod tests {
    use sfu_model::id::EncodingId;
    use sfu_model::layer::Layer;

    use super::*;

    #[test]
    fn a_rung_fits_that_is_known_and_costs_no_more_than_is_left() {
        let limits = PathLimits {
            left: Bitrate::from_kbps(1_000),
            queue: Duration::ZERO,
            may_try: false,
            is_measured: false,
        };
        let rung = Rung {
            encoding: EncodingId(1),
            ceiling: Layer::default(),
        };
        let costs = |kbps| move |_: Rung| Some(Bitrate::from_kbps(kbps));
        assert!(limits.fits(rung, 1.0, &costs(1_000)));
        assert!(!limits.fits(rung, 1.0, &costs(1_001)));
        assert!(
            !limits.fits(rung, 1.1, &costs(1_000)),
            "with something to spare"
        );
        assert!(!limits.fits(rung, 1.0, &|_| None));
    }
}
