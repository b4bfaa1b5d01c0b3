//! The sender of one subscriber: what waits, in which order it leaves, and with which keys.

mod doubtful;
mod flush;
mod missed;
#[cfg(test)]
pub(in crate::egress) mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::drop_reason::DropReason;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

use crate::egress::confirmation::Confirmation;
use crate::egress::departure::Queued;
use crate::egress::estimation::{Estimation, Negotiated};
use crate::egress::given_up::GivenUp;
use crate::egress::history::{self, Sent};
use crate::egress::losing::Losing;
use crate::egress::loss_tally::LossTally;
use crate::egress::pacer::Pacer;
use crate::egress::redundancy::Redundancy;
use crate::egress::repair::RepairBudget;
use crate::egress::repair_copies::{self, RepairCopies};
use crate::egress::reports::Reports;
use crate::egress::sender::doubtful::Doubtful;
use crate::egress::sender::missed::REPAIRS_MAX;
use crate::egress::stream::{Stream, StreamTerms};
use crate::egress::turn::Turn;
use crate::session::engine::Agreed;
use crate::srtp::{self, Opener, Sealer};
use crate::stats::PathStatus;

/// Most packets that wait for one subscriber. The pacer holds a burst for milliseconds: a queue this long is 250 times
/// what a rate of 10 Mbit/s leaves in that time, and more than the room's cache can still hold.
const QUEUE_MAX: usize = 2_048;

/// What is kept for one subscriber at most, however slow it is: names of packets, never packets. Those are in the room's cache,
/// once for all. What follows its path, if anything does, is 8 KB of sent packets, 32 where feedback comes late, and
/// little else; a TCP connection may hold 256 KB of frames more.
const HELD_BYTES: usize = size_of::<Sender>()
    + QUEUE_MAX * size_of::<Queued>()
    + REPAIRS_MAX * size_of::<Sent>()
    + 2 * history::BYTES
    + repair_copies::BYTES;
/// A quarter of the two megabytes that a slow subscriber may cost in all.
const HELD_BYTES_BOUND: usize = 512 * 1_024;
const _: () = assert!(HELD_BYTES <= HELD_BYTES_BOUND);

/// The round trip before any was measured.
const ROUND_TRIP_DEFAULT: Duration = Duration::from_millis(100);
/// A packet is never sent again sooner than this, however short the round trip: the receiver's feedback was on its way.
const ROUND_TRIP_MIN: Duration = Duration::from_millis(5);

/// One subscriber's sender.
#[derive(Debug)]
pub(crate) struct Sender {
    keys: Option<Keys>,
    /// Whether its receiver has them.
    pub(crate) confirmation: Confirmation,
    pub(crate) audio: Option<Stream>,
    pub(crate) video: Option<Stream>,
    /// Pictures that wait for the pacer, and their bytes.
    queue: VecDeque<Queued>,
    queue_bytes: usize,
    /// What its sound carries twice.
    pub(crate) redundancy: Redundancy,
    /// Video packets to send again.
    repairs: Vec<Sent>,
    pacer: Pacer,
    repair_budget: RepairBudget,
    repair_copies: RepairCopies,
    given_up: GivenUp,
    pub(crate) losing: Losing,
    /// Of all its streams, for what follows the path.
    pub(crate) reported: LossTally,
    doubtful: Option<Doubtful>,
    reports: Reports,
    round_trip: Option<Duration>,
    estimation: Estimation,
    /// A timer may have come closer since somebody asked.
    has_timer_news: bool,
}

#[derive(Debug)]
struct Keys {
    sealer: Sealer,
    opener: Opener,
}

impl Sender {
    pub(crate) fn new(audio: Option<Stream>, video: Option<Stream>) -> Self {
        // The path is estimated by its pictures: sound is too little to say what it carries, and probes are pictures.
        let pictures = video.as_ref().map(Stream::terms);
        let has = |is_there: fn(&StreamTerms) -> bool| pictures.is_some_and(is_there);
        let estimation = Estimation::new(Negotiated {
            has_sequence: has(|terms| terms.extensions.transport_sequence.is_some()),
            has_send_time: has(|terms| terms.extensions.absolute_send_time.is_some()),
            has_repairs: has(|terms| terms.repair_ssrc.is_some()),
        });
        Self {
            keys: None,
            confirmation: Confirmation::default(),
            audio,
            video,
            queue: VecDeque::new(),
            queue_bytes: 0,
            redundancy: Redundancy::default(),
            repairs: Vec::new(),
            pacer: Pacer::default(),
            repair_budget: RepairBudget::default(),
            repair_copies: RepairCopies::default(),
            given_up: GivenUp::default(),
            losing: Losing::default(),
            reported: LossTally::default(),
            doubtful: None,
            reports: Reports::default(),
            round_trip: None,
            estimation,
            has_timer_news: true,
        }
    }

    /// The handshake is done: from here on there is something to seal with. False when the keys are of no use, and then
    /// nothing is ever sent.
    pub(crate) fn open(&mut self, agreed: Agreed) -> bool {
        let contexts = srtp::contexts(agreed.material, agreed.profile, agreed.side);
        let Ok((mut sealer, opener)) = contexts else {
            return false;
        };
        let mut streams = self.audio.iter_mut().chain(&mut self.video);
        if streams.any(|stream| stream.open(&mut sealer).is_err()) {
            return false;
        }
        self.keys = Some(Keys { sealer, opener });
        true
    }

    /// True once there are keys.
    pub(crate) fn is_open(&self) -> bool {
        self.keys.is_some()
    }

    /// Opens a packet of reports and feedback where it lies.
    pub(crate) fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], DropReason> {
        let keys = self.keys.as_mut().ok_or(DropReason::TransportNotUp)?;
        keys.opener
            .open_rtcp(packet)
            .map_err(|_| DropReason::RtcpRefused)
    }

    /// The stream with this SSRC.
    pub(crate) fn stream_of(&mut self, ssrc: Ssrc) -> Option<&mut Stream> {
        let mut streams = self.audio.iter_mut().chain(&mut self.video);
        streams.find(|stream| stream.terms().ssrc == ssrc)
    }

    /// The time from here to the receiver and back.
    pub(crate) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    /// When it must be flushed at the latest.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let again = earlier(self.repair_copies.poll_timeout(), self.doubtful_at());
        let video = earlier(self.pacer.poll_timeout(), again);
        let reports = earlier(self.reports.poll_timeout(), self.estimation.poll_timeout());
        earlier(video, reports)
    }

    /// Whether [`Self::poll_timeout`] may say something earlier than when this was last asked.
    pub(crate) fn take_timer_news(&mut self) -> bool {
        std::mem::take(&mut self.has_timer_news)
    }

    /// What the path carries, for a plan that has a choice to make or not. `None`: it is not estimated.
    pub(crate) fn plan(&mut self, has_choice: bool, now: Instant) -> Option<Bitrate> {
        self.estimation.plan(has_choice, now)
    }

    /// The rate that would be sent if the path carried it; zero when nothing more is wanted. Beside sound alone that is
    /// looked for gently.
    pub(crate) fn set_wanted(&mut self, rate: Bitrate, is_gentle: bool, now: Instant) {
        self.estimation.estimator.set_wanted(rate);
        self.estimation.estimator.set_gentle(is_gentle, now);
    }

    /// The path cannot be probed, and goes well as it is: more than it is known to carry may be tried.
    pub(crate) fn may_try(&self) -> bool {
        self.estimation.may_try()
    }

    /// From here on this much is sent, to see whether the path carries it.
    pub(crate) fn try_at(&mut self, rate: Bitrate, now: Instant) {
        self.estimation.estimator.try_at(rate, now);
    }

    /// The path itself holds the estimate where it is.
    pub(crate) fn is_measured(&self) -> bool {
        self.estimation.is_measured()
    }

    /// The path loses more of the pictures than repairs can mend, and can be measured: what it carries must be known, whatever
    /// there is to choose.
    pub(crate) fn must_measure(&self) -> bool {
        self.losing.is_much() && self.estimation.can_probe()
    }

    /// It is time to plan again.
    pub(crate) fn wants_plan(&self, now: Instant) -> bool {
        let begins = self.must_measure() && !self.estimation.is_active();
        begins || self.estimation.wants_plan(now)
    }

    /// What the path carries, while that is followed.
    pub(crate) fn path_status(&self) -> Option<PathStatus> {
        self.estimation.status()
    }

    /// What follows it.
    pub(crate) fn estimation(&mut self) -> &mut Estimation {
        &mut self.estimation
    }

    /// Says goodbye (RFC 3550 section 6.6).
    pub(crate) fn close(&mut self, turn: &mut Turn<'_>) {
        let Some(keys) = &mut self.keys else { return };
        let streams = self.audio.iter().chain(&self.video);
        self.reports.say_goodbye(streams, &mut keys.sealer, turn);
    }
}

/// The earlier of two timers. Without an array of them, which the compiler would write piecemeal and read back whole.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
