//! One worker's UDP sockets: what came in, and what leaves.

use std::io;
use std::net::SocketAddr;

use mio::{Interest, Registry, Token};
use sfu_model::datagram::{Transmit, TransmitBatch};
use sfu_net::udp::{MESSAGES_MAX, Outgoing, ReceiveBatch, SocketStats, UdpSocket};

use crate::candidates::{Candidates, Exit};
use crate::waiting::Waiting;

#[derive(Debug)]
struct Port {
    socket: UdpSocket,
    token: Token,
    is_readable: bool,
    waiting: Waiting,
    watches_writable: bool,
}

/// All of them, in the order of the addresses that are listened on.
#[derive(Debug)]
pub(crate) struct Sockets {
    ports: Vec<Port>,
    candidates: Candidates,
}

impl Sockets {
    pub(crate) fn new(
        sockets: Vec<UdpSocket>,
        candidates: Candidates,
        registry: &Registry,
        first_token: usize,
    ) -> io::Result<Self> {
        let register = |(index, mut socket): (usize, UdpSocket)| {
            let token = Token(first_token + index);
            registry.register(&mut socket, token, Interest::READABLE)?;
            let waiting = Waiting::default();
            Ok(Port {
                socket,
                token,
                is_readable: true,
                waiting,
                watches_writable: false,
            })
        };
        let ports = sockets
            .into_iter()
            .enumerate()
            .map(register)
            .collect::<io::Result<_>>()?;
        Ok(Self { ports, candidates })
    }

    pub(crate) fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// The kernel says that something waits.
    pub(crate) fn set_readable(&mut self, index: usize) {
        if let Some(port) = self.ports.get_mut(index) {
            port.is_readable = true;
        }
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.ports.iter().any(|port| port.is_readable)
    }

    pub(crate) fn len(&self) -> usize {
        self.ports.len()
    }

    /// Reads one batch from socket `index`; 0 when nothing waits there.
    pub(crate) fn receive(&mut self, index: usize, batch: &mut ReceiveBatch) -> usize {
        let Some(port) = self.ports.get_mut(index).filter(|port| port.is_readable) else {
            return 0;
        };
        match port.socket.receive(batch) {
            Ok(received) => {
                port.is_readable = !received.is_drained;
                received.n_datagrams
            }
            Err(error) => {
                // The next datagram makes it readable again; trying at once could go on for ever.
                port.is_readable = false;
                tracing::warn!(%error, "a UDP socket cannot be read");
                0
            }
        }
    }

    /// Sends runs that leave from the same address of ours. Gives the number of datagrams that were lost.
    pub(crate) fn send(
        &mut self,
        from: SocketAddr,
        runs: &[Transmit],
        batch: &TransmitBatch,
    ) -> usize {
        let exit = self.candidates.exit(from);
        let port = exit.and_then(|exit| Some((exit, self.ports.get_mut(exit.socket)?)));
        let Some((Exit { source, .. }, port)) = port else {
            return runs.iter().map(Transmit::n_datagrams).sum();
        };
        let Port {
            socket, waiting, ..
        } = port;
        let (mut rest, mut n_lost) = (runs, 0);
        while !rest.is_empty() {
            if waiting.is_empty() {
                let messages = rest.iter().map(|run| Outgoing {
                    run,
                    bytes: batch.bytes_of(run),
                    source,
                });
                let n_taken = socket.send_many(messages);
                rest = rest.get(n_taken..).unwrap_or_default();
                if n_taken == MESSAGES_MAX {
                    continue;
                }
            }
            let Some((run, others)) = rest.split_first() else {
                break;
            };
            let bytes = batch.bytes_of(run);
            n_lost += waiting.send(run, bytes, &mut |run, bytes| {
                socket.send(run, bytes, source)
            });
            rest = others;
        }
        n_lost
    }

    /// A full socket can be written again. Gives the number of datagrams that were lost.
    pub(crate) fn drain(&mut self, index: usize) -> usize {
        let Self { ports, candidates } = self;
        let Some(Port {
            socket, waiting, ..
        }) = ports.get_mut(index)
        else {
            return 0;
        };
        waiting.drain(&mut |run, bytes| {
            let source = candidates.exit(run.source).and_then(|exit| exit.source);
            socket.send(run, bytes, source)
        })
    }

    /// Asks the kernel to say when full sockets can be written, and to be quiet about the others: a socket that always
    /// watches is woken by every packet that leaves.
    pub(crate) fn watch(&mut self, registry: &Registry) {
        for port in &mut self.ports {
            let wants = !port.waiting.is_empty();
            if wants == port.watches_writable {
                continue;
            }
            let writable = Interest::READABLE | Interest::WRITABLE;
            let interest = if wants { writable } else { Interest::READABLE };
            match registry.reregister(&mut port.socket, port.token, interest) {
                Ok(()) => port.watches_writable = wants,
                Err(error) => tracing::warn!(%error, "a UDP socket cannot be watched"),
            }
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.ports.iter().any(|port| !port.waiting.is_empty())
    }

    /// The sum over all sockets.
    pub(crate) fn stats(&self) -> SocketStats {
        let each = self.ports.iter().map(|port| port.socket.stats());
        each.fold(SocketStats::default(), |sum, one| SocketStats {
            datagrams_in: sum.datagrams_in + one.datagrams_in,
            messages_in: sum.messages_in + one.messages_in,
            calls_in: sum.calls_in + one.calls_in,
            datagrams_out: sum.datagrams_out + one.datagrams_out,
            calls_out: sum.calls_out + one.calls_out,
            runs_cut_by_hand: sum.runs_cut_by_hand + one.runs_cut_by_hand,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Poll};
    use sfu_model::datagram::Transport;

    use super::*;

    fn sockets(poll: &Poll) -> (Sockets, SocketAddr) {
        let bound = UdpSocket::bind_group("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let address = bound[0].local_address();
        let candidates = Candidates::new(&[address], &[], &[address.ip()]);
        (
            Sockets::new(bound, candidates, poll.registry(), 0).unwrap(),
            address,
        )
    }

    /// The lengths of the first datagrams that come.
    fn lengths(receiver: &mut UdpSocket, n_datagrams: usize) -> Vec<usize> {
        let mut poll = Poll::new().unwrap();
        poll.registry()
            .register(receiver, Token(0), Interest::READABLE)
            .unwrap();
        let (mut events, mut batch) = (Events::with_capacity(1), ReceiveBatch::default());
        let mut lengths = Vec::new();
        while lengths.len() < n_datagrams {
            if receiver.receive(&mut batch).unwrap().n_datagrams == 0 {
                poll.poll(&mut events, Some(Duration::from_secs(5)))
                    .unwrap();
                assert!(!events.is_empty(), "{lengths:?} of {n_datagrams} came");
            }
            lengths.extend(batch.iter().map(|datagram| datagram.bytes.len()));
        }
        lengths
    }

    #[test]
    fn a_run_that_cannot_be_sent_costs_nobody_else_a_packet() {
        let poll = Poll::new().unwrap();
        let (mut sockets, from) = sockets(&poll);
        let any = "127.0.0.1:0".parse().unwrap();
        let mut receivers: Vec<UdpSocket> = (0..3 * MESSAGES_MAX)
            .flat_map(|_| UdpSocket::bind_group(any, 1).unwrap())
            .collect();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut batch = TransmitBatch::default();
        for (index, receiver) in receivers.iter().enumerate() {
            if index % 10 == 3 {
                batch.push(Transport::Udp, from, nowhere, &[9; 20]);
            }
            for length in [700, 700, 100] {
                let place = receiver.local_address();
                batch.push(Transport::Udp, from, place, &vec![7; length]);
            }
        }
        assert_eq!(sockets.send(from, batch.runs(), &batch), 5);
        for receiver in &mut receivers {
            assert_eq!(lengths(receiver, 3), [700, 700, 100]);
        }
    }

    #[test]
    fn what_leaves_from_an_address_that_is_none_of_ours_is_counted() {
        let poll = Poll::new().unwrap();
        let (mut sockets, from) = sockets(&poll);
        let foreign = SocketAddr::from(([192, 0, 2, 1], 9));
        let mut batch = TransmitBatch::default();
        batch.push(Transport::Udp, foreign, from, &[7; 20]);
        batch.push(Transport::Udp, foreign, from, &[7; 20]);
        assert_eq!(sockets.send(foreign, batch.runs(), &batch), 2);
    }
}
