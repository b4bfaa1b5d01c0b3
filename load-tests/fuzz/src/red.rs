//! Sound with earlier frames (RFC 2198), of a publisher that lies about them.

use sfu_core::red::{
    HEADER_BYTES, PRIMARY_HEADER_BYTES, REDUNDANT_MAX, Red, write_primary_header,
    write_redundant_header,
};

/// What is taken apart is all there: its frames lie one after another in the payload, each byte in one. Written again, it
/// is read as it was.
pub fn red(bytes: &[u8]) {
    let Some(red) = Red::parse(bytes) else { return };
    let n_redundant = red.redundant().count();
    assert!(n_redundant <= REDUNDANT_MAX, "{n_redundant} earlier frames");
    let headers = n_redundant * HEADER_BYTES + PRIMARY_HEADER_BYTES;
    let frames: Vec<u8> = red
        .redundant()
        .flat_map(|frame| frame.payload)
        .chain(red.primary)
        .copied()
        .collect();
    assert!(bytes.get(headers..) == Some(frames.as_slice()), "frames");
    let mut again = Vec::new();
    for frame in red.redundant() {
        let length = u16::try_from(frame.payload.len()).unwrap_or(u16::MAX);
        write_redundant_header(&mut again, frame.payload_type, frame.offset, length);
    }
    write_primary_header(&mut again, red.payload_type);
    again.extend(frames);
    assert!(again == bytes, "it is not read as it was written");
}
