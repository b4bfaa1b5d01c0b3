//! What a publisher should know of how its stream comes to players of HLS and DASH, so that it, or the operator, can act.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_frames::warning::Warning;
use sfu_model::time::Instant;

use crate::passage::eligibility::Unfit;
use crate::transcode::job_slot::Hindrance;

/// What frames say is over when it was not said again for so long: while it lasts they say it once in ten seconds.
const LASTS: Duration = Duration::from_secs(15);

/// Something that a publisher should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Advice {
    /// Timestamps run back, jump or stand still: pictures are placed by when they come.
    BrokenTimestamps,
    /// Pictures are sent in another order than they are shown in: those that go back are left out.
    BFrames,
    /// Sizes or parameter sets change so often that players begin anew again and again.
    ChangingFormat,
    /// H.264 of a profile that players do not decode.
    UnplayableProfile,
    /// Fewer pictures a second than parts need.
    FewPictures,
    /// No keyframe comes when one is asked for: players cannot begin, or change between sizes, or there never was a picture.
    RareKeyframes,
    /// Keyframes lack what decoders need: there are no pictures.
    NoParameterSets,
    /// Payloads that their codec does not allow: pictures are left out.
    Malformed,
    /// What is sent must be encoded anew, and this server does not: there are no pictures.
    NoTranscoder,
    /// It must be, and the server has no room for it, now or ever.
    TranscoderFull,
    /// It must be, and that fails.
    TranscoderFailed,
}

impl Advice {
    /// Each.
    pub(crate) const ALL: [Self; 11] = [
        Self::BrokenTimestamps,
        Self::BFrames,
        Self::ChangingFormat,
        Self::UnplayableProfile,
        Self::FewPictures,
        Self::RareKeyframes,
        Self::NoParameterSets,
        Self::Malformed,
        Self::NoTranscoder,
        Self::TranscoderFull,
        Self::TranscoderFailed,
    ];

    /// As event streams and metrics name it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::BrokenTimestamps => "broken-timestamps",
            Self::BFrames => "b-frames",
            Self::ChangingFormat => "changing-format",
            Self::UnplayableProfile => "unplayable-profile",
            Self::FewPictures => "few-pictures",
            Self::RareKeyframes => "rare-keyframes",
            Self::NoParameterSets => "no-parameter-sets",
            Self::Malformed => "malformed",
            Self::NoTranscoder => "no-transcoder",
            Self::TranscoderFull => "transcoder-full",
            Self::TranscoderFailed => "transcoder-failed",
        }
    }

    /// `None`: nobody can act on it. Reports contradict arrivals where networks delay them.
    const fn of_warning(warning: Warning) -> Option<Self> {
        match warning {
            Warning::BrokenTimestamps => Some(Self::BrokenTimestamps),
            Warning::UntrustedReports => None,
            Warning::ChangingFormat => Some(Self::ChangingFormat),
            Warning::FewPictures { .. } => Some(Self::FewPictures),
            Warning::BFrames => Some(Self::BFrames),
            Warning::NoParameterSets => Some(Self::NoParameterSets),
            Warning::Malformed => Some(Self::Malformed),
            Warning::NoKeyframe => Some(Self::RareKeyframes),
        }
    }

    /// What to say of pictures that are not passed on as they come.
    pub(crate) const fn of_unfit(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Profile => Self::UnplayableProfile,
            Unfit::FewFrames | Unfit::StandsStill => Self::FewPictures,
            Unfit::MisalignedKeyframes => Self::RareKeyframes,
            Unfit::ChangingFormat => Self::ChangingFormat,
            Unfit::Disordered => Self::BrokenTimestamps,
        }
    }

    /// What to say when the transcoder gives nothing.
    pub(crate) const fn of_hindrance(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Full | Hindrance::TooLarge => Self::TranscoderFull,
            Hindrance::Failed => Self::TranscoderFailed,
        }
    }
}

/// All that there is to say at the moment.
#[derive(Debug, Default)]
pub(crate) struct Advices {
    /// Of frames: until when.
    passing: BTreeMap<Advice, Instant>,
    told: Vec<Advice>,
}

impl Advices {
    /// Frames say it.
    pub(crate) fn handle_warning(&mut self, warning: Warning, now: Instant) {
        if let Some(advice) = Advice::of_warning(warning) {
            self.passing.insert(advice, now + LASTS);
        }
    }

    /// Nobody publishes: nobody is to be told anything.
    pub(crate) fn clear(&mut self) {
        self.passing.clear();
    }

    /// What there is to say, with what is known by other ways, when it is another than was said last; and what of it is new.
    pub(crate) fn news(
        &mut self,
        standing: impl Iterator<Item = Advice>,
        now: Instant,
    ) -> Option<(&[Advice], Vec<Advice>)> {
        self.passing.retain(|_, until| *until > now);
        let mut all: Vec<Advice> = self.passing.keys().copied().chain(standing).collect();
        all.sort_unstable();
        all.dedup();
        if all == self.told {
            return None;
        }
        let is_new = |advice: &&Advice| !self.told.contains(advice);
        let new = all.iter().filter(is_new).copied().collect();
        self.told = all;
        Some((&self.told, new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::START + Duration::from_secs(s)
    }

    fn news(advices: &mut Advices, standing: &[Advice], s: u64) -> Option<(usize, usize)> {
        let news = advices.news(standing.iter().copied(), at(s));
        news.map(|(all, new)| (all.len(), new.len()))
    }

    #[test]
    fn what_frames_warn_of_is_said_until_they_have_not_for_fifteen_seconds() {
        let mut advices = Advices::default();
        assert_eq!(news(&mut advices, &[], 0), None);
        advices.handle_warning(Warning::BFrames, at(1));
        assert_eq!(news(&mut advices, &[], 1), Some((1, 1)));
        advices.handle_warning(Warning::BFrames, at(11));
        assert_eq!(news(&mut advices, &[], 25), None, "it was told");
        assert_eq!(news(&mut advices, &[], 26), Some((0, 0)));
    }

    #[test]
    fn what_is_known_twice_is_said_once_and_only_what_is_new_is_counted() {
        let mut advices = Advices::default();
        advices.handle_warning(Warning::FewPictures { milli_fps: 1_000 }, at(0));
        let unfit = Advice::of_unfit(Unfit::StandsStill);
        assert_eq!(news(&mut advices, &[unfit], 0), Some((1, 1)));
        let full = Advice::of_hindrance(Hindrance::Full);
        assert_eq!(news(&mut advices, &[unfit, full], 1), Some((2, 1)));
        assert_eq!(news(&mut advices, &[full], 20), Some((1, 0)));
        advices.clear();
        assert_eq!(news(&mut advices, &[], 21), Some((0, 0)));
    }

    #[test]
    fn all_have_names_of_their_own() {
        let labels = Advice::ALL.map(Advice::label);
        let distinct: std::collections::BTreeSet<&str> = labels.into_iter().collect();
        assert_eq!(distinct.len(), Advice::ALL.len());
    }
}
