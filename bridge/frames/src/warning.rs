//! What is wrong with what a publisher sends, for its studio to show.

use std::time::Duration;

use sfu_model::time::Instant;

/// Something that makes a stream worse than it could be. The best legal stream is made of it all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// RTP timestamps ran back, jumped or stood still: they are placed by when they came.
    BrokenTimestamps,
    /// Sender reports contradict the arrival of what they speak of by more than 150 ms: they are not believed.
    UntrustedReports,
    /// Parameter sets or sizes change so often that changes are put off, and pictures are left out meanwhile.
    ChangingFormat,
    /// Fewer pictures a second than a part needs.
    FewPictures {
        /// As measured, in thousandths of a picture a second.
        milli_fps: u32,
    },
    /// Pictures are sent in another order than they are shown in (B-frames): those that would go back are left out.
    BFrames,
    /// Keyframes without the parameter sets that they need: nothing can be decoded.
    NoParameterSets,
    /// Payloads that their codec does not allow.
    Malformed,
    /// Pictures come, and none that a decoder can begin at, however often it is asked for: nothing is shown.
    NoKeyframe,
}

impl Warning {
    /// How many kinds there are.
    const KINDS: usize = 8;

    const fn kind(self) -> usize {
        match self {
            Self::BrokenTimestamps => 0,
            Self::UntrustedReports => 1,
            Self::ChangingFormat => 2,
            Self::FewPictures { .. } => 3,
            Self::BFrames => 4,
            Self::NoParameterSets => 5,
            Self::Malformed => 6,
            Self::NoKeyframe => 7,
        }
    }
}

/// The same warning about the same source is told once in this time: a person reads it, and a publisher that is broken is
/// broken with each packet.
pub(crate) const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// When each kind was last told about one source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Warned([Option<Instant>; Warning::KINDS]);

impl Warned {
    /// True when it is to be told now.
    pub(crate) fn admits(&mut self, warning: Warning, now: Instant) -> bool {
        let Some(last) = self.0.get_mut(warning.kind()) else {
            return false;
        };
        let is_due = last.is_none_or(|last| now - last >= WARNING_INTERVAL);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_once_in_a_while_and_each_kind_for_itself() {
        let mut warned = Warned::default();
        let at = |secs: u64| Instant::START + Duration::from_secs(secs);
        assert!(warned.admits(Warning::BFrames, at(1)));
        assert!(!warned.admits(Warning::BFrames, at(10)));
        assert!(warned.admits(Warning::FewPictures { milli_fps: 1 }, at(10)));
        assert!(!warned.admits(Warning::FewPictures { milli_fps: 2 }, at(10)));
        assert!(warned.admits(Warning::BFrames, at(11)));
    }
}
