//! What a receiver says about a transport's packets.

use sfu_model::rtp::Ssrc;

use crate::rtcp::packet::{append, kind};
use crate::rtcp::transport_feedback::{FORMAT, REFERENCE_TICKS, Status};

/// Most packets of one feedback: with two bytes for each delta it still fits a datagram. The rest goes into another.
const PACKETS_MAX: usize = 500;
/// Symbols of a vector of one bit each, and of two.
const NARROW_SYMBOLS: usize = 14;
const WIDE_SYMBOLS: usize = 7;

/// Arrivals of packets that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals<'a> {
    /// The transport-wide sequence number of the first.
    pub base: u16,
    /// Counts feedback packets.
    pub feedback_count: u8,
    /// When each arrived, in ticks of 250 us; `None` for one that did not.
    pub ticks: &'a [Option<i64>],
}

/// How a packet stands, and the delta of one that arrived.
type Reported = (Status, i64);

impl Arrivals<'_> {
    /// The reference time in units of 64 ms: what lies just before the first arrival.
    fn reference(&self) -> i64 {
        let first = self.ticks.iter().find_map(|ticks| *ticks);
        first.unwrap_or(0).div_euclid(REFERENCE_TICKS)
    }

    /// What fits one feedback: up to a delta of more than eight seconds.
    fn reported(&self) -> Vec<Reported> {
        let mut last = self.reference() * REFERENCE_TICKS;
        let mut reported = Vec::new();
        for ticks in self.ticks.iter().take(PACKETS_MAX) {
            let Some(ticks) = ticks else {
                reported.push((Status::Lost, 0));
                continue;
            };
            let delta = ticks.saturating_sub(last);
            let status = match delta {
                0..=0xff => Status::SmallDelta,
                -0x8000..=0x7fff => Status::LargeDelta,
                _ => break,
            };
            reported.push((status, delta));
            last = *ticks;
        }
        reported
    }
}

/// Appends feedback of `reporter`, and says of how many packets it tells. The rest is for another feedback: there is
/// room for 500, and for deltas of up to eight seconds.
pub fn write_transport_feedback(
    buffer: &mut Vec<u8>,
    reporter: Ssrc,
    media: Ssrc,
    arrivals: Arrivals<'_>,
) -> usize {
    let reported = arrivals.reported();
    let count = u16::try_from(reported.len()).unwrap_or_default();
    if count == 0 {
        return 0;
    }
    append(buffer, FORMAT, kind::TRANSPORT_FEEDBACK, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        buffer.extend_from_slice(&media.0.to_be_bytes());
        buffer.extend_from_slice(&arrivals.base.to_be_bytes());
        buffer.extend_from_slice(&count.to_be_bytes());
        let [.., a, b, c] = arrivals.reference().to_be_bytes();
        buffer.extend_from_slice(&[a, b, c, arrivals.feedback_count]);
        write_chunks(buffer, &reported);
        for (status, delta) in &reported {
            let [.., high, low] = delta.to_be_bytes();
            match status {
                Status::Lost => {}
                Status::SmallDelta => buffer.push(low),
                Status::LargeDelta => buffer.extend_from_slice(&[high, low]),
            }
        }
    });
    reported.len()
}

/// Runs where they are shorter than vectors, and the vectors that are short enough elsewhere.
fn write_chunks(buffer: &mut Vec<u8>, reported: &[Reported]) {
    let mut rest = reported;
    while let Some((first, _)) = rest.first() {
        let run = rest.iter().take_while(|(status, _)| status == first);
        let n_same = run.count();
        let narrow = rest.iter().take(NARROW_SYMBOLS);
        let n_packets;
        let word = if n_same > NARROW_SYMBOLS {
            n_packets = n_same;
            (first.symbol() << 13) | u16::try_from(n_same).unwrap_or_default()
        } else if narrow
            .clone()
            .all(|(status, _)| *status != Status::LargeDelta)
        {
            n_packets = NARROW_SYMBOLS.min(rest.len());
            (2 << 14) | symbols(narrow, 1)
        } else {
            n_packets = WIDE_SYMBOLS.min(rest.len());
            (3 << 14) | symbols(rest.iter().take(WIDE_SYMBOLS), 2)
        };
        buffer.extend_from_slice(&word.to_be_bytes());
        rest = rest.get(n_packets..).unwrap_or_default();
    }
}

/// Symbols of `width` bits, from the left of fourteen bits.
fn symbols<'a>(packets: impl Iterator<Item = &'a Reported>, width: u16) -> u16 {
    let shifts = (1..).map(|at| 14 - at * width);
    packets.zip(shifts).fold(0, |word, ((status, _), shift)| {
        word | status.symbol() << shift
    })
}
