//! When each packet of a transport arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use crate::rtcp::cursor::Cursor;

/// The format of transport-wide feedback.
pub(super) const FORMAT: u8 = 15;

/// The unit of the reference time, 64 ms, in ticks of 250 us.
pub(super) const REFERENCE_TICKS: i64 = 256;
/// Bits of the reference time: it wraps after 12 days.
const REFERENCE_BITS: u32 = 24;

/// Most packets that one feedback reports as lost by run lengths; symbol vectors, which take a byte for seven packets,
/// do not count. A run of 8,191 takes two bytes, so that without a bound 36 bytes could cost 65,535 steps. 1,024 are
/// more than a second of 10 Mbit/s. Of longer runs the end is reported and the beginning passed over: who waits for
/// news of packets that old has given them up.
pub(crate) const LOST_BY_RUNS_MAX: u16 = 1_024;

/// The lower one of each pair of bits.
const LOW_BITS: u16 = 0x5555;

/// How a packet stands in the feedback (section 3.1.1), which is how many bytes its delta takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Lost,
    SmallDelta,
    LargeDelta,
}

impl Status {
    /// `None` for the reserved symbol.
    fn from_symbol(symbol: u16) -> Option<Self> {
        match symbol & 3 {
            0 => Some(Self::Lost),
            1 => Some(Self::SmallDelta),
            2 => Some(Self::LargeDelta),
            _ => None,
        }
    }

    pub(super) const fn symbol(self) -> u16 {
        match self {
            Self::Lost => 0,
            Self::SmallDelta => 1,
            Self::LargeDelta => 2,
        }
    }

    const fn delta_bytes(self) -> usize {
        self.symbol() as usize
    }
}

/// Sixteen bits that say how several packets stand (sections 3.1.3 and 3.1.4).
#[derive(Clone, Copy, Debug)]
enum Chunk {
    /// So many packets that all stand like this.
    Run { status: Status, left: u16 },
    /// So many symbols of so many bits, the next at the top of `bits`.
    Vector { bits: u16, width: u16, left: u16 },
}

impl Chunk {
    /// A chunk of which at most `left` packets are meant.
    fn new(word: u16, left: u16) -> Option<Self> {
        Some(match word >> 14 {
            0 | 1 => Self::Run {
                status: Status::from_symbol(word >> 13)?,
                left: left.min(word & 0x1fff),
            },
            2 => Self::Vector {
                bits: word << 2,
                width: 1,
                left: left.min(14),
            },
            _ => Self::Vector {
                bits: word << 2,
                width: 2,
                left: left.min(7),
            },
        })
    }

    fn left(self) -> u16 {
        match self {
            Self::Run { left, .. } | Self::Vector { left, .. } => left,
        }
    }

    /// Bytes that the deltas of its packets take; `None` when there is a reserved symbol among them. As quick for many as for
    /// one: it is asked of each chunk before anybody has said that the packet is worth it.
    fn delta_bytes(self) -> Option<usize> {
        let (bits, width, left) = match self {
            Self::Run { status, left } => return Some(status.delta_bytes() * usize::from(left)),
            Self::Vector { bits, width, left } => (bits, width, left),
        };
        // What stands behind the symbols that are meant says nothing.
        let meant = bits & !(u16::MAX >> (width * left));
        if width == 1 {
            return Some(meant.count_ones() as usize);
        }
        let (small, large) = (meant & LOW_BITS, (meant >> 1) & LOW_BITS);
        let n_bytes = small.count_ones() + 2 * large.count_ones();
        (small & large == 0).then_some(n_bytes as usize)
    }

    /// Of its packets, those that are told of while `lost_left` more may be told of as lost by runs.
    fn n_told(self, lost_left: u16) -> u16 {
        match self {
            Self::Run {
                status: Status::Lost,
                left,
            } => left.min(lost_left),
            Self::Run { left, .. } | Self::Vector { left, .. } => left,
        }
    }

    const fn is_lost_run(self) -> bool {
        matches!(
            self,
            Self::Run {
                status: Status::Lost,
                ..
            }
        )
    }

    fn next(&mut self) -> Option<Status> {
        match self {
            Self::Run { status, left } => {
                *left = left.checked_sub(1)?;
                Some(*status)
            }
            Self::Vector { bits, width, left } => {
                *left = left.checked_sub(1)?;
                let symbol = *bits >> (16 - *width);
                *bits <<= *width;
                Status::from_symbol(symbol)
            }
        }
    }
}

/// One feedback packet. What it says was checked against the bytes that it has.
#[derive(Clone, Debug)]
pub struct TransportFeedback<'a> {
    /// The transport-wide sequence number of the first packet that it tells of.
    pub base: u16,
    /// Of how many packets it tells, one at least.
    pub count: u16,
    /// Numbers the feedback packets themselves, so that lost ones are seen.
    pub feedback_count: u8,
    /// 24 bits, in units of 64 ms.
    reference: u32,
    /// How many lines [`Self::packets`] gives.
    n_lines: u16,
    chunks: Cursor<'a>,
    deltas: Cursor<'a>,
}

impl<'a> TransportFeedback<'a> {
    /// `None` when it tells of nothing, uses what is reserved, or ends before all that it tells.
    pub(super) fn read(mut body: Cursor<'a>) -> Option<Self> {
        let base = body.u16()?;
        let count = body.u16().filter(|count| *count > 0)?;
        let reference = body.u24()?;
        let feedback_count = body.u8()?;
        let chunks = body;
        let (mut left, mut delta_bytes) = (count, 0);
        let (mut n_lines, mut lost_left) = (0, LOST_BY_RUNS_MAX);
        while left > 0 {
            let chunk = Chunk::new(body.u16()?, left)?;
            left -= chunk.left();
            delta_bytes += chunk.delta_bytes()?;
            let n_told = chunk.n_told(lost_left);
            n_lines += n_told;
            if chunk.is_lost_run() {
                lost_left -= n_told;
            }
        }
        Some(Self {
            base,
            count,
            feedback_count,
            reference,
            n_lines,
            chunks,
            deltas: Cursor(body.bytes(delta_bytes)?),
        })
    }

    /// How many lines [`Self::packets`] gives: what it costs to hear them.
    pub fn n_lines(&self) -> u16 {
        self.n_lines
    }

    /// The reference time in ticks of 250 us, unwrapped to what is nearest to the previous feedback's.
    pub fn reference_ticks(&self, previous: Option<i64>) -> i64 {
        let reference = i64::from(self.reference);
        let Some(previous) = previous else {
            return reference * REFERENCE_TICKS;
        };
        let previous = previous.div_euclid(REFERENCE_TICKS);
        let ahead = (reference - previous).rem_euclid(1 << REFERENCE_BITS);
        let half = 1 << (REFERENCE_BITS - 1);
        let step = if ahead < half {
            ahead
        } else {
            ahead - 2 * half
        };
        (previous + step) * REFERENCE_TICKS
    }

    /// The packets in the order of their sequence numbers, and when each arrived: ticks of 250 us, of the epoch of
    /// `reference_ticks`. Numbers that are left out are unknown.
    pub fn packets(&self, reference_ticks: i64) -> PacketIter<'a> {
        PacketIter {
            chunks: self.chunks,
            deltas: self.deltas,
            chunk: Chunk::Run {
                status: Status::Lost,
                left: 0,
            },
            left: self.count,
            lost_by_runs_left: LOST_BY_RUNS_MAX,
            sequence: self.base,
            time: reference_ticks,
        }
    }
}

/// Which packets arrived when.
#[derive(Clone, Debug)]
pub struct PacketIter<'a> {
    chunks: Cursor<'a>,
    deltas: Cursor<'a>,
    chunk: Chunk,
    /// Packets after those of the chunk.
    left: u16,
    lost_by_runs_left: u16,
    /// Of the next packet.
    sequence: u16,
    /// Arrival of the last packet that arrived.
    time: i64,
}

impl PacketIter<'_> {
    fn next_chunk(&mut self) -> Option<()> {
        let mut chunk = Chunk::new(self.chunks.u16()?, self.left)?;
        self.left -= chunk.left();
        if let Chunk::Run {
            status: Status::Lost,
            left,
        } = &mut chunk
        {
            let reported = self.lost_by_runs_left.min(*left);
            self.sequence = self.sequence.wrapping_add(*left - reported);
            self.lost_by_runs_left -= reported;
            *left = reported;
        }
        self.chunk = chunk;
        Some(())
    }
}

impl Iterator for PacketIter<'_> {
    type Item = (u16, Option<i64>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.chunk.left() == 0 {
            if self.left == 0 {
                return None;
            }
            self.next_chunk()?;
        }
        let delta = match self.chunk.next()? {
            Status::Lost => None,
            Status::SmallDelta => Some(i64::from(self.deltas.u8()?)),
            // A packet that arrived before the one in front of it has a negative delta.
            Status::LargeDelta => Some(i64::from(self.deltas.u16()?.cast_signed())),
        };
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.time = self.time.saturating_add(delta.unwrap_or(0));
        Some((sequence, delta.map(|_| self.time)))
    }
}
