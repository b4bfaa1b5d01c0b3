//! One worker's UDP sockets: what came in, and what leaves.

use std::io;

use mio::{Interest, Registry, Token};
use sfu_model::datagram::Transmit;
use sfu_net::udp::{ReceiveBatch, SocketStats, UdpSocket};

use crate::candidates::Candidates;
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

    /// Sends a run. Gives the number of datagrams that were lost.
    pub(crate) fn send(&mut self, run: &Transmit, bytes: &[u8]) -> usize {
        let exit = self.candidates.exit(run.source);
        let port = exit.and_then(|exit| Some((exit, self.ports.get_mut(exit.socket)?)));
        let Some((exit, port)) = port else {
            return bytes.len().div_ceil(run.segment_bytes);
        };
        let Port {
            socket, waiting, ..
        } = port;
        waiting.send(run, bytes, &mut |run, bytes| {
            socket.send(run, bytes, exit.source)
        })
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
