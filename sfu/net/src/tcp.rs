//! ICE over TCP, passive side (RFC 6544): datagrams framed by their length (RFC 4571) on connections that others open.

pub mod connection;
pub mod framing;
pub mod listener;
pub mod queue;

#[cfg(test)]
mod tests;
