//! Why an estimate is what it is.

/// What holds an estimate where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedBy {
    /// Nothing is known yet.
    Start,
    /// The growth of delay, or nothing: it grows.
    Delay,
    /// Losses.
    Loss,
    /// No feedback comes.
    Silence,
    /// Receiver reports and REMB, in place of transport-wide feedback.
    Reports,
}

impl LimitedBy {
    /// The path itself holds the estimate where it is, as far as probes have tried it.
    pub(crate) const fn is_measured(self) -> bool {
        match self {
            Self::Delay | Self::Loss => true,
            // Reports show what arrives and not what could, and silence shows nothing.
            Self::Start | Self::Silence | Self::Reports => false,
        }
    }
}
