//! Limits that two crates must agree on. Limits of one crate live in that crate.

use std::time::Duration;

/// Largest SDP body, in bytes: a browser's offer with every codec and 64 candidates is under 20 KB. A larger one is 413.
pub const SDP_BYTES_MAX: usize = 64 * 1024;

/// Most m-lines in an SDP. WHIP needs two; 32 leaves room for clients that offer unused ones.
pub const SDP_MEDIA_LINES_MAX: usize = 32;

/// Most candidates in an SDP or an SDP fragment. A host with many interfaces gathers about 20.
pub const SDP_CANDIDATES_MAX: usize = 64;

/// Longest line of an SDP, in bytes; the longest that browsers send (an fmtp line) is under 500.
pub const SDP_LINE_BYTES_MAX: usize = 4 * 1024;

/// Most encodings of a track: browsers send three simulcast versions.
pub const ENCODINGS_PER_TRACK_MAX: usize = 4;

/// Largest datagram that is taken or sent, in bytes. WebRTC stays under 1,500. A longer one, which UDP can carry up to 64 KiB,
/// is dropped before anything is read of it; over TCP a frame that announces more ends the connection.
pub const DATAGRAM_BYTES_MAX: usize = 2_000;

/// A session that has not passed ICE and DTLS this long after its POST is an orphan and is closed.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Consent to send expires this long after the last authenticated binding request (RFC 7675 section 5.1).
pub const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);

const _: () = assert!(CONNECT_TIMEOUT.as_nanos() < CONSENT_TIMEOUT.as_nanos());
const _: () = assert!(SDP_LINE_BYTES_MAX < SDP_BYTES_MAX);
