//! What a subscriber reports and asks for, in RTCP that authenticated.

use std::time::Duration;

use sfu_model::drop_reason::{DropCounts, DropReason};
use sfu_model::rtp::Ssrc;
use sfu_model::time::{Instant, NtpTime};

use crate::egress::feedback_patience::Steps;
use crate::egress::loss_tally::PACKETS_MIN;
use crate::egress::sender::Sender;
use crate::egress::stream::Stream;
use crate::route::packet_cache::PacketCache;
use crate::rtcp::{Compound, Feedback, ReportBlock};

/// What the worker must do about a subscriber's feedback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Its decoder needs a keyframe.
    pub(crate) wants_keyframe: bool,
    /// Something is to be sent again.
    pub(crate) wants_repair: bool,
    /// What it misses comes too late by repairs: a keyframe may come sooner.
    pub(crate) misses_long: bool,
    /// And in place of them.
    pub(crate) has_lost_all: bool,
}

/// When feedback came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// The same, on the clock of our sender reports.
    pub(crate) ntp: NtpTime,
}

/// Takes one compound packet where it lies, as far as there are steps for it.
pub(crate) fn hear(
    sender: &mut Sender,
    packet: &mut [u8],
    steps: &mut Steps<'_>,
    seen: (&PacketCache, Moment),
    drops: &mut DropCounts,
) -> Result<Heard, DropReason> {
    let clear = sender.open_rtcp(packet)?;
    let heard = hear_clear(sender, clear, steps, seen, drops);
    if steps.ran_out() {
        drops.count(DropReason::FeedbackFlood);
    }
    Ok(heard)
}

/// What comes before a malformed part was said, and counts.
fn hear_clear(
    sender: &mut Sender,
    clear: &[u8],
    steps: &mut Steps<'_>,
    (cache, moment): (&PacketCache, Moment),
    drops: &mut DropCounts,
) -> Heard {
    let mut heard = Heard::default();
    let mut round_trip = None;
    for feedback in Compound::new(clear) {
        let Ok(feedback) = feedback else {
            drops.count(DropReason::MalformedRtcp);
            break;
        };
        let n_lines = if let Feedback::TransportWide(report) = &feedback {
            report.n_lines()
        } else {
            0
        };
        if !steps.take(1 + u32::from(n_lines)) {
            break;
        }
        match feedback {
            Feedback::ReceiverReport(block) => {
                round_trip = hear_report(sender, &block, moment).or(round_trip);
            }
            Feedback::Nack { media, packets } => {
                if is_video(sender, media) {
                    let packets = packets.take_while(|_| steps.take(1));
                    let missed = sender.miss(packets, cache, moment.now, drops);
                    heard.wants_repair |= missed.any_repair;
                    heard.misses_long |= missed.is_late || missed.is_lost;
                    heard.has_lost_all |= missed.is_lost;
                }
            }
            Feedback::Pli { media } | Feedback::Fir { media, .. } => {
                heard.wants_keyframe |= is_video(sender, media);
            }
            // A subscriber sends no media: it has nothing to report on and nothing to end. DTLS says when it leaves.
            Feedback::SenderReport(_) | Feedback::Bye { .. } => {}
            Feedback::TransportWide(report) => {
                sender.estimation().hear(&report, moment.now);
            }
            Feedback::Remb { bitrate, .. } => sender.estimation().estimator.on_remb(bitrate),
            Feedback::Other => {}
        }
    }
    tell_loss(sender, round_trip, moment.now);
    heard
}

/// What a report block adds to what is known of the path. A stream counts as much as what was sent of it since its last report,
/// as in libwebrtc: if the last block had the word, sound that arrives whole would hide that a fifth of the pictures is lost. Returns
/// the round trip, where it tells of one.
fn hear_report(sender: &mut Sender, block: &ReportBlock, moment: Moment) -> Option<Duration> {
    let stream = sender.stream_of(block.ssrc)?;
    let n_sent = stream.counters().packets;
    let n_before = stream.reported_at.replace(n_sent).unwrap_or(0);
    let n_packets = u64::from(n_sent.wrapping_sub(n_before));
    let is_of = |stream: &Option<Stream>| {
        let stream = stream.as_ref();
        stream.is_some_and(|stream| stream.terms().ssrc == block.ssrc)
    };
    if is_of(&sender.audio) {
        sender.redundancy.on_report(n_packets, block.fraction_lost);
    }
    if is_of(&sender.video) {
        sender.losing.on_report(n_packets, block.fraction_lost);
    }
    sender.reported.add(n_packets, block.fraction_lost);
    let round_trip = block.round_trip(moment.ntp)?;
    sender.set_round_trip(round_trip);
    Some(round_trip)
}

/// Tells what follows the path of the loss, once enough is said of it.
fn tell_loss(sender: &mut Sender, round_trip: Option<Duration>, now: Instant) {
    if let Some(fraction_lost) = sender.reported.take(PACKETS_MIN) {
        let estimator = &mut sender.estimation().estimator;
        estimator.on_report(fraction_lost, round_trip, now);
    }
}

fn is_video(sender: &Sender, media: Ssrc) -> bool {
    let video = sender.video.as_ref();
    video.is_some_and(|stream| stream.terms().ssrc == media)
}

#[cfg(test)]
mod tests;
