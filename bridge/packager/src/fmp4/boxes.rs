//! How a box begins (ISO/IEC 14496-12 section 4.2.2), for boxes whose size is known before they are written.

use bytes::BufMut;

/// Size and type.
pub(super) const BOX_BYTES: usize = 8;
/// The same, version and flags.
pub(super) const FULL_BOX_BYTES: usize = BOX_BYTES + 4;

pub(super) fn write_full_box(
    out: &mut Vec<u8>,
    bytes: usize,
    name: &[u8; 4],
    version: u8,
    flags: u32,
) {
    write_box(out, bytes, name);
    out.put_u32(u32::from(version) << 24 | flags);
}

pub(super) fn write_box(out: &mut Vec<u8>, bytes: usize, name: &[u8; 4]) {
    out.put_u32(wire_number(bytes));
    out.put_slice(name);
}

/// Sizes and counts have 32 bits; those of a chunk are far below.
pub(super) fn wire_number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
