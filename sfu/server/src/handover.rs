//! A TCP connection on its way to the worker that its first STUN request names.

use sfu_net::tcp::connection::TcpConnection;

/// A connection with what was already read from it.
#[derive(Debug)]
pub(crate) struct Handover {
    /// The connection, registered nowhere.
    pub(crate) connection: TcpConnection,
    /// Frames that were read before its owner was known, in order. At most those of one read.
    pub(crate) frames: Vec<Vec<u8>>,
}
