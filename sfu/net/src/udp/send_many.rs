//! Runs to many viewers in one system call: `sendmmsg(2)`, where each message says by itself how it is cut
//! (`UDP_SEGMENT`) and which address it leaves from (`IP_PKTINFO`, RFC 3542 section 6 for IPv6).
//!
//! A core's turn and the kernel's path of a datagram do not fit into a processor's nearest cache together. Turn by turn
//! they drive each other out; many turns and then many messages do not.
#![expect(
    unsafe_code,
    reason = "no crate gives sendmmsg with control data for each message"
)]

use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use sfu_model::datagram::Transmit;
use socket2::{SockAddr, Socket};

/// Most runs that one call takes. A call's cost is spread over them, and a sixteenth of it is small beside what the kernel
/// does for each run.
pub const MESSAGES_MAX: usize = 16;

/// Bytes of control data: two headers, a segment length and the larger of both packet infos, each padded to eight bytes.
const CONTROL_BYTES: usize = 64;

/// A run, its bytes, and our address that it leaves from; `None` lets the routing table choose.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where it goes, and how it is cut.
    pub run: &'a Transmit,
    /// Its datagrams, one after the other.
    pub bytes: &'a [u8],
    /// Our address.
    pub source: Option<IpAddr>,
}

/// One message's control data, laid out as `cmsg(3)` does.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control {
    bytes: [u8; CONTROL_BYTES],
    len: usize,
}

impl Control {
    const EMPTY: Self = Self {
        bytes: [0; CONTROL_BYTES],
        len: 0,
    };

    fn of(message: &Outgoing<'_>) -> Self {
        let mut control = Self::EMPTY;
        let segment = message.run.segment_bytes;
        if message.bytes.len() > segment
            && let Ok(segment) = u16::try_from(segment)
        {
            control.push(libc::SOL_UDP, libc::UDP_SEGMENT, &segment.to_ne_bytes());
        }
        match message.source {
            // struct in_pktinfo: the interface (any), the source, the destination (unused when sending).
            Some(IpAddr::V4(source)) => {
                let mut info = [0; 12];
                info[4..8].copy_from_slice(&source.octets());
                control.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            // struct in6_pktinfo: the source, the interface (any).
            Some(IpAddr::V6(source)) => {
                let mut info = [0; 20];
                info[..16].copy_from_slice(&source.octets());
                control.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
            None => {}
        }
        control
    }
}

impl Control {
    /// Appends one `cmsghdr` with its data. What does not fit would be a mistake in [`CONTROL_BYTES`], and is left out.
    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        const HEADER: usize = size_of::<libc::cmsghdr>();
        let end = self.len + HEADER + data.len();
        let Some(room) = self.bytes.get_mut(self.len..end) else {
            debug_assert!(false, "control data for one message has outgrown its room");
            return;
        };
        let (header, rest) = room.split_at_mut(HEADER);
        let (length, kinds) = header.split_at_mut(size_of::<usize>());
        length.copy_from_slice(&(HEADER + data.len()).to_ne_bytes());
        let (first, second) = kinds.split_at_mut(size_of::<i32>());
        first.copy_from_slice(&level.to_ne_bytes());
        second.copy_from_slice(&kind.to_ne_bytes());
        rest.copy_from_slice(data);
        self.len = end.next_multiple_of(size_of::<usize>());
    }
}

/// Gives the kernel up to [`MESSAGES_MAX`] messages in one call, and says how many of them it took, in their order.
///
/// The error is that of the first message; what is wrong with a later one only its own call can tell.
pub(super) fn send_many<'a>(
    socket: &Socket,
    messages: impl Iterator<Item = Outgoing<'a>>,
) -> io::Result<usize> {
    let mut addresses: [MaybeUninit<SockAddr>; MESSAGES_MAX] =
        [const { MaybeUninit::uninit() }; MESSAGES_MAX];
    let mut slices = [libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }; MESSAGES_MAX];
    let mut controls = [Control::EMPTY; MESSAGES_MAX];
    // SAFETY: every field of `mmsghdr` is a number or a pointer, for which zero is a value.
    let mut headers: [libc::mmsghdr; MESSAGES_MAX] = unsafe { std::mem::zeroed() };
    let places = addresses
        .iter_mut()
        .zip(&mut slices)
        .zip(&mut controls)
        .zip(&mut headers);
    let mut n_messages = 0;
    for (message, (((address, slice), control), header)) in messages.zip(places) {
        let address = address.write(SockAddr::from(message.run.destination));
        *slice = libc::iovec {
            iov_base: message.bytes.as_ptr().cast_mut().cast(),
            iov_len: message.bytes.len(),
        };
        *control = Control::of(&message);
        let header = &mut header.msg_hdr;
        header.msg_name = address.as_ptr().cast_mut().cast();
        header.msg_namelen = address.len();
        header.msg_iov = slice;
        header.msg_iovlen = 1;
        if control.len > 0 {
            header.msg_control = control.bytes.as_mut_ptr().cast();
            header.msg_controllen = control.len;
        }
        n_messages += 1;
    }
    // SAFETY: the first `n_messages` headers point to an address, a slice and control data that live in this frame, and
    // each slice to bytes that `messages` borrows for 'a. The kernel only reads them.
    let n_taken =
        unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), n_messages, 0) };
    usize::try_from(n_taken).map_err(|_| io::Error::last_os_error())
}
