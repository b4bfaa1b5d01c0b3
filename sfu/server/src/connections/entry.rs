//! One TCP connection and how far it has come.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::limits::CONNECT_TIMEOUT;
use sfu_model::time::Instant;
use sfu_net::tcp::connection::TcpConnection;

/// How long a stranger may take to send its first binding request. A browser sends it with the handshake's last packet;
/// a mobile network that loses it twice takes 3 s.
pub(super) const STRANGER_PATIENCE: Duration = Duration::from_secs(5);

/// How long a client may take to close its side after ours. One that does not is reset.
pub(super) const LEAVING_PATIENCE: Duration = Duration::from_secs(1);

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has sent nothing yet.
    Stranger,
    /// Its first request named a session of this worker.
    Named,
    /// It has passed ICE.
    Validated,
    /// Its session is over. What was said last must arrive: closing now, with something unread, would reset the
    /// connection and take that with it (RFC 9293 section 3.6.1). So our side is closed, and theirs is awaited.
    Leaving,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: TcpConnection,
    /// Our address as the other side knows it.
    pub(super) candidate: SocketAddr,
    pub(super) standing: Standing,
    pub(super) since: Instant,
    pub(super) is_readable: bool,
    pub(super) is_dirty: bool,
}

impl Entry {
    /// It has not come in time where it had to.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        let waited = now - self.since;
        match self.standing {
            Standing::Stranger => waited >= STRANGER_PATIENCE,
            Standing::Named => waited >= CONNECT_TIMEOUT,
            Standing::Validated => false,
            Standing::Leaving => waited >= LEAVING_PATIENCE,
        }
    }
}

/// What a read gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Its frames were passed on.
    Passed,
    /// A stranger's first frames: its owner must be found.
    FirstFrames(Vec<Vec<u8>>),
    /// It announced a frame that is too long, and is closed.
    FrameTooLong,
}
