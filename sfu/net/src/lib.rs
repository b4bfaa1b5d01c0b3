//! The operating system of the media plane: time, entropy, interfaces and sockets. Nothing here knows what a
//! datagram means.
//!
//! # Invariants
//!
//! * [`clock`] is the only place that reads a clock, [`entropy`] the only one that draws random bits.
//! * No socket blocks. What the kernel refuses is a value that the caller counts, never a panic or a retry loop.
//! * A second process cannot join our ports by accident: the first socket of a group is bound without `SO_REUSEPORT`.
//! * `unsafe` is not needed: `quinn-udp`, `socket2`, `nix` and `mio` wrap every system call in use.
#![deny(unsafe_code)]

pub mod addresses;
pub mod budget;
pub mod clock;
pub mod entropy;
pub mod listen;
mod port_group;
pub mod tcp;
pub mod udp;
