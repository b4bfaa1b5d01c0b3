//! Senders that leave (RFC 3550 section 6.6).

use sfu_model::rtp::Ssrc;

use crate::rtcp::packet::{append, kind};
use crate::rtcp::report::write_receiver_report;
use crate::rtcp::source_description::write_source_description;

/// Most SSRCs of one packet: its count has five bits.
const SSRCS_MAX: usize = 31;

/// Appends a whole compound packet (RFC 3550 section 6.1): an empty report of the first SSRC, its description with the CNAME,
/// then that all of them leave, 31 at most. None is nothing.
pub fn write_bye(buffer: &mut Vec<u8>, ssrcs: &[Ssrc], cname: &str) {
    let Some(first) = ssrcs.first() else {
        return;
    };
    let ssrcs = ssrcs.get(..SSRCS_MAX).unwrap_or(ssrcs);
    let count = u8::try_from(ssrcs.len()).unwrap_or_default();
    write_receiver_report(buffer, *first, &[]);
    write_source_description(buffer, *first, cname);
    append(buffer, count, kind::BYE, |buffer| {
        for ssrc in ssrcs {
            buffer.extend_from_slice(&ssrc.0.to_be_bytes());
        }
    });
}
