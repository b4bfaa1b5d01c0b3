//! A UDP socket that reads and writes in batches: `recvmmsg` with GRO in, GSO out: each viewer's burst is one message, and many
//! messages are one `sendmmsg`.

mod batch;
mod buffers;
mod segmentation;
mod send_many;

pub use batch::ReceiveBatch;
pub use buffers::{BUFFER_BYTES_WANTED, BufferSizes};
pub use send_many::{MESSAGES_MAX, Outgoing};

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use quinn_udp::{BATCH_SIZE, UdpSockRef, UdpSocketState};
use sfu_model::datagram::Transmit;
use socket2::{Domain, Protocol, Socket, Type};

use segmentation::Segmentation;

/// What a socket has done; counts only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketStats {
    /// Datagrams that were read.
    pub datagrams_in: u64,
    /// Messages that the kernel handed over; with GRO one holds many datagrams.
    pub messages_in: u64,
    /// System calls that read something.
    pub calls_in: u64,
    /// Datagrams that the kernel took.
    pub datagrams_out: u64,
    /// System calls that sent something; with GSO one sends many datagrams.
    pub calls_out: u64,
    /// Runs that were sent one by one because the kernel refused to cut them.
    pub runs_cut_by_hand: u64,
}

/// What one read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many datagrams are in the batch.
    pub n_datagrams: usize,
    /// Nothing more waits until the kernel says so.
    pub is_drained: bool,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel took what it takes; `n_refused` datagrams went nowhere (no route, filtered, too long).
    Done {
        /// How many of the run were lost here.
        n_refused: usize,
    },
    /// The send buffer is full from byte `from` of the run on: keep the rest until the socket is writable.
    BufferFull {
        /// Where the rest begins.
        from: usize,
    },
}

/// One worker's socket on one address.
#[derive(Debug)]
pub struct UdpSocket {
    socket: Socket,
    state: UdpSocketState,
    local: SocketAddr,
    buffers: BufferSizes,
    segmentation: Segmentation,
    stats: SocketStats,
}

impl UdpSocket {
    /// Binds `n_sockets` to the same address; the kernel spreads senders over them by a hash of both addresses.
    /// With port 0 they share the port that the first one got.
    pub fn bind_group(address: SocketAddr, n_sockets: usize) -> io::Result<Vec<Self>> {
        let mut address = address;
        let mut sockets: Vec<Self> = Vec::with_capacity(n_sockets);
        for index in 0..n_sockets {
            let socket = Self::bind(address, index)?;
            address = socket.local;
            sockets.push(socket);
        }
        Ok(sockets)
    }

    fn bind(address: SocketAddr, index: usize) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            // IPv4 has its own socket: an IPv4-mapped source address would match no candidate.
            socket.set_only_v6(true)?;
        }
        crate::port_group::bind_in_group(&socket, address, index)?;
        let buffers = buffers::enlarge(&socket);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let local = socket
            .local_addr()?
            .as_socket()
            .ok_or(io::ErrorKind::Unsupported)?;
        let segmentation = Segmentation::new(state.max_gso_segments() > 1);
        let stats = SocketStats::default();
        Ok(Self {
            socket,
            state,
            local,
            buffers,
            segmentation,
            stats,
        })
    }

    /// The address it is bound to; its IP is unspecified when it listens on every interface.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// The buffers that the kernel gave.
    pub fn buffers(&self) -> BufferSizes {
        self.buffers
    }

    /// What it has done.
    pub fn stats(&self) -> SocketStats {
        self.stats
    }

    /// Reads one batch.
    pub fn receive(&mut self, batch: &mut ReceiveBatch) -> io::Result<Received> {
        let n_messages = match batch.fill(&self.state, &self.socket, self.local) {
            Ok(n_messages) => n_messages,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        let n_datagrams = batch.n_datagrams();
        if n_messages > 0 {
            self.stats.calls_in += 1;
            self.stats.messages_in += n_messages as u64;
            self.stats.datagrams_in += n_datagrams as u64;
        }
        // The kernel hands over less than it was asked for only when nothing more waits.
        Ok(Received {
            n_datagrams,
            is_drained: n_messages < BATCH_SIZE,
        })
    }

    /// Sends as many of the runs as the kernel takes without a word, in one call, and says how many that were. The next one
    /// is for [`UdpSocket::send`], which finds out what is wrong with it.
    pub fn send_many<'a>(&mut self, messages: impl Iterator<Item = Outgoing<'a>> + Clone) -> usize {
        if !self.segmentation.is_on() {
            return 0;
        }
        let Ok(n_taken) = send_many::send_many(&self.socket, messages.clone()) else {
            return 0;
        };
        self.stats.calls_out += 1;
        for message in messages.take(n_taken) {
            self.stats.datagrams_out += message.run.n_datagrams() as u64;
            if message.bytes.len() > message.run.segment_bytes {
                self.segmentation.passed();
            }
        }
        n_taken
    }

    /// Sends a run, in one call if the kernel cuts it. `source` is our address that it leaves from; None lets the
    /// routing table choose.
    pub fn send(&mut self, run: &Transmit, bytes: &[u8], source: Option<IpAddr>) -> Sent {
        let is_burst = bytes.len() > run.segment_bytes;
        let mut refusal = None;
        if !is_burst || self.segmentation.wants_run() {
            let segment = is_burst.then_some(run.segment_bytes);
            match self.call(run, bytes, segment, source) {
                Ok(()) => {
                    if is_burst {
                        self.segmentation.passed();
                    }
                    self.stats.datagrams_out += bytes.len().div_ceil(run.segment_bytes) as u64;
                    return Sent::Done { n_refused: 0 };
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Sent::BufferFull { from: 0 };
                }
                Err(_) if !is_burst => return Sent::Done { n_refused: 1 },
                Err(error) => refusal = Some(error),
            }
        }
        let sent = self.send_one_by_one(run, bytes, source);
        // A run whose pieces do not pass either has a destination that cannot be sent to at all, whoever cuts it.
        if let (Some(error), Sent::Done { n_refused: 0 }) = (refusal, sent) {
            self.segmentation.refused(&error);
        }
        sent
    }

    /// What a kernel without GSO, or one that refused this run, is given.
    fn send_one_by_one(&mut self, run: &Transmit, bytes: &[u8], source: Option<IpAddr>) -> Sent {
        self.stats.runs_cut_by_hand += 1;
        let mut n_refused = 0;
        let mut n_taken = 0;
        for (index, datagram) in bytes.chunks(run.segment_bytes).enumerate() {
            match self.call(run, datagram, None, source) {
                Ok(()) => n_taken += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stats.datagrams_out += n_taken;
                    return Sent::BufferFull {
                        from: index * run.segment_bytes,
                    };
                }
                Err(_) => n_refused += 1,
            }
        }
        self.stats.datagrams_out += n_taken;
        Sent::Done { n_refused }
    }

    fn call(
        &mut self,
        run: &Transmit,
        bytes: &[u8],
        segment_size: Option<usize>,
        source: Option<IpAddr>,
    ) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: run.destination,
            // No ECN: nothing of ours reads the marks, and some networks still drop marked packets.
            ecn: None,
            contents: bytes,
            segment_size,
            src_ip: source,
        };
        self.state
            .try_send(UdpSockRef::from(&self.socket), &transmit)?;
        self.stats.calls_out += 1;
        Ok(())
    }
}

impl Source for UdpSocket {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        SourceFd(&self.socket.as_raw_fd()).register(registry, token, what)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        SourceFd(&self.socket.as_raw_fd()).reregister(registry, token, what)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        SourceFd(&self.socket.as_raw_fd()).deregister(registry)
    }
}

#[cfg(test)]
mod tests;
