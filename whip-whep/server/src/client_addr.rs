//! Who asks.

use std::net::IpAddr;

/// The client's address, as a request extension. Only whoever owns the listener knows which proxies may be believed, so
/// it puts it there; a request without one is answered with 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);
