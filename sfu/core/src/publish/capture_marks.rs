//! What a packet says about its age: when it was captured, by its publisher's clock, and how long it may be held back.

use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::packet::{CAPTURE_AGE_MAX, Packet, PlayoutDelay};
use sfu_model::time::NtpTime;

use crate::publish::capture_clock::SenderReport;
use crate::publish::sender_clock::SenderClock;

/// How far in the future a capture may seem to be: what the quickest way that is known was slower than this one's.
const FUTURE_MAX: Duration = Duration::from_millis(250);

/// Marks the packets of one publisher.
#[derive(Debug)]
pub(crate) struct CaptureMarks {
    /// The wall clock at the start of ours.
    ntp_anchor: NtpTime,
    clock: SenderClock,
    /// What each encoding last said. A sender says it until it is acknowledged, and not again for those who join.
    playout_delays: Vec<(EncodingId, PlayoutDelay)>,
}

impl CaptureMarks {
    pub(crate) fn new(ntp_anchor: NtpTime) -> Self {
        Self {
            ntp_anchor,
            clock: SenderClock::default(),
            playout_delays: Vec::new(),
        }
    }

    /// Marks a packet, whose encoding was last reported on like this.
    pub(crate) fn mark(&mut self, packet: &mut Packet, report: Option<SenderReport>) {
        if let Some(report) = report {
            self.clock.hear(packet.encoding, report, packet.received_at);
            packet.capture_age = self.age(packet, report);
        }
        if let Some(time) = &mut packet.extensions.capture_time {
            // What captured may be before the publisher; it says so by an offset of its own. Without one it is the publisher.
            let ahead = self.clock.ahead(self.ntp_anchor);
            let own = time.clock_offset.unwrap_or(0);
            time.clock_offset = ahead.map_or(time.clock_offset, |ahead| own.checked_add(ahead));
        }
        self.remember_playout_delay(packet);
    }

    /// How old the packet was when it came. [`CAPTURE_AGE_MAX`] stands for what cannot be.
    fn age(&self, packet: &Packet, report: SenderReport) -> Option<Duration> {
        let wire = packet.time.wire().0.wrapping_sub(report.timestamp.0);
        let rate = i64::from(packet.codec.clock_rate().0.max(1));
        let since_report = i64::from(wire.cast_signed()) * 1_000_000_000 / rate;
        let reported = self
            .clock
            .nanos_before(report.sender_time, packet.received_at)?;
        let age = reported.checked_sub(since_report)?;
        let is_future = age < 0 && u128::from(age.unsigned_abs()) > FUTURE_MAX.as_nanos();
        if is_future {
            return Some(CAPTURE_AGE_MAX);
        }
        let age = Duration::from_nanos(u64::try_from(age).unwrap_or(0));
        Some(age.min(CAPTURE_AGE_MAX))
    }

    /// Whoever joins begins at a keyframe: it carries what was said before.
    fn remember_playout_delay(&mut self, packet: &mut Packet) {
        let said = packet.extensions.playout_delay;
        let mut places = self.playout_delays.iter_mut();
        match (said, places.find(|(id, _)| *id == packet.encoding)) {
            (Some(delay), Some((_, last))) => *last = delay,
            (Some(delay), None) => self.playout_delays.push((packet.encoding, delay)),
            (None, Some((_, last))) if packet.facts.starts_keyframe => {
                packet.extensions.playout_delay = Some(*last);
            }
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::packet::CaptureTime;
    use sfu_model::time::{Instant, RtpTimestamp};

    use super::*;
    use crate::subscribe::rewrite::tests::packet;

    const SECOND: u64 = 1 << 32;

    /// At 1,000 s of the sender's clock its RTP timestamp was 90,000.
    const REPORT: SenderReport = SenderReport {
        sender_time: NtpTime(1_000 * SECOND),
        timestamp: RtpTimestamp(90_000),
    };

    /// A packet with this timestamp, that came at so many milliseconds.
    fn arriving(time: u64, ms: u64) -> Packet {
        let mut packet = packet(1, time, time);
        packet.received_at = Instant::START + Duration::from_millis(ms);
        packet
    }

    fn age_ms(marks: &mut CaptureMarks, time: u64, ms: u64) -> Option<u128> {
        let mut packet = arriving(time, ms);
        marks.mark(&mut packet, Some(REPORT));
        packet.capture_age.map(|age| age.as_millis())
    }

    #[test]
    fn age_is_what_a_packet_took_since_its_capture() {
        let mut marks = CaptureMarks::new(NtpTime(0));
        let mut unknown = arriving(0, 0);
        marks.mark(&mut unknown, None);
        assert_eq!(unknown.capture_age, None);
        // The report came at 5 s; a picture of a moment 50 ms before it came with it.
        assert_eq!(age_ms(&mut marks, 85_500, 5_000), Some(50));
        assert_eq!(age_ms(&mut marks, 90_000 + 9_000, 5_130), Some(30));
        assert_eq!(
            age_ms(&mut marks, 90_000 + 9_000, 5_090),
            Some(0),
            "a little early"
        );
        let nonsense = CAPTURE_AGE_MAX.as_millis();
        assert_eq!(age_ms(&mut marks, 90_000 + 90_000, 5_000), Some(nonsense));
        assert_eq!(age_ms(&mut marks, 90_000, 65_000), Some(nonsense));
    }

    #[test]
    fn the_offset_of_a_capture_time_is_ours_to_the_publisher_and_its_own() {
        let mut marks = CaptureMarks::new(NtpTime(990 * SECOND));
        let offset = |marks: &mut CaptureMarks, report, clock_offset| {
            let mut packet = arriving(90_000, 4_000);
            let ntp = NtpTime(7);
            packet.extensions.capture_time = Some(CaptureTime { ntp, clock_offset });
            marks.mark(&mut packet, report);
            let time = packet.extensions.capture_time.unwrap();
            assert_eq!(time.ntp, ntp);
            time.clock_offset
        };
        assert_eq!(offset(&mut marks, None, None), None, "nobody knows");
        assert_eq!(offset(&mut marks, None, Some(5)), Some(5));
        let ahead = (6 * SECOND).cast_signed();
        assert_eq!(offset(&mut marks, Some(REPORT), None), Some(ahead));
        assert_eq!(offset(&mut marks, Some(REPORT), Some(5)), Some(ahead + 5));
        assert_eq!(offset(&mut marks, Some(REPORT), Some(i64::MAX)), None);
    }

    #[test]
    fn a_keyframe_repeats_the_playout_delay_for_those_who_join() {
        let mut marks = CaptureMarks::new(NtpTime(0));
        let delay = PlayoutDelay { min: 0, max: 40 };
        let said = |marks: &mut CaptureMarks, delay, is_keyframe| {
            let mut packet = arriving(0, 0);
            packet.extensions.playout_delay = delay;
            packet.facts.starts_keyframe = is_keyframe;
            marks.mark(&mut packet, None);
            packet.extensions.playout_delay
        };
        assert_eq!(said(&mut marks, None, true), None);
        assert_eq!(said(&mut marks, Some(delay), false), Some(delay));
        assert_eq!(said(&mut marks, None, false), None);
        assert_eq!(said(&mut marks, None, true), Some(delay));
    }
}
