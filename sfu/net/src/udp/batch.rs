//! Memory that one `recvmmsg` fills, reused for ever.

use std::array;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::time::Duration;

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use sfu_model::datagram::{Datagram, Transport};
use socket2::Socket;

/// Bytes of one message: GRO joins datagrams up to the largest that IP can carry.
const MESSAGE_BYTES: usize = 65_536;

/// What one system call read: up to [`BATCH_SIZE`] messages, each with one datagram or, joined by GRO, many.
#[derive(Debug)]
pub struct ReceiveBatch {
    memory: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    n_messages: usize,
    local: SocketAddr,
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        Self {
            memory: vec![0; BATCH_SIZE * MESSAGE_BYTES],
            meta: [RecvMeta::default(); BATCH_SIZE],
            n_messages: 0,
            local: SocketAddr::from(([0, 0, 0, 0], 0)),
        }
    }
}

impl ReceiveBatch {
    pub(super) fn fill(
        &mut self,
        state: &UdpSocketState,
        socket: &Socket,
        local: SocketAddr,
    ) -> io::Result<usize> {
        self.n_messages = 0;
        self.local = local;
        let mut pieces = self.memory.chunks_exact_mut(MESSAGE_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            array::from_fn(|_| IoSliceMut::new(pieces.next().unwrap_or_default()));
        self.n_messages = state.recv(UdpSockRef::from(socket), &mut slices, &mut self.meta)?;
        Ok(self.n_messages)
    }

    /// The datagrams, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.arrivals().map(|(datagram, _)| datagram)
    }

    /// The datagrams, each with the moment when the kernel got it, since the unix epoch; `None` where it does not say.
    pub fn arrivals(&self) -> impl Iterator<Item = (Datagram<'_>, Option<Duration>)> {
        let messages = self
            .meta
            .iter()
            .zip(self.memory.chunks_exact(MESSAGE_BYTES));
        messages.take(self.n_messages).flat_map(|(meta, memory)| {
            let bytes = memory.get(..meta.len).unwrap_or_default();
            let destination = match meta.dst_ip {
                Some(ip) if self.local.ip().is_unspecified() => {
                    SocketAddr::new(ip, self.local.port())
                }
                _ => self.local,
            };
            // Nobody can be answered at port 0, which only a forged datagram comes from.
            let empty = bytes.is_empty().then_some(bytes);
            let datagrams = bytes.chunks(meta.stride.max(1)).chain(empty);
            let datagrams = (meta.addr.port() != 0).then_some(datagrams);
            datagrams.into_iter().flatten().map(move |bytes| {
                let datagram = Datagram {
                    transport: Transport::Udp,
                    source: meta.addr,
                    destination,
                    bytes,
                };
                (datagram, meta.timestamp)
            })
        })
    }

    /// Number of datagrams.
    pub fn n_datagrams(&self) -> usize {
        let metas = self.meta.iter().take(self.n_messages);
        metas
            // A datagram may be empty.
            .map(|meta| meta.len.div_ceil(meta.stride.max(1)).max(1))
            .sum()
    }
}
