//! Sender reports (RFC 3550 section 6.4.1): which moment a timestamp means, and how much was sent. And the goodbye.

use std::time::Duration;

use sfu_model::datagram::TransmitBatch;
use sfu_model::drop_reason::DropReason;
use sfu_model::time::{Instant, MediaTime, RtpTimestamp};

use crate::egress::stream::Stream;
use crate::egress::turn::Turn;
use crate::rtcp::{SenderReport, write_bye, write_sender_report};
use crate::srtp::{SealError, Sealer};

/// How often a stream is reported on. Receivers align sound and picture, and measure the round trip, by these; at two
/// streams and 100 bytes it is a thousandth of a video's rate.
const INTERVAL: Duration = Duration::from_secs(1);

/// When the streams of a subscriber are reported on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reports {
    next_at: Option<Instant>,
    /// Bit n: there was a report on the stream that is given as the nth.
    reported: u8,
    /// There was one on each of them.
    all_are_reported: bool,
}

impl Reports {
    /// Sends a report on each stream that has sent something, when one is due. A stream's first is due with its first packet,
    /// so that sound and picture are aligned from the start. True when something was sent.
    pub(crate) fn send<'a>(
        &mut self,
        streams: impl Iterator<Item = &'a Stream>,
        sealer: &mut Sealer,
        turn: &mut Turn<'_>,
    ) -> bool {
        let is_due = self.next_at.is_none_or(|at| at <= turn.now);
        if !is_due && self.all_are_reported {
            return false;
        }
        let mut any = false;
        self.all_are_reported = true;
        for (place, stream) in streams.enumerate() {
            let counters = stream.counters();
            let Some((time, captured_at)) = counters.latest else {
                self.all_are_reported = false;
                continue;
            };
            let place = 1 << place;
            if !is_due && self.reported & place != 0 {
                continue;
            }
            self.reported |= place;
            any = true;
            let report = SenderReport {
                ssrc: stream.terms().ssrc,
                ntp: turn.ntp_anchor.after(turn.now - Instant::START),
                rtp: timestamp_at(stream, time, captured_at, turn.now),
                packets: counters.packets,
                octets: counters.octets,
            };
            push_sealed(turn, sealer, |buffer| {
                write_sender_report(buffer, report, &stream.terms().cname);
            });
        }
        if any && is_due {
            self.next_at = Some(turn.now + INTERVAL);
        }
        any
    }

    /// Tells the receiver that its streams end.
    pub(crate) fn say_goodbye<'a>(
        &mut self,
        streams: impl Iterator<Item = &'a Stream>,
        sealer: &mut Sealer,
        turn: &mut Turn<'_>,
    ) {
        for stream in streams {
            push_sealed(turn, sealer, |buffer| {
                write_bye(buffer, &[stream.terms().ssrc], &stream.terms().cname);
            });
        }
    }

    /// When the next is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.next_at
    }
}

/// The timestamp of what is captured now.
fn timestamp_at(
    stream: &Stream,
    time: MediaTime,
    captured_at: Instant,
    now: Instant,
) -> RtpTimestamp {
    let elapsed = i64::try_from((now - captured_at).as_nanos()).unwrap_or(0);
    let ticks = stream.terms().clock_rate.ticks_in_nanos(elapsed);
    MediaTime(time.0.wrapping_add_signed(ticks)).wire()
}

fn push_sealed(turn: &mut Turn<'_>, sealer: &mut Sealer, write: impl FnOnce(&mut Vec<u8>)) {
    let path = turn.path;
    let batch: &mut TransmitBatch = turn.batch;
    let pushed: Result<(), SealError> =
        batch.push_with(path.remote.0, path.local, path.remote.1, |buffer| {
            let start = buffer.len();
            write(buffer);
            sealer.seal_rtcp(buffer, start)
        });
    // The keys' 2^31 reports last for centuries; past them there are none.
    if pushed.is_err() {
        turn.stats.drops.count(DropReason::SealRefused);
    }
}

#[cfg(test)]
mod tests;
