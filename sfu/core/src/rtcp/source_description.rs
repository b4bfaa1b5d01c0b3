//! Which SSRCs belong together (RFC 3550 section 6.5).

use sfu_model::rtp::Ssrc;

use crate::rtcp::packet::{append, kind};

/// The item that names a session's sender (RFC 3550 section 6.5.1).
const CNAME: u8 = 1;

/// Longest CNAME: its length is one byte. A longer one is cut; ours have 16 characters (RFC 7022 section 5).
const CNAME_BYTES_MAX: usize = 255;

pub(super) fn write_source_description(buffer: &mut Vec<u8>, ssrc: Ssrc, cname: &str) {
    let cname = cname.as_bytes();
    let cname = cname.get(..CNAME_BYTES_MAX).unwrap_or(cname);
    let length = u8::try_from(cname.len()).unwrap_or(u8::MAX);
    append(buffer, 1, kind::SOURCE_DESCRIPTION, |buffer| {
        buffer.extend_from_slice(&ssrc.0.to_be_bytes());
        buffer.extend_from_slice(&[CNAME, length]);
        buffer.extend_from_slice(cname);
        // The list of items ends with at least one zero.
        buffer.push(0);
    });
}
