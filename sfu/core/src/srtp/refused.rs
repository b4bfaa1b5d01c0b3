//! What the crypto library says when it does not do something: no more than that.

/// The library refused: the packet is too long for it, or the tag is wrong.
#[derive(Debug)]
pub(super) struct Refused;
