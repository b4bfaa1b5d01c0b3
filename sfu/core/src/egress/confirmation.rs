//! Whether a receiver is known to have its keys. The node has its own a flight earlier: where the last flight of the handshake is lost
//! (RFC 6347 section 4.2.4), the receiver can open nothing, says nothing, and repeats its own flight ever more rarely. Pictures would
//! fill the queue of a slow path meanwhile, in which the answers to those repetitions are lost as well.

use std::time::Duration;

/// A flight that is repeated so long after it was answered: sooner it may have crossed the answer, over a long path.
const ANSWERED_FOR: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// Nothing was said, in either sense.
    #[default]
    Assumed,
    /// It repeats its flight: sound alone goes, which is little, and brings an answer from whoever gets it.
    Doubted,
    /// It has sent what only its keys can seal.
    Known,
}

impl Confirmation {
    /// A flight of the handshake came, so long after the handshake was done here.
    pub(crate) fn on_flight(&mut self, since_done: Duration) {
        if *self == Self::Assumed && since_done >= ANSWERED_FOR {
            *self = Self::Doubted;
        }
    }

    /// Something came that authenticates. True: it was doubted.
    pub(crate) fn confirm(&mut self) -> bool {
        std::mem::replace(self, Self::Known) == Self::Doubted
    }

    #[inline]
    pub(crate) fn is_doubted(self) -> bool {
        self == Self::Doubted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_that_is_repeated_late_is_doubt_until_something_authenticates() {
        let mut confirmation = Confirmation::default();
        confirmation.on_flight(Duration::from_millis(499));
        assert!(!confirmation.is_doubted(), "it crossed the answer");
        confirmation.on_flight(Duration::from_millis(500));
        assert!(confirmation.is_doubted());
        assert!(confirmation.confirm());
        confirmation.on_flight(Duration::from_secs(5));
        assert!(!confirmation.is_doubted(), "somebody repeats old packets");
        assert!(!confirmation.confirm());
    }
}
