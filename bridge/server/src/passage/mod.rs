//! Which of a publisher's pictures are passed on as they come, and when all are encoded anew in their place.
//!
//! H.264 is passed on while it is fit ([`eligibility`]). Of several encodings those that are not are left out; where none is,
//! the best goes to the transcoder, and goes on being passed on until that has pictures: on a node without room for them
//! viewers still get what can be had. Of a profile that players do not decode nothing is passed on. The change is at a keyframe of the encoder's, whose time is agreed on beforehand, so
//! that nothing is shown twice. The way back is at a keyframe of the publisher's.

pub(crate) mod eligibility;
mod encoding;
mod encodings;
pub(crate) mod profile;
mod troubles;

use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use bridge_packager::alignment::Alignment;
use sfu_model::codec::ClockRate;
use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;

use self::eligibility::Unfit;
use self::encodings::Encodings;
use self::troubles::Troubles;

/// How often what was measured is looked at: with every segment.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The encoder takes over so long after what was passed on: it has the wish for a keyframe by then.
const SWITCH_AHEAD: Duration = Duration::from_millis(300);
/// An encoder that has not taken over so long after that is waited for anew: it was started again.
const SWITCH_WITHIN: Duration = Duration::from_secs(3);
/// The clock of pictures (RFC 6184 section 5.1).
const CLOCK: ClockRate = ClockRate(90_000);

/// How the pictures of a stream come to players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As they come.
    PassedOn,
    /// As they come, until the transcoder has pictures, whose first is to be at this time.
    Leaving(Option<MediaTime>),
    /// Encoded anew.
    Anew,
    /// Encoded anew, until a keyframe comes that can be passed on.
    Returning,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// It goes to its rendition.
    pub(crate) passes: bool,
    /// It goes to the transcoder.
    pub(crate) is_encoded: bool,
    /// A keyframe of its source is to be asked for.
    pub(crate) wants_keyframe: bool,
}

/// The decision for one stream.
#[derive(Debug)]
pub(crate) struct Passage {
    /// There is a transcoder.
    transcodes: bool,
    way: Way,
    encodings: Encodings,
    /// What comes is of another codec.
    is_other_codec: bool,
    /// Of the last frame that came.
    head: MediaTime,
    looked_at: Duration,
    troubles: Troubles,
    /// How often something was decided.
    n_decisions: u64,
}

impl Passage {
    pub(crate) fn new(transcodes: bool) -> Self {
        Self {
            transcodes,
            way: Way::PassedOn,
            encodings: Encodings::default(),
            is_other_codec: false,
            head: MediaTime(0),
            looked_at: Duration::ZERO,
            troubles: Troubles::default(),
            n_decisions: 0,
        }
    }

    /// Are players given what the publisher sends?
    pub(crate) fn passes_on(&self) -> bool {
        matches!(self.way, Way::PassedOn | Way::Leaving(_))
    }

    /// Another number says that other sources may be passed on than before.
    pub(crate) const fn n_decisions(&self) -> u64 {
        self.n_decisions
    }

    /// Can players take nothing of what the publisher sends?
    pub(crate) fn needs_encoder(&self) -> bool {
        self.is_other_codec || (!self.encodings.is_empty() && !self.encodings.is_any_played())
    }

    /// Does what begins now of a source follow what was passed on of it?
    pub(crate) fn is_passing(&self, source: Source) -> bool {
        let encoding = self.encodings.get(source);
        // Sound always is.
        encoding.is_none_or(|encoding| !encoding.is_broken)
    }

    /// The sources whose pictures are passed on, where any are.
    pub(crate) fn passed_on(&self) -> impl Iterator<Item = Source> + '_ {
        let passes_on = self.passes_on();
        let sources = self.encodings.sources();
        sources.filter(move |source| passes_on && self.encodings.is_wanted(*source))
    }

    /// Why pictures are not fit to be passed on: each encoding that flows, low to high.
    pub(crate) fn unfit(&self, at: Duration) -> impl Iterator<Item = (Source, Unfit)> + '_ {
        self.encodings.unfit(at)
    }

    /// A picture that could be passed on.
    pub(crate) fn judge(&mut self, source: Source, frame: &Frame) -> Fate {
        let at = CLOCK.duration(frame.time.0);
        self.head = self.head.max(frame.time);
        self.is_other_codec = false;
        if self.encodings.is_empty() {
            // Browsers begin one encoding after the other: those of a publisher that returns have time to come.
            self.looked_at = at;
        }
        let encoding = self.encodings.of(source, frame, at);
        if encoding.measure(frame, at) {
            self.look(at);
        }
        self.give_switch_up(frame.time);
        if self.way == Way::Anew && self.encodings.is_top_fit(at) {
            self.take(Way::Returning);
        }
        let is_fit = self.encodings.is_fit(source);
        if self.way == Way::Returning && frame.is_keyframe && is_fit {
            self.take(Way::PassedOn);
        }
        let wished = match self.way {
            Way::PassedOn => self.encodings.is_wanted(source),
            Way::Leaving(switch_at) => {
                self.encodings.is_played(source) && switch_at.is_none_or(|at| frame.time < at)
            }
            Way::Anew | Way::Returning => false,
        };
        let way = self.way;
        let Some(encoding) = self.encodings.get_mut(source) else {
            return Fate::default();
        };
        encoding.is_broken = !wished || (encoding.is_broken && !frame.is_keyframe);
        let is_missing = wished || (way == Way::Returning && is_fit);
        Fate {
            passes: !encoding.is_broken,
            is_encoded: way != Way::PassedOn,
            wants_keyframe: encoding.is_broken && is_missing && encoding.may_ask(at),
        }
    }

    /// The publisher sends what no player, or not every one, takes as it comes.
    pub(crate) fn handle_other_codec(&mut self) {
        self.encodings.clear();
        self.is_other_codec = true;
        self.take(Way::Anew);
    }

    /// A picture of the encoder's: is it shown? With the time from which on it would be, where that is to be agreed on now.
    pub(crate) fn admit(&mut self, frame: &Frame) -> (bool, Option<MediaTime>) {
        match self.way {
            Way::PassedOn => (false, None),
            Way::Anew | Way::Returning => (true, None),
            Way::Leaving(None) => {
                let ahead = CLOCK.ticks(SWITCH_AHEAD);
                let at = MediaTime(self.head.0.saturating_add(ahead));
                self.take(Way::Leaving(Some(at)));
                (false, Some(at))
            }
            Way::Leaving(Some(at)) => {
                let takes_over = frame.is_keyframe && frame.time >= at;
                if takes_over {
                    self.take(Way::Anew);
                }
                (takes_over, None)
            }
        }
    }

    /// There is no encoder, or none any more: what comes is all that there is.
    pub(crate) fn handle_no_encoder(&mut self) {
        if self.encodings.is_any_played() && self.way != Way::PassedOn {
            self.take(Way::Leaving(None));
        }
    }

    /// The encoder is behind, or has ended and begins again.
    pub(crate) fn handle_trouble(&mut self, at: Duration) {
        if !self.encodings.is_any_played() || self.way == Way::PassedOn {
            return;
        }
        if self.troubles.handle(at) {
            self.take(Way::PassedOn);
        }
    }

    /// Something is wrong with a source's times.
    pub(crate) fn handle_warning(&mut self, source: Source, warning: Warning) {
        let at = CLOCK.duration(self.head.0);
        let is_of_times = matches!(warning, Warning::BrokenTimestamps | Warning::BFrames);
        if let Some(encoding) = self.encodings.get_mut(source).filter(|_| is_of_times) {
            encoding.eligibility.handle_disorder(at);
        }
    }

    /// How the packager found a source's keyframes, since it has been there.
    pub(crate) fn handle_alignment(&mut self, source: Source, counted: Alignment) {
        if let Some(encoding) = self.encodings.get_mut(source) {
            encoding.handle_alignment(counted);
        }
    }

    /// Nobody publishes. Whoever comes next is measured anew.
    pub(crate) fn handle_publisher_gone(&mut self) {
        self.encodings.clear();
        self.is_other_codec = false;
        if let Way::Leaving(_) = self.way {
            self.take(Way::PassedOn);
        }
    }

    /// Is it time to look?
    pub(crate) fn is_due(&self, at: Duration) -> bool {
        at >= self.looked_at + LOOK_EVERY
    }

    /// Looks at what was measured up to a time on the stream's timeline, and decides what follows.
    pub(crate) fn look(&mut self, at: Duration) {
        self.looked_at = at;
        self.encodings.evaluate(at);
        let is_any_fit = self.encodings.is_any_fit();
        // Which of several are fit may be another, too.
        self.n_decisions += 1;
        self.way = match self.way {
            Way::PassedOn if self.encodings.is_empty() => Way::PassedOn,
            Way::PassedOn | Way::Leaving(_) if self.needs_encoder() => Way::Anew,
            Way::PassedOn if self.transcodes && !is_any_fit && self.troubles.admit(at) => {
                Way::Leaving(None)
            }
            Way::Leaving(_) if is_any_fit => Way::PassedOn,
            Way::Anew if !self.transcodes && self.encodings.is_any_played() => Way::PassedOn,
            Way::Returning if !self.encodings.is_top_fit(at) => Way::Anew,
            way @ (Way::PassedOn | Way::Leaving(_) | Way::Anew | Way::Returning) => way,
        };
    }

    fn take(&mut self, way: Way) {
        self.n_decisions += u64::from(self.way != way);
        self.way = way;
    }

    fn give_switch_up(&mut self, now: MediaTime) {
        if let Way::Leaving(Some(at)) = self.way
            && now.0 > at.0.saturating_add(CLOCK.ticks(SWITCH_WITHIN))
        {
            self.take(Way::Leaving(None));
        }
    }
}

#[cfg(test)]
mod tests;
