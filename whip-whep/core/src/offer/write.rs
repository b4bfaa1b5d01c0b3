//! The offer that the engine gets.

use std::fmt::Write as _;

use super::refusal::OfferRefusal;
use super::rules::Direction;
use super::transport::Transport;
use crate::sdp::{MalformedSdp, Sdp, Section};

/// The attributes that describe media; everything else either belongs to the transport, which is written once, or means
/// nothing to the engine.
const MEDIA_ATTRIBUTES: [&str; 10] = [
    "extmap",
    "rtcp-mux",
    "rtcp-rsize",
    "rtpmap",
    "rtcp-fb",
    "fmtp",
    "rid",
    "simulcast",
    "ssrc",
    "ssrc-group",
];

pub(super) fn engine_offer(
    sdp: &Sdp<'_>,
    media: &[(&Section<'_>, Direction)],
    transport: &Transport<'_>,
) -> Result<String, OfferRefusal> {
    let mut out = String::from("v=0\r\n");
    let id = session_id(sdp).ok_or(MalformedSdp::BadStart)?;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "o=- {id} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE"
    );
    for (section, _) in media {
        let _ = write!(out, " {}", section.lines.value("mid").unwrap_or_default());
    }
    let _ = write!(
        out,
        "\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=ice-options:trickle\r\na=fingerprint:{}\r\na=setup:{}\r\n",
        transport.ice.ufrag,
        transport.ice.password,
        transport.fingerprint,
        transport.setup.attribute(),
    );
    for (section, direction) in media {
        write_section(&mut out, section, *direction);
    }
    Ok(out)
}

fn write_section(out: &mut String, section: &Section<'_>, direction: Direction) {
    let (media, formats) = (section.media, section.formats);
    let mid = section.lines.value("mid").unwrap_or_default();
    let _ = write!(
        out,
        "m={media} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={}\r\n",
        direction.attribute()
    );
    if let Some(msid) = section.lines.value("msid") {
        // The track part is optional (RFC 8830 section 2), but not to the engine.
        let (stream, track) = msid.split_once(' ').unwrap_or((msid, mid));
        let _ = write!(out, "a=msid:{stream} {track}\r\n");
    }
    for line in section.lines.iter() {
        let is_media = |(name, _): (&str, &str)| MEDIA_ATTRIBUTES.contains(&name);
        if line.attribute().is_some_and(is_media) {
            let _ = write!(out, "a={}\r\n", line.value);
        }
    }
}

/// The number in the `o=` line, which is at most 64 bits wide (RFC 8866 section 5.2).
fn session_id(sdp: &Sdp<'_>) -> Option<u64> {
    sdp.session
        .line(b'o')?
        .split(' ')
        .nth(1)?
        .parse::<u64>()
        .ok()
}
