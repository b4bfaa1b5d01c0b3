//! A publisher's RED (RFC 2198) becomes plain packets again: its own frame, and before it the earlier ones that were lost.

use sfu_model::drop_reason::DropReason;
use sfu_model::packet::Extensions;
use sfu_model::rtp::SeqNo;
use sfu_model::time::MediaTime;

use crate::red::{Red, Redundant};
use crate::session::engine::ReceivedRtp;

/// Numbers back that are known as received or not: 2.5 seconds of sound, which is longer than anybody's jitter buffer. What
/// is older than this began anew.
const KNOWN: u64 = u128::BITS as u64;

/// What one audio stream has received, by number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recovery {
    newest: Option<(SeqNo, MediaTime)>,
    /// Bit n: the number that is n below the newest has come, or was recovered.
    seen: u128,
}

/// What a packet of sound was made of.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// Earlier packets that were lost, in their order. Without redundancy it is empty, and no memory is taken for it.
    pub(crate) recovered: Vec<ReceivedRtp>,
    /// Its own.
    pub(crate) primary: ReceivedRtp,
}

impl Recovery {
    /// Takes a packet apart. `Err`: it is malformed, or its frame went on already out of a later packet.
    pub(crate) fn unpack(&mut self, mut rtp: ReceivedRtp) -> Result<Unpacked, DropReason> {
        let mut recovered = Vec::new();
        if let Some(opus) = rtp.red {
            let carrier = rtp.payload.clone();
            let red = Red::parse(&carrier).ok_or(DropReason::MalformedPayload)?;
            if red.payload_type != opus {
                return Err(DropReason::MalformedPayload);
            }
            // Frames of other codecs may be among them (section 4): they would be taken for Opus.
            let frames = red
                .redundant()
                .filter(|r| r.payload_type == opus && !r.payload.is_empty());
            self.recover(frames, &rtp, &mut recovered);
            rtp.payload = red.primary.into();
            rtp.red = None;
        }
        if !self.note(rtp.sequence, rtp.time) {
            return Err(DropReason::AlreadyRecovered);
        }
        Ok(Unpacked {
            recovered,
            primary: rtp,
        })
    }

    /// The frames whose packets are missing just before this one.
    fn recover<'a>(
        &mut self,
        frames: impl Iterator<Item = Redundant<'a>> + Clone,
        rtp: &ReceivedRtp,
        recovered: &mut Vec<ReceivedRtp>,
    ) {
        let Some((newest, newest_time)) = self.newest else {
            return;
        };
        let gap = rtp.sequence.0.saturating_sub(newest.0);
        let span = rtp.time.ticks_since(newest_time);
        if !(2..KNOWN).contains(&gap) || span <= 0 {
            return;
        }
        let is_missing = |frame: &Redundant<'_>| i64::from(frame.offset) < span && frame.offset > 0;
        let n_missing = frames.clone().filter(is_missing).count() as u64;
        for (n_after, frame) in (0..n_missing).rev().zip(frames.filter(is_missing)) {
            let back = back_by_time(frame.offset, span, gap).unwrap_or(n_after + 1);
            let time = MediaTime(rtp.time.0.wrapping_sub(u64::from(frame.offset)));
            let sequence = SeqNo(rtp.sequence.0.saturating_sub(back));
            let is_inside = back < gap && self.newest.is_some_and(|(last, _)| sequence > last);
            if is_inside && self.note(sequence, time) {
                recovered.push(earlier(rtp, sequence, time, frame.payload));
            }
        }
    }

    /// Notes a number. False when it has come already.
    fn note(&mut self, sequence: SeqNo, time: MediaTime) -> bool {
        let newest = self.newest.map_or(sequence, |(newest, _)| newest);
        if sequence.0 + KNOWN <= newest.0 || self.newest.is_none() {
            (self.newest, self.seen) = (Some((sequence, time)), 1);
            return true;
        }
        if sequence > newest {
            let steps = u32::try_from(sequence.0 - newest.0).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(steps).unwrap_or(0) | 1;
            self.newest = Some((sequence, time));
            return true;
        }
        let bit = 1_u128 << (newest.0 - sequence.0);
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

/// How many packets back a frame was, where the packets of a gap are equally far apart. The packet does not say it, and
/// senders may leave frames out.
fn back_by_time(offset: u16, span: i64, gap: u64) -> Option<u64> {
    let (span, offset) = (u64::try_from(span).ok()?, u64::from(offset));
    let each = span.checked_div(gap).filter(|each| each * gap == span)?;
    let back = offset.checked_div(each)?;
    (back > 0 && back * each == offset).then_some(back)
}

/// The packet that carried this frame, as far as it can be known: it had extensions of its own.
fn earlier(carrier: &ReceivedRtp, sequence: SeqNo, time: MediaTime, frame: &[u8]) -> ReceivedRtp {
    ReceivedRtp {
        rid: carrier.rid,
        codec: carrier.codec,
        red: None,
        sequence,
        time,
        marker: false,
        extensions: Extensions::default(),
        sender_report: carrier.sender_report,
        received_at: carrier.received_at,
        descriptor: None,
        payload: frame.into(),
    }
}

#[cfg(test)]
mod tests;
