//! What repairs cannot mend in time, and a keyframe has been asked for instead.
//!
//! After a blackout a receiver asks for all that it missed, oldest first: seconds of pictures that would all have to come before
//! it shows a new one. libwebrtc asks for a keyframe itself only after three seconds without a picture.

use std::time::Duration;

use sfu_model::rtp::SeqNo;

/// A packet that is missed for longer than this holds up the pictures longer than jitter buffers hold them back: a keyframe,
/// which takes a round trip to the publisher and a few packets, may come sooner than the next try.
const LATE: Duration = Duration::from_secs(1);

/// How far one receiver's stream is given up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GivenUp {
    /// The highest number that it has missed so far. Who receives anything misses what is older at once, unless its requests
    /// are lost for longer than it asks.
    missed: Option<SeqNo>,
    /// A keyframe was asked for when this was the highest number: what is missing up to it needs no other.
    asked: Option<SeqNo>,
    /// Nothing up to this number is sent again.
    until: Option<SeqNo>,
}

/// What is to be done for a packet that is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    Repair,
    /// And a keyframe: whichever comes first.
    RepairLate,
    /// It is gone, and with it what all later pictures refer to.
    Keyframe,
    /// A keyframe has been asked for.
    Patience,
}

impl GivenUp {
    /// True for a number above all that were missed before.
    pub(crate) fn is_news(&self, sequence: SeqNo) -> bool {
        self.missed.is_none_or(|missed| sequence > missed)
    }

    /// What helps against this hole, whose packet came so long ago, or is gone. A keyframe costs others: it is for whom is
    /// believed.
    pub(crate) fn remedy(
        &self,
        sequence: SeqNo,
        age: Option<Duration>,
        is_believed: bool,
    ) -> Remedy {
        let is_up_to = |mark: Option<SeqNo>| mark.is_some_and(|mark| sequence <= mark);
        let may_ask = is_believed && !is_up_to(self.asked);
        match age {
            _ if is_up_to(self.until) => Remedy::Patience,
            None if may_ask => Remedy::Keyframe,
            None => Remedy::Patience,
            Some(age) if age > LATE && may_ask => Remedy::RepairLate,
            Some(_) => Remedy::Repair,
        }
    }

    /// This was missed.
    pub(crate) fn missed(&mut self, sequence: SeqNo) {
        self.missed = self.missed.max(Some(sequence));
    }

    /// A keyframe was asked for, with this the highest number so far. It comes with a higher one.
    pub(crate) fn asked(&mut self, highest: SeqNo, is_in_place: bool) {
        self.missed(highest);
        self.asked = Some(highest);
        if is_in_place {
            self.until = self.asked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YOUNG: Option<Duration> = Some(LATE);
    const OLD: Option<Duration> = Some(Duration::from_millis(1_001));

    #[test]
    fn what_is_late_or_gone_is_a_keyframe_once() {
        let mut given_up = GivenUp::default();
        assert_eq!(given_up.remedy(SeqNo(5), YOUNG, true), Remedy::Repair);
        assert_eq!(given_up.remedy(SeqNo(5), OLD, true), Remedy::RepairLate);
        assert_eq!(given_up.remedy(SeqNo(5), None, true), Remedy::Keyframe);
        given_up.asked(SeqNo(5), false);
        assert_eq!(given_up.remedy(SeqNo(5), OLD, true), Remedy::Repair);
        assert_eq!(given_up.remedy(SeqNo(5), None, true), Remedy::Patience);
        assert_eq!(given_up.remedy(SeqNo(6), None, true), Remedy::Keyframe);
    }

    #[test]
    fn who_is_not_believed_is_only_repaired() {
        let mut given_up = GivenUp::default();
        assert!(given_up.is_news(SeqNo(5)));
        given_up.missed(SeqNo(5));
        assert!(!given_up.is_news(SeqNo(5)) && given_up.is_news(SeqNo(6)));
        assert_eq!(given_up.remedy(SeqNo(4), OLD, false), Remedy::Repair);
        assert_eq!(given_up.remedy(SeqNo(4), None, false), Remedy::Patience);
    }

    #[test]
    fn what_a_keyframe_replaces_is_not_sent_again() {
        let mut given_up = GivenUp::default();
        given_up.asked(SeqNo(5), true);
        assert!(!given_up.is_news(SeqNo(5)));
        assert_eq!(given_up.remedy(SeqNo(5), YOUNG, true), Remedy::Patience);
        assert_eq!(given_up.remedy(SeqNo(6), YOUNG, true), Remedy::Repair);
        given_up.asked(SeqNo(9), false);
        assert_eq!(given_up.remedy(SeqNo(5), YOUNG, true), Remedy::Patience);
        assert_eq!(given_up.remedy(SeqNo(6), YOUNG, true), Remedy::Repair);
    }
}
