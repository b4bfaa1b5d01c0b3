//! What was sent and what arrived (RFC 3550 section 6.4).

use std::time::Duration;

use sfu_model::rtp::Ssrc;
use sfu_model::time::{NtpTime, RtpTimestamp};

use crate::rtcp::compact_ntp::CompactNtp;
use crate::rtcp::cursor::Cursor;
use crate::rtcp::packet::{append, kind};
use crate::rtcp::source_description::write_source_description;

/// Most report blocks of one packet: its count has five bits.
const BLOCKS_MAX: usize = 31;

/// How one sender's packets arrive (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose packets.
    pub ssrc: Ssrc,
    /// Lost since the last report, of 256.
    pub fraction_lost: u8,
    /// Lost since the beginning, 24 bits on the wire; negative when duplicates arrived.
    pub cumulative_lost: i32,
    /// The highest sequence number: its roll-overs in the upper 16 bits.
    pub highest: u32,
    /// Jitter of arrival, in units of the RTP timestamp.
    pub jitter: u32,
    /// When the last sender report was sent, by the sender's clock; `None` when none has come.
    pub last_sr: Option<CompactNtp>,
    /// How long ago it came.
    pub delay_since_last_sr: CompactNtp,
}

impl ReportBlock {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            ssrc: Ssrc(cursor.u32()?),
            fraction_lost: cursor.u8()?,
            cumulative_lost: cursor.i24()?,
            highest: cursor.u32()?,
            jitter: cursor.u32()?,
            last_sr: Some(CompactNtp(cursor.u32()?)).filter(|time| time.0 != 0),
            delay_since_last_sr: CompactNtp(cursor.u32()?),
        })
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        let lost = self.cumulative_lost.clamp(-(1 << 23), (1 << 23) - 1);
        let [_, lost @ ..] = lost.to_be_bytes();
        buffer.extend_from_slice(&self.ssrc.0.to_be_bytes());
        buffer.push(self.fraction_lost);
        buffer.extend_from_slice(&lost);
        buffer.extend_from_slice(&self.highest.to_be_bytes());
        buffer.extend_from_slice(&self.jitter.to_be_bytes());
        let last_sr = self.last_sr.unwrap_or_default();
        buffer.extend_from_slice(&last_sr.0.to_be_bytes());
        buffer.extend_from_slice(&self.delay_since_last_sr.0.to_be_bytes());
    }

    /// The time to the reporter and back, for a report that arrives at `now` by the clock of our sender reports. `None`
    /// when the reporter has seen none, or claims to have kept it for longer than it had it.
    pub fn round_trip(&self, now: NtpTime) -> Option<Duration> {
        let since_sent = CompactNtp::from_ntp(now).0.wrapping_sub(self.last_sr?.0);
        let round_trip = since_sent.wrapping_sub(self.delay_since_last_sr.0);
        // The upper half stands for negative differences.
        (round_trip < 1 << 31).then(|| CompactNtp(round_trip).as_duration())
    }
}

/// What one sender has sent (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    /// Who sent it.
    pub ssrc: Ssrc,
    /// The moment of the report.
    pub ntp: NtpTime,
    /// The same moment on the media clock.
    pub rtp: RtpTimestamp,
    /// Packets sent since the beginning, modulo 2^32.
    pub packets: u32,
    /// Bytes of payload in them, without headers and padding, modulo 2^32.
    pub octets: u32,
}

impl SenderReport {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            ssrc: Ssrc(cursor.u32()?),
            ntp: NtpTime(cursor.u64()?),
            rtp: RtpTimestamp(cursor.u32()?),
            packets: cursor.u32()?,
            octets: cursor.u32()?,
        })
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&self.ssrc.0.to_be_bytes());
        buffer.extend_from_slice(&self.ntp.0.to_be_bytes());
        buffer.extend_from_slice(&self.rtp.0.to_be_bytes());
        buffer.extend_from_slice(&self.packets.to_be_bytes());
        buffer.extend_from_slice(&self.octets.to_be_bytes());
    }
}

/// Appends a sender report and a source description with the CNAME: a whole compound packet (RFC 3550 section 6.1).
pub fn write_sender_report(buffer: &mut Vec<u8>, report: SenderReport, cname: &str) {
    append(buffer, 0, kind::SENDER_REPORT, |buffer| {
        report.write(buffer);
    });
    write_source_description(buffer, report.ssrc, cname);
}

/// Appends a receiver report of `reporter` with at most 31 blocks; what is more goes into another.
pub fn write_receiver_report(buffer: &mut Vec<u8>, reporter: Ssrc, blocks: &[ReportBlock]) {
    let blocks = blocks.get(..BLOCKS_MAX).unwrap_or(blocks);
    let count = u8::try_from(blocks.len()).unwrap_or_default();
    append(buffer, count, kind::RECEIVER_REPORT, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        for block in blocks {
            block.write(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(last_sr: Option<CompactNtp>, delay_since_last_sr: u32) -> ReportBlock {
        ReportBlock {
            ssrc: Ssrc(1),
            fraction_lost: 0,
            cumulative_lost: 0,
            highest: 0,
            jitter: 0,
            last_sr,
            delay_since_last_sr: CompactNtp(delay_since_last_sr),
        }
    }

    /// The figures of RFC 3550 section 6.4.1.
    #[test]
    fn a_round_trip_is_what_the_reporter_did_not_wait() {
        let now = NtpTime(0xb44d_b710_8000_0000);
        let sent = CompactNtp(0xb705_2000);
        let waited = 0x0005_4000;
        assert_eq!(
            block(Some(sent), waited).round_trip(now),
            Some(Duration::from_millis(6_125))
        );
        assert_eq!(block(None, waited).round_trip(now), None);
        assert_eq!(
            block(Some(sent), 0x000c_0000).round_trip(now),
            None,
            "a lie"
        );
    }
}
