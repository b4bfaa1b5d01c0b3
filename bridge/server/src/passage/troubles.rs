//! When an encoder does more harm than good.

use std::collections::VecDeque;
use std::time::Duration;

/// An encoder that is behind, or ends, in so many seconds of [`MEASURED`] makes what comes worse. Fewer are one that begins on
/// a busy machine.
const TROUBLES: usize = 6;
const MEASURED: Duration = Duration::from_secs(20);
/// More of them in this time are one: it tells of each picture that it has no time for.
const APART: Duration = Duration::from_secs(1);
/// It is not tried again for so long.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What is known of a stream's encoder.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    last: VecDeque<Duration>,
    try_at: Duration,
}

impl Troubles {
    /// It is behind, or has ended and begins again. True: it is given up.
    pub(super) fn handle(&mut self, at: Duration) -> bool {
        if self.last.back().is_some_and(|last| at < *last + APART) {
            return false;
        }
        self.last.push_back(at);
        self.last.retain(|of| *of + MEASURED >= at);
        let is_given_up = self.last.len() >= TROUBLES;
        if is_given_up {
            self.last.clear();
            self.try_at = at + TRY_AGAIN_AFTER;
        }
        is_given_up
    }

    /// May it be tried?
    pub(super) fn admit(&self, at: Duration) -> bool {
        at >= self.try_at
    }
}
