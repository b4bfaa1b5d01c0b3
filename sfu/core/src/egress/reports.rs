//! Sender reports (RFC 3550 section 6.4.1): which moment a timestamp means, and how much was sent. And the goodbye.

use std::time::Duration;

use sfu_model::datagram::TransmitBatch;
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
}

impl Reports {
    /// Sends a report on each stream that has sent something, when one is due. The first is due with the first packet, so
    /// that sound and picture are aligned from the start. True when something was sent.
    pub(crate) fn send<'a>(
        &mut self,
        streams: impl Iterator<Item = &'a Stream>,
        sealer: &mut Sealer,
        turn: &mut Turn<'_>,
    ) -> bool {
        if self.next_at.is_some_and(|at| at > turn.now) {
            return false;
        }
        let mut any = false;
        for stream in streams {
            let counters = stream.counters();
            let Some((time, captured_at)) = counters.latest else {
                continue;
            };
            self.next_at = Some(turn.now + INTERVAL);
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
                write_bye(buffer, &[stream.terms().ssrc]);
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
    let _ = pushed;
}
