//! Kernel buffers, as large as the kernel allows.

use nix::sys::socket::{setsockopt, sockopt};
use socket2::Socket;

/// What each socket asks for, each way, in bytes. A keyframe of 200 KB to 500 viewers is 100 MB in one burst: no buffer
/// holds that, but 8 MB hold 30 ms of 2 Gbit/s, which is longer than a worker's turn.
pub const BUFFER_BYTES_WANTED: usize = 8 * 1024 * 1024;

/// What the kernel gave, in bytes as it counts them (it doubles what was asked, for its own bookkeeping).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferSizes {
    /// SO_RCVBUF.
    pub receive_bytes: usize,
    /// SO_SNDBUF.
    pub send_bytes: usize,
}

impl BufferSizes {
    /// True when the kernel gave less than [`BUFFER_BYTES_WANTED`]: the operator should raise `net.core.rmem_max` and
    /// `net.core.wmem_max`, or grant CAP_NET_ADMIN.
    pub fn are_small(self) -> bool {
        self.receive_bytes.min(self.send_bytes) < BUFFER_BYTES_WANTED
    }
}

/// Asks past the system's limit first, which needs CAP_NET_ADMIN, then up to it.
pub(super) fn enlarge(socket: &Socket) -> BufferSizes {
    if setsockopt(socket, sockopt::RcvBufForce, &BUFFER_BYTES_WANTED).is_err() {
        // The kernel silently gives what its limit allows; what it gave is read back below.
        let _ = socket.set_recv_buffer_size(BUFFER_BYTES_WANTED);
    }
    if setsockopt(socket, sockopt::SndBufForce, &BUFFER_BYTES_WANTED).is_err() {
        let _ = socket.set_send_buffer_size(BUFFER_BYTES_WANTED);
    }
    BufferSizes {
        receive_bytes: socket.recv_buffer_size().unwrap_or(0),
        send_bytes: socket.send_buffer_size().unwrap_or(0),
    }
}
