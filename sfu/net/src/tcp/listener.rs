//! The listening side: one socket per worker on one port.

use std::io;
use std::net::SocketAddr;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::connection::TcpConnection;

/// Connections that wait to be accepted. A crowd that arrives in one second fits; past it the kernel drops the SYN and
/// the client sends it again a second later.
const BACKLOG: i32 = 1_024;

/// What an attempt to accept ended with.
#[derive(Debug)]
pub enum Accept {
    /// A connection.
    Connection(TcpConnection),
    /// Nobody waits until the kernel says so.
    Drained,
    /// This one vanished before it was accepted; try the next.
    Vanished,
    /// The process or the machine has no descriptor or memory left for it. Trying again at once cannot help: wait.
    OutOfResources,
}

/// A listening socket of one worker.
#[derive(Debug)]
pub struct TcpListener {
    listener: mio::net::TcpListener,
}

impl TcpListener {
    /// Binds `n_sockets` to the same address; the kernel spreads connections over them. The port must not be 0.
    pub fn bind_group(address: SocketAddr, n_sockets: usize) -> io::Result<Vec<Self>> {
        // Every socket is bound before the first listens: from then on connections are spread over all of them.
        let mut sockets = Vec::with_capacity(n_sockets);
        for index in 0..n_sockets {
            let socket = Socket::new(
                Domain::for_address(address),
                Type::STREAM,
                Some(Protocol::TCP),
            )?;
            if address.is_ipv6() {
                socket.set_only_v6(true)?;
            }
            // A restart must not wait for the connections of its predecessor to time out.
            socket.set_reuse_address(true)?;
            crate::port_group::bind_in_group(&socket, address, index)?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        let listen = |socket: Socket| {
            socket.listen(BACKLOG)?;
            Ok(Self {
                listener: mio::net::TcpListener::from_std(socket.into()),
            })
        };
        sockets.into_iter().map(listen).collect()
    }

    /// Takes the next connection.
    pub fn accept(&self) -> Accept {
        let accepted = self.listener.accept();
        match accepted.and_then(|(stream, remote)| TcpConnection::new(stream, remote)) {
            Ok(connection) => Accept::Connection(connection),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Accept::Drained,
            Err(error) if is_out_of_resources(&error) => Accept::OutOfResources,
            // accept(2) reports errors of the connection that it would have returned.
            Err(_) => Accept::Vanished,
        }
    }
}

fn is_out_of_resources(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let resources = [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM];
    error
        .raw_os_error()
        .is_some_and(|code| resources.contains(&Errno::from_raw(code)))
}

impl Source for TcpListener {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.listener.register(registry, token, what)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.listener.reregister(registry, token, what)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.listener.deregister(registry)
    }
}
