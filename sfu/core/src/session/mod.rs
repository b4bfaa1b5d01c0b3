//! One transport connection of a participant: ICE, DTLS and SRTP, from its offer to its end.

pub(crate) mod engine;
pub(crate) mod gate;
pub(crate) mod offer;
pub(crate) mod state;
pub(crate) mod table;
