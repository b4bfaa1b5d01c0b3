//! Two ways to ask for a keyframe: PLI (RFC 4585 section 6.3.1) and FIR (RFC 5104 section 4.3.1).

use sfu_model::rtp::Ssrc;

use crate::rtcp::cursor::Cursor;
use crate::rtcp::packet::{append, kind};

/// The format of a picture loss indication.
pub(super) const PLI_FORMAT: u8 = 1;
/// The format of a full intra request.
pub(super) const FIR_FORMAT: u8 = 4;

/// One entry of a FIR: whom it asks, and its number, which a repetition of the same request keeps.
pub(super) fn read_fir_entry(entries: &mut Cursor<'_>) -> Option<(Ssrc, u8)> {
    let media = Ssrc(entries.u32()?);
    let sequence = entries.u8()?;
    let _reserved = entries.u24()?;
    Some((media, sequence))
}

/// Appends a PLI of `reporter` for `media`.
pub fn write_pli(buffer: &mut Vec<u8>, reporter: Ssrc, media: Ssrc) {
    append(buffer, PLI_FORMAT, kind::PAYLOAD_FEEDBACK, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        buffer.extend_from_slice(&media.0.to_be_bytes());
    });
}

/// Appends a FIR of `reporter` for `media`.
pub fn write_fir(buffer: &mut Vec<u8>, reporter: Ssrc, media: Ssrc, sequence: u8) {
    append(buffer, FIR_FORMAT, kind::PAYLOAD_FEEDBACK, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        // The header's own media SSRC is unused (RFC 5104 section 4.3.1.2).
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&media.0.to_be_bytes());
        buffer.extend_from_slice(&[sequence, 0, 0, 0]);
    });
}
