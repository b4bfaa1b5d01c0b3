//! What enters a core from the network and what leaves it: bytes with two addresses.

use std::net::SocketAddr;
use std::ops::Range;

/// How a datagram travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// One UDP datagram.
    Udp,
    /// One RFC 4571 frame on a TCP connection that the other side opened (RFC 6544, passive).
    Tcp,
}

/// One datagram from the network. TCP framing is already removed.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// How it came.
    pub transport: Transport,
    /// Who sent it.
    pub source: SocketAddr,
    /// Our address it came to.
    pub destination: SocketAddr,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// Datagrams of the same length to the same place: one GSO system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// How they travel.
    pub transport: Transport,
    /// Our address they leave from.
    pub source: SocketAddr,
    /// Where they go.
    pub destination: SocketAddr,
    /// Where their bytes lie in the batch, one after the other.
    pub bytes: Range<usize>,
    /// The length of each of them; the last may be shorter.
    pub segment_bytes: usize,
}

impl Transmit {
    /// Number of datagrams.
    pub fn n_datagrams(&self) -> usize {
        self.bytes.len().div_ceil(self.segment_bytes)
    }
}

/// Datagrams on their way out, back to back in one buffer that is reused for ever.
///
/// [`TransmitBatch::push`] joins a datagram to the run before it while the rules of UDP GSO allow: same place,
/// same length (the last may be shorter), at most [`SEGMENTS_MAX`] and [`RUN_BYTES_MAX`].
#[derive(Debug, Default)]
pub struct TransmitBatch {
    buffer: Vec<u8>,
    transmits: Vec<Transmit>,
}

/// Most datagrams in one run. The kernel takes 64 (UDP_MAX_SEGMENTS); a viewer's frame rarely has more, and a run
/// that is dropped for a full socket buffer costs one viewer at most this many packets.
pub const SEGMENTS_MAX: usize = 32;

/// Most bytes in one run: an IP datagram, before it is cut, counts its length in 16 bits.
pub const RUN_BYTES_MAX: usize = 60_000;

impl TransmitBatch {
    /// Appends one datagram.
    pub fn push(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
    ) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        self.join(transport, source, destination, start);
    }

    /// Appends one datagram that is written where it will lie: `write` appends to the buffer it gets, whose last bytes may
    /// be other datagrams. What it wrote before an error is taken back.
    pub fn push_with<E>(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.buffer.len();
        if let Err(error) = write(&mut self.buffer) {
            self.buffer.truncate(start);
            return Err(error);
        }
        self.join(transport, source, destination, start);
        Ok(())
    }

    /// Makes the bytes from `start` on a datagram: one more of the last run where it fits, else the first of a new one.
    fn join(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        start: usize,
    ) {
        let end = self.buffer.len();
        let length = end - start;
        if let Some(run) = self.transmits.last_mut() {
            let same_place = run.transport == transport
                && run.source == source
                && run.destination == destination;
            // A shorter datagram ends a run: the kernel cuts at equal steps.
            let run_is_whole = run.bytes.len() % run.segment_bytes == 0;
            let fits = length <= run.segment_bytes
                && run.bytes.len() / run.segment_bytes < SEGMENTS_MAX
                && run.bytes.len() + length <= RUN_BYTES_MAX;
            if same_place && run_is_whole && fits && length > 0 {
                run.bytes.end = end;
                return;
            }
        }
        self.transmits.push(Transmit {
            transport,
            source,
            destination,
            bytes: start..end,
            segment_bytes: length.max(1),
        });
    }

    /// Moves everything from another batch to the end of this one.
    pub fn append(&mut self, other: &mut Self) {
        let shift = self.buffer.len();
        self.buffer.append(&mut other.buffer);
        self.transmits
            .extend(other.transmits.drain(..).map(|mut run| {
                run.bytes = run.bytes.start + shift..run.bytes.end + shift;
                run
            }));
    }

    /// The runs, in the order they were pushed.
    pub fn runs(&self) -> &[Transmit] {
        &self.transmits
    }

    /// The bytes of a run of this batch.
    pub fn bytes_of(&self, run: &Transmit) -> &[u8] {
        self.buffer.get(run.bytes.clone()).unwrap_or_default()
    }

    /// The runs with their bytes, in the order they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = (&Transmit, &[u8])> + Clone {
        self.transmits.iter().map(|run| (run, self.bytes_of(run)))
    }

    /// Number of datagrams.
    pub fn n_datagrams(&self) -> usize {
        self.transmits.iter().map(Transmit::n_datagrams).sum()
    }

    /// Number of bytes.
    pub fn n_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.transmits.is_empty()
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.transmits.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn push(batch: &mut TransmitBatch, port: u16, length: usize) {
        batch.push(Transport::Udp, address(1), address(port), &vec![7; length]);
    }

    fn runs(batch: &TransmitBatch) -> Vec<(u16, usize, usize)> {
        batch
            .iter()
            .map(|(run, bytes)| (run.destination.port(), bytes.len(), run.segment_bytes))
            .collect()
    }

    #[test]
    fn equal_datagrams_to_one_place_are_one_run_and_a_shorter_one_ends_it() {
        let mut batch = TransmitBatch::default();
        for length in [100, 100, 40, 40] {
            push(&mut batch, 9, length);
        }
        assert_eq!(runs(&batch), [(9, 240, 100), (9, 40, 40)]);
        assert_eq!(batch.n_datagrams(), 4);
    }

    #[test]
    fn a_longer_datagram_or_another_place_begins_a_run() {
        let mut batch = TransmitBatch::default();
        push(&mut batch, 9, 100);
        push(&mut batch, 9, 101);
        push(&mut batch, 8, 101);
        assert_eq!(runs(&batch), [(9, 100, 100), (9, 101, 101), (8, 101, 101)]);
    }

    #[test]
    fn an_appended_batch_keeps_its_runs() {
        let mut batch = TransmitBatch::default();
        push(&mut batch, 9, 100);
        let mut other = TransmitBatch::default();
        push(&mut other, 8, 50);
        push(&mut other, 8, 50);
        batch.append(&mut other);
        assert_eq!(runs(&batch), [(9, 100, 100), (8, 100, 50)]);
        assert!(other.is_empty());
    }

    #[test]
    fn a_run_stops_at_its_limits() {
        let mut batch = TransmitBatch::default();
        for _ in 0..=SEGMENTS_MAX {
            push(&mut batch, 9, 10);
        }
        assert_eq!(runs(&batch), [(9, SEGMENTS_MAX * 10, 10), (9, 10, 10)]);
        batch.clear();
        for _ in 0..4 {
            push(&mut batch, 9, 20_000);
        }
        assert_eq!(runs(&batch), [(9, 60_000, 20_000), (9, 20_000, 20_000)]);
    }
}
