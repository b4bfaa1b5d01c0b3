//! What a full socket did not take: kept in order until the socket is writable, within a bound.

use sfu_model::datagram::{Transmit, TransmitBatch};
use sfu_net::udp::Sent;

/// Most bytes that wait for one socket: 8 ms of 2 Gbit/s. The kernel's buffer in front of it holds several times that;
/// when both are full the network is slower than what we send, and later packets are worth less than newer ones.
pub(crate) const WAITING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The datagrams that wait for one socket.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    batch: TransmitBatch,
    /// Memory for the next round.
    spare: TransmitBatch,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Sends a run behind what waits. Gives the number of datagrams that were lost.
    pub(crate) fn send(
        &mut self,
        run: &Transmit,
        bytes: &[u8],
        send: &mut impl FnMut(&Transmit, &[u8]) -> Sent,
    ) -> usize {
        if !self.batch.is_empty() {
            return self.keep(run, bytes);
        }
        match send(run, bytes) {
            Sent::Done { n_refused } => n_refused,
            Sent::BufferFull { from } => self.keep(run, bytes.get(from..).unwrap_or_default()),
        }
    }

    /// Sends what waits, as far as it goes. Gives the number of datagrams that were lost.
    pub(crate) fn drain(&mut self, send: &mut impl FnMut(&Transmit, &[u8]) -> Sent) -> usize {
        let mut waited = std::mem::take(&mut self.batch);
        self.batch = std::mem::take(&mut self.spare);
        let n_lost = waited
            .iter()
            .map(|(run, bytes)| self.send(run, bytes, send))
            .sum();
        waited.clear();
        self.spare = waited;
        n_lost
    }

    fn keep(&mut self, run: &Transmit, bytes: &[u8]) -> usize {
        let mut n_lost = 0;
        for datagram in bytes.chunks(run.segment_bytes) {
            if self.batch.n_bytes() + datagram.len() > WAITING_BYTES_MAX {
                n_lost += 1;
            } else {
                self.batch
                    .push(run.transport, run.source, run.destination, datagram);
            }
        }
        n_lost
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use sfu_model::datagram::Transport;

    use super::*;

    /// A socket that takes so many datagrams and then is full.
    struct Socket {
        room: usize,
        taken: Vec<u8>,
    }

    impl Socket {
        fn send(&mut self, run: &Transmit, bytes: &[u8]) -> Sent {
            for (index, datagram) in bytes.chunks(run.segment_bytes).enumerate() {
                if self.room == 0 {
                    return Sent::BufferFull {
                        from: index * run.segment_bytes,
                    };
                }
                self.room -= 1;
                self.taken.push(datagram[0]);
            }
            Sent::Done { n_refused: 0 }
        }
    }

    fn batch(numbers: std::ops::Range<u8>, datagram_bytes: usize) -> TransmitBatch {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut batch = TransmitBatch::default();
        for number in numbers {
            batch.push(
                Transport::Udp,
                address,
                address,
                &vec![number; datagram_bytes],
            );
        }
        batch
    }

    fn send_all(waiting: &mut Waiting, socket: &mut Socket, batch: &TransmitBatch) -> usize {
        let mut send = |run: &Transmit, bytes: &[u8]| socket.send(run, bytes);
        batch
            .iter()
            .map(|(run, bytes)| waiting.send(run, bytes, &mut send))
            .sum()
    }

    #[test]
    fn a_socket_that_fills_up_and_empties_again_gets_everything_once_and_in_order() {
        let (mut waiting, mut socket) = (
            Waiting::default(),
            Socket {
                room: 7,
                taken: Vec::new(),
            },
        );
        assert_eq!(send_all(&mut waiting, &mut socket, &batch(0..40, 100)), 0);
        assert!(!waiting.is_empty());
        assert_eq!(send_all(&mut waiting, &mut socket, &batch(40..50, 100)), 0);
        while !waiting.is_empty() {
            socket.room = 3;
            assert_eq!(waiting.drain(&mut |run, bytes| socket.send(run, bytes)), 0);
        }
        assert_eq!(socket.taken, (0..50).collect::<Vec<u8>>());
    }

    #[test]
    fn past_two_megabytes_the_newest_are_lost_and_counted() {
        let (mut waiting, mut socket) = (
            Waiting::default(),
            Socket {
                room: 0,
                taken: Vec::new(),
            },
        );
        let kilobyte = 1_024;
        let n_fit = WAITING_BYTES_MAX / kilobyte;
        let n_sent = n_fit + 5;
        let one = batch(1..2, kilobyte);
        let n_lost: usize = (0..n_sent)
            .map(|_| send_all(&mut waiting, &mut socket, &one))
            .sum();
        assert_eq!(n_lost, 5);
        socket.room = n_sent;
        waiting.drain(&mut |run, bytes| socket.send(run, bytes));
        assert_eq!(socket.taken.len(), n_fit);
    }
}
