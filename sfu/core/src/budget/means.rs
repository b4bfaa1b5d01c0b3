//! What a plan has to go by: what a path carries, and when that is.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::ladder::Rung;

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
}

/// What there is to spend, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) budget: Budget,
    pub(crate) now: Instant,
}
