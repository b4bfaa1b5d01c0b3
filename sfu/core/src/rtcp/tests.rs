//! What is written is read again, and what others wrote is read as they meant it.

mod hostile;
mod round_trip;
mod transport_wide;

use crate::rtcp::{Compound, Feedback, Malformed};

/// All statements of a compound packet, or what is wrong with it.
fn read(bytes: &[u8]) -> Result<Vec<Feedback<'_>>, Malformed> {
    Compound::new(bytes).collect()
}

/// The one statement of a packet.
fn read_one(bytes: &[u8]) -> Feedback<'_> {
    let mut statements = read(bytes).unwrap();
    assert_eq!(statements.len(), 1);
    statements.remove(0)
}
