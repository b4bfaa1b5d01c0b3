//! Offers that are made to cost: each is as long as a body may be, or longer, and spends it on one thing.

use std::fmt::Write as _;

use sfu_model::limits::SDP_BYTES_MAX;

use crate::connected::OFFER;

/// Name and body of each.
pub fn sdp_bombs() -> Vec<(&'static str, Vec<u8>)> {
    let duplicate_mids = OFFER.replace("a=mid:1", "a=mid:0");
    let no_fingerprint = without(OFFER, "a=fingerprint:");
    let two_fingerprints = OFFER.replacen(
        "a=setup:",
        "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\na=setup:",
        1,
    );
    let texts = [
        ("a megabyte", "a=x\r\n".repeat(200_000)),
        (
            "10,000 m-lines",
            format!(
                "{OFFER}{}",
                "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".repeat(10_000)
            ),
        ),
        (
            "100,000 candidates",
            format!(
                "{OFFER}{}",
                numbered("a=candidate:1 1 udp 1 192.0.2.1 ", " typ host", 100_000)
            ),
        ),
        (
            "candidates that fill a body",
            filled(&numbered(
                "a=candidate:1 1 udp 1 192.0.2.1 ",
                " typ host",
                2_000,
            )),
        ),
        (
            "a line of 64 KB",
            format!("{OFFER}a=x:{}\r\n", "x".repeat(SDP_BYTES_MAX)),
        ),
        (
            "payload types that fill a body",
            filled(&numbered("a=rtpmap:", " H264/90000", 4_000)),
        ),
        (
            "format parameters that fill a body",
            filled(&"a=fmtp:96 profile-level-id=42e01f\r\n".repeat(4_000)),
        ),
        (
            "header extensions that fill a body",
            filled(&numbered("a=extmap:", " urn:x", 4_000)),
        ),
        (
            "rids that fill a body",
            filled(&numbered("a=rid:", " send", 4_000)),
        ),
        (
            "sources that fill a body",
            filled(&numbered("a=ssrc:", " cname:x", 4_000)),
        ),
        (
            "short lines that fill a body",
            filled(&"a=\r\n".repeat(14_000)),
        ),
        ("line ends only", "\r\n".repeat(SDP_BYTES_MAX / 2)),
        ("NULs", "\0".repeat(SDP_BYTES_MAX)),
        ("duplicate mids", duplicate_mids),
        ("no fingerprint", no_fingerprint),
        ("an empty fingerprint", empty_fingerprints(OFFER)),
        ("two fingerprints", two_fingerprints),
        ("plain RTP", OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")),
    ];
    texts.map(|(name, text)| (name, text.into_bytes())).into()
}

/// The offer with more lines in its last section, up to the size that a body may have.
fn filled(lines: &str) -> String {
    let mut text = OFFER.to_owned();
    for line in lines.split_inclusive('\n') {
        if text.len() + line.len() > SDP_BYTES_MAX {
            break;
        }
        text.push_str(line);
    }
    text
}

fn numbered(before: &str, after: &str, n: usize) -> String {
    let mut lines = String::new();
    for number in 1..=n {
        // Writing to a String cannot fail.
        let _ = write!(lines, "{before}{number}{after}\r\n");
    }
    lines
}

fn without(text: &str, start: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(start)).collect()
}

fn empty_fingerprints(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        if line.starts_with("a=fingerprint:") {
            "a=fingerprint:\r\n"
        } else {
            line
        }
    });
    lines.collect()
}
