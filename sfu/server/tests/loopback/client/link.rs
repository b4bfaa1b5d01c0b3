//! A client's socket: UDP, or one TCP connection with RFC 4571 frames.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::{Interest, Registry, Token};
use sfu_model::datagram::{Transmit, Transport};
use sfu_net::udp::{ReceiveBatch, Sent, UdpSocket};

/// The socket.
#[derive(Debug)]
pub(crate) enum Link {
    Udp(UdpSocket),
    Tcp {
        stream: mio::net::TcpStream,
        local: SocketAddr,
        remote: SocketAddr,
        unread: Vec<u8>,
        is_closed: bool,
    },
}

impl Link {
    /// A UDP socket of its own on this host.
    pub(crate) fn udp(host: &str) -> Self {
        let address = SocketAddr::new(host.parse().unwrap(), 0);
        Self::Udp(UdpSocket::bind_group(address, 1).unwrap().remove(0))
    }

    /// A TCP connection to `remote`.
    pub(crate) fn tcp(remote: SocketAddr) -> Self {
        let stream = std::net::TcpStream::connect(remote).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        let local = stream.local_addr().unwrap();
        let stream = mio::net::TcpStream::from_std(stream);
        Self::Tcp {
            stream,
            local,
            remote,
            unread: Vec::new(),
            is_closed: false,
        }
    }

    pub(crate) fn local_address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_address(),
            Self::Tcp { local, .. } => *local,
        }
    }

    pub(crate) const fn transport(&self) -> Transport {
        match self {
            Self::Udp(_) => Transport::Udp,
            Self::Tcp { .. } => Transport::Tcp,
        }
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) {
        let what = Interest::READABLE;
        match self {
            Self::Udp(socket) => registry.register(socket, token, what).unwrap(),
            Self::Tcp { stream, .. } => registry.register(stream, token, what).unwrap(),
        }
    }

    pub(crate) fn send(&mut self, run: &Transmit, bytes: &[u8]) {
        match self {
            Self::Udp(socket) => {
                assert_eq!(socket.send(run, bytes, None), Sent::Done { n_refused: 0 });
            }
            Self::Tcp {
                stream, is_closed, ..
            } => {
                for datagram in bytes.chunks(run.segment_bytes) {
                    if *is_closed {
                        return;
                    }
                    let mut frame = u16::try_from(datagram.len())
                        .unwrap()
                        .to_be_bytes()
                        .to_vec();
                    frame.extend_from_slice(datagram);
                    // A test sends less than the kernel's buffers hold.
                    stream.write_all(&frame).unwrap();
                }
            }
        }
    }

    /// Everything that waits: (from where, what).
    pub(crate) fn receive(&mut self, batch: &mut ReceiveBatch) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut received = Vec::new();
        match self {
            Self::Udp(socket) => loop {
                let read = socket.receive(batch).unwrap();
                received.extend(batch.iter().map(|d| (d.source, d.bytes.to_vec())));
                if read.is_drained {
                    return received;
                }
            },
            Self::Tcp {
                stream,
                remote,
                unread,
                is_closed,
                ..
            } => {
                let mut scratch = [0; 65_536];
                while !*is_closed {
                    match stream.read(&mut scratch) {
                        Ok(0) => {
                            *is_closed = true;
                            stream.shutdown(std::net::Shutdown::Write).unwrap();
                        }
                        Ok(n_bytes) => unread.extend_from_slice(&scratch[..n_bytes]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                while let Some(frame) = split_frame(unread) {
                    received.push((*remote, frame));
                }
                received
            }
        }
    }
}

fn split_frame(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u16::from_be_bytes(unread.get(..2)?.try_into().unwrap());
    let end = 2 + usize::from(length);
    let frame = unread.get(2..end)?.to_vec();
    unread.drain(..end);
    Some(frame)
}
