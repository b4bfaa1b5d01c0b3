//! The receiver's estimate of what the path carries (draft-alvestrand-rmcat-remb-03).

use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;

use crate::rtcp::cursor::Cursor;
use crate::rtcp::packet::{SsrcIter, append, kind};

/// The format of application-layer feedback, of which REMB is one kind.
pub(super) const FORMAT: u8 = 15;
/// What tells it from other kinds.
const NAME: u32 = u32::from_be_bytes(*b"REMB");
/// Bits of the mantissa.
const MANTISSA_BITS: u32 = 18;

/// `None` when it is another kind; `Some(None)` when it is a REMB that does not add up.
pub(super) fn read(mut body: Cursor<'_>) -> Option<Option<(Bitrate, SsrcIter<'_>)>> {
    (body.u32()? == NAME).then(|| read_estimate(body))
}

fn read_estimate(mut body: Cursor<'_>) -> Option<(Bitrate, SsrcIter<'_>)> {
    let n_ssrcs = usize::from(body.u8()?);
    let number = body.u24()?;
    let (exponent, mantissa) = (number >> MANTISSA_BITS, number & ((1 << MANTISSA_BITS) - 1));
    let mantissa = u64::from(mantissa);
    // Six bits of exponent reach past 64 bits: more than fits is as good as the most that fits.
    let rate = if mantissa.leading_zeros() >= exponent {
        mantissa << exponent
    } else {
        u64::MAX
    };
    let ssrcs = SsrcIter(Cursor(body.bytes(n_ssrcs * 4)?));
    Some((Bitrate(rate), ssrcs))
}

/// Appends the estimate of `reporter` for the SSRCs, 255 at most. What the mantissa has no room for is rounded down.
pub fn write_remb(buffer: &mut Vec<u8>, reporter: Ssrc, rate: Bitrate, ssrcs: &[Ssrc]) {
    let n_ssrcs = u8::try_from(ssrcs.len()).unwrap_or(u8::MAX);
    let n_bits = u64::BITS - rate.0.leading_zeros();
    let exponent = n_bits.saturating_sub(MANTISSA_BITS);
    let mantissa = u32::try_from(rate.0 >> exponent).unwrap_or(u32::MAX);
    let [_, number @ ..] = ((exponent << MANTISSA_BITS) | mantissa).to_be_bytes();
    append(buffer, FORMAT, kind::PAYLOAD_FEEDBACK, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&NAME.to_be_bytes());
        buffer.push(n_ssrcs);
        buffer.extend_from_slice(&number);
        for ssrc in ssrcs.iter().take(usize::from(n_ssrcs)) {
            buffer.extend_from_slice(&ssrc.0.to_be_bytes());
        }
    });
}
