//! Sockets of one port: what the kernel spreads datagrams and connections over.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;

/// Binds the socket that is number `index` of a group on one address.
///
/// The first is bound alone and opens the port to the rest of its group afterwards: had it asked for `SO_REUSEPORT`
/// before, a second process started by mistake would silently share the traffic, and a free port could be one that
/// another group of the same user already has.
pub(crate) fn bind_in_group(socket: &Socket, address: SocketAddr, index: usize) -> io::Result<()> {
    if index > 0 {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    if index == 0 {
        socket.set_reuse_port(true)?;
    }
    Ok(())
}
