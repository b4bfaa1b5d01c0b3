//! One encoding's RTP clock on the clock that its medium shares.

use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::sync::least_difference::LeastDifference;
use crate::sync::media_clock::MediaClock;
use crate::timeline::{Timeline, ticks_in};

/// A capture time that is further than this from what arrival says is not believed: a sender report was once 318 ms wrong, for
/// as long as its stream lasted, and no encoder for real time keeps a picture as long.
pub(crate) const REPORT_ERROR_MAX: Duration = Duration::from_millis(150);

/// They are believed again when they are within this: a report that is just at the bound changes nothing twice a second.
const REPORT_ERROR_BELIEVED: Duration = Duration::from_millis(100);

/// An encoding whose time is this wrong has jumped: its clock was set.
const JUMP: Duration = Duration::from_secs(1);

/// An arrival that is this late is of a clock that ran back: a packet that was repaired three times is not so late.
const ARRIVAL_STEP: Duration = Duration::from_secs(2);

/// An encoding that is more than half a picture from the others for so long was taken for another picture at first, when nothing
/// but its arrival was known.
const ASTRAY_FOR: Duration = Duration::from_secs(3);

/// Who has said nothing for so long may have stopped its clock meanwhile, as browsers do with a microphone that is muted: that
/// it is another afterwards is no fault, and neither are reports of before, the next of which comes within five seconds.
const PAUSE: Duration = Duration::from_secs(1);
const AFTER_PAUSE: Duration = Duration::from_secs(6);

/// Errors are smoothed over as many frames, as the shared one is.
const SMOOTHED_OVER: i64 = 16;

/// Where a packet is on the shared clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    pub(crate) common: i64,
    /// The encoding's clock was set.
    pub(crate) has_jumped: bool,
    /// From now on its reports are not believed.
    pub(crate) is_distrusted: bool,
    /// It has begun again after a pause, and whatever its clock does is to be expected.
    pub(crate) is_after_pause: bool,
    /// By how many ticks the shared clock was set right.
    pub(crate) step: Option<i64>,
}

/// The constant between two clocks, and what watches over it.
#[derive(Debug)]
pub(crate) struct Relation {
    encoding: EncodingId,
    /// From RTP time to the shared clock.
    delta: Option<i64>,
    /// It was set by a picture of another encoding, not by capture times alone.
    is_exact: bool,
    arrivals: LeastDifference,
    is_believed: bool,
    error: i64,
    astray_since: Option<Instant>,
    /// When its last frame came, and when the last pause ended.
    heard_at: Option<Instant>,
    resumed_at: Option<Instant>,
}

impl Relation {
    pub(crate) fn new(encoding: EncodingId) -> Self {
        Self {
            encoding,
            delta: None,
            is_exact: false,
            arrivals: LeastDifference::default(),
            is_believed: true,
            error: 0,
            astray_since: None,
            heard_at: None,
            resumed_at: None,
        }
    }

    /// The encoding's clock was set: nothing of it is known any more.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.encoding);
    }

    /// The place of the frame that begins with this packet.
    pub(crate) fn locate(
        &mut self,
        packet: &Packet,
        timeline: Timeline,
        clock: &mut MediaClock,
    ) -> Located {
        let rtp = packet.time.0.cast_signed();
        let was_believed = self.is_believed;
        let is_after_pause = self.is_after_pause(packet.received_at);
        let target = self.target(packet, timeline, clock);
        let seems = clock.unmap(target);
        let mut has_jumped = false;
        let is_far = |delta: i64| {
            let error = seems.saturating_sub(rtp.wrapping_add(delta));
            error.unsigned_abs() > ticks_in(JUMP, clock.rate).unsigned_abs()
        };
        let delta = match self.delta {
            Some(delta) if !is_far(delta) => delta,
            known => {
                has_jumped = known.is_some();
                self.is_exact = false;
                (self.error, self.astray_since) = (0, None);
                seems.wrapping_sub(rtp)
            }
        };
        self.delta = Some(delta);
        if !self.is_exact {
            self.align(rtp, clock);
        }
        let step = self.watch(rtp, seems, packet.received_at, clock);
        Located {
            common: rtp.wrapping_add(self.delta.unwrap_or(delta)),
            has_jumped,
            is_distrusted: was_believed && !self.is_believed,
            is_after_pause,
            step,
        }
    }

    fn is_after_pause(&mut self, now: Instant) -> bool {
        let heard_at = self.heard_at.replace(now);
        if heard_at.is_some_and(|at| now.saturating_since(at) >= PAUSE) {
            self.resumed_at = Some(now);
        }
        let resumed_at = self.resumed_at;
        resumed_at.is_some_and(|at| now.saturating_since(at) < AFTER_PAUSE)
    }

    /// Where on the timeline it was captured, as far as that can be believed.
    fn target(&mut self, packet: &Packet, timeline: Timeline, clock: &MediaClock) -> i64 {
        let (rate, rtp) = (clock.rate, packet.time.0.cast_signed());
        let from_rtp = |at: Instant| timeline.ticks(at, rate).wrapping_sub(rtp);
        let captured = from_rtp(packet.captured_at);
        let arrived = self.arrivals.take(
            from_rtp(packet.received_at),
            packet.received_at,
            ticks_in(ARRIVAL_STEP, rate),
            rate.0,
        );
        let off = captured.saturating_sub(arrived).unsigned_abs();
        let bound = if self.is_believed {
            REPORT_ERROR_MAX
        } else {
            REPORT_ERROR_BELIEVED
        };
        self.is_believed = off <= ticks_in(bound, rate).unsigned_abs();
        rtp.wrapping_add(if self.is_believed { captured } else { arrived })
    }

    /// Makes the constant exact by a picture of another encoding that was captured with this one.
    fn align(&mut self, rtp: i64, clock: &MediaClock) {
        let Some(delta) = self.delta else { return };
        if let Some(common) = clock.nearest(rtp.wrapping_add(delta), self.encoding) {
            self.delta = Some(common.wrapping_sub(rtp));
            self.is_exact = true;
        }
    }

    /// Compares with where it should be: what all encodings are wrong by moves the shared clock, what only this one is wrong
    /// by moves its constant.
    fn watch(&mut self, rtp: i64, seems: i64, at: Instant, clock: &mut MediaClock) -> Option<i64> {
        let delta = self.delta?;
        let error = seems.saturating_sub(rtp.wrapping_add(delta));
        self.error += (error - self.error) / SMOOTHED_OVER;
        let followed = clock.follow(self.encoding, error, at);
        if let Some(step) = followed.step {
            self.error = self.error.saturating_sub(step);
        }
        let own = self.error.saturating_sub(followed.shared_error);
        let is_astray = own.abs() > clock.half_interval();
        self.astray_since = is_astray.then(|| self.astray_since.unwrap_or(at));
        if self
            .astray_since
            .is_some_and(|since| at - since >= ASTRAY_FOR)
        {
            self.delta = Some(delta.wrapping_add(own));
            (self.error, self.astray_since) = (followed.shared_error, None);
            self.align(rtp, clock);
        }
        followed.step
    }
}
