//! The receiver's clock, as feedback tells it.

/// Milliseconds in one tick of transport-wide feedback: 250 us
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.5).
const TICK_MS: f64 = 0.25;

/// When the receiver got a packet, in ticks of 250 us since a moment that only it knows. Differences alone mean
/// something, and they are the receiver's word: any value must be survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(pub i64);

impl Arrival {
    /// Milliseconds from `earlier` to `self`, negative when `self` is earlier.
    pub(crate) fn millis_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 * TICK_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_and_an_edge() {
        assert_eq!(Arrival(8).millis_since(Arrival(4)), 1.0);
        assert_eq!(Arrival(4).millis_since(Arrival(8)), -1.0);
        assert!(
            Arrival(i64::MAX)
                .millis_since(Arrival(i64::MIN))
                .is_finite()
        );
    }
}
