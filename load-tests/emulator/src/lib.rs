//! The simulator's networks in real time, for programs that cannot be simulated: browsers.
//!
//! A TUN device in this network namespace and one in a namespace of the emulator's own are the two ends of a wire. What
//! the kernel puts into one comes out of the other, when and if the simulator's [`Network`](freshet_sim::network::Network)
//! says so. Whoever is started with `nsenter --net=/proc/PID/ns/net` is at the far end, and reaches the near one only so.
//!
//! A packet's journey: [`device`] reads it, [`packet`] says what it is called, [`wire`] decides and keeps it, [`device`]
//! writes it at the other end, [`statistics`] counts. [`carrier`] is the loop around them, [`path`] what the operator says.
//!
//! # Invariants
//!
//! * Time reaches the wire as an argument: what it does is tested without a device and without waiting.
//! * What a packet meets is the simulator's decision alone; what the machine adds (a wake-up that comes late) is measured.
//! * A packet that is carried takes no allocation once the wire has carried as many at a time before.
#![forbid(unsafe_code)]

pub mod histogram;
pub mod packet;
pub mod path;
pub mod statistics;
pub mod wire;

pub mod device;
pub mod orders;
pub mod reply;

pub mod carrier;
