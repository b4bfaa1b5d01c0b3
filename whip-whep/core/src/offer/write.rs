//! The offer that the engine gets.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::attributes;
use super::feedback::OfferedFeedback;
use super::formats::Formats;
use super::refusal::OfferRefusal;
use super::rules::Direction;
use super::transport::Transport;
use crate::sdp::{MalformedSdp, Sdp, Section};

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
        write_section(&mut out, section, *direction, &Formats::of(section)?);
    }
    Ok(out)
}

fn write_section(out: &mut String, section: &Section<'_>, direction: Direction, formats: &Formats) {
    let (media, list) = (section.media, formats.list());
    let mid = section.lines.value("mid").unwrap_or_default();
    let _ = write!(
        out,
        "m={media} 9 UDP/TLS/RTP/SAVPF {list}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={}\r\n",
        direction.attribute()
    );
    // The track part is optional (RFC 8830 section 2), but not to the engine.
    let msid = section.lines.value("msid").unwrap_or_default();
    let (stream, track) = msid.split_once(' ').unwrap_or((msid, mid));
    if !stream.is_empty() && !track.trim().is_empty() {
        let _ = write!(out, "a=msid:{stream} {track}\r\n");
    }
    let announced = attributes::announced(&section.lines);
    let mut told = HashSet::new();
    for line in section.lines.iter() {
        let mut is_media = |(name, value)| match name {
            "rtpmap" | "fmtp" => formats.are_described_by(value),
            name => {
                let subject = attributes::subject(name, value);
                attributes::is_told(name, value, &announced) && told.insert((name, subject))
            }
        };
        if line.attribute().is_some_and(&mut is_media) {
            let _ = write!(out, "a={}\r\n", line.value);
        }
    }
    let feedback = OfferedFeedback::of(&section.lines);
    for value in feedback.told().filter(|v| formats.are_described_by(v)) {
        let _ = write!(out, "a=rtcp-fb:{value}\r\n");
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
