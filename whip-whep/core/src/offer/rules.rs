//! The rules about sections: how many, of what kind, in which direction, named how.

use std::collections::HashSet;

use sfu_model::limits::{ENCODINGS_PER_TRACK_MAX, SDP_CANDIDATES_MAX, SDP_MEDIA_LINES_MAX};
use sfu_model::rtp::RID_BYTES_MAX;

use super::attributes;
use super::bounds::{MID_BYTES_MAX, SSRCS_MAX};
use super::refusal::OfferRefusal;
use crate::request::Endpoint;
use crate::sdp::{Lines, Sdp, Section};

/// What the engine is told about a section's direction. WHIP and WHEP are one-way: the other half of a `sendrecv` is
/// not taken up, so the answer says `recvonly` or `sendonly`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    SendOnly,
    RecvOnly,
}

impl Direction {
    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
        }
    }
}

pub(super) fn check_counts(sdp: &Sdp<'_>) -> Result<(), OfferRefusal> {
    if sdp.sections.len() > SDP_MEDIA_LINES_MAX {
        return Err(OfferRefusal::TooManyMediaLines);
    }
    let of_sections = sdp.sections.iter().map(|section| &section.lines);
    let all_lines = std::iter::once(&sdp.session).chain(of_sections);
    let n_candidates: usize = all_lines
        .map(|lines| lines.values("candidate").count())
        .sum();
    if n_candidates > SDP_CANDIDATES_MAX {
        return Err(OfferRefusal::TooManyCandidates);
    }
    Ok(())
}

/// The sections that media can flow in. A publisher's offer is taken whole or not at all (RFC 9725 section 4.4.3); a
/// player may offer more than it gets.
pub(super) fn used_sections<'s, 'a>(
    sdp: &'s Sdp<'a>,
    endpoint: Endpoint,
) -> Result<Vec<&'s Section<'a>>, OfferRefusal> {
    // Port 0 is a rejected section, unless it is bundle-only and borrows the port of the first (RFC 9143 section 6).
    let is_offered = |s: &&Section<'_>| s.port != "0" || s.lines.has("bundle-only");
    let is_media = |s: &Section<'_>| matches!(s.media, "audio" | "video");
    let offered: Vec<_> = sdp.sections.iter().filter(is_offered).collect();
    if endpoint == Endpoint::Whip && !offered.iter().all(|s| is_media(s)) {
        return Err(OfferRefusal::UnsupportedMedia);
    }
    let used: Vec<_> = offered.into_iter().filter(|s| is_media(s)).collect();
    if used.is_empty() {
        return Err(OfferRefusal::NoMedia);
    }
    Ok(used)
}

pub(super) fn check_mids(sdp: &Sdp<'_>, used: &[&Section<'_>]) -> Result<(), OfferRefusal> {
    let mut seen = HashSet::new();
    for section in &sdp.sections {
        let mut mids = section.lines.values("mid");
        let Some(mid) = mids.next() else { continue };
        if !is_token(mid) || mid.len() > MID_BYTES_MAX || mids.next().is_some() {
            return Err(OfferRefusal::BadMid);
        }
        if !seen.insert(mid) {
            return Err(OfferRefusal::DuplicateMid);
        }
    }
    let bundle = sdp.bundle();
    for section in used {
        let mid = section.lines.value("mid").ok_or(OfferRefusal::NoMid)?;
        if !bundle.as_ref().is_some_and(|mids| mids.contains(&mid)) {
            return Err(OfferRefusal::NotBundled);
        }
    }
    Ok(())
}

pub(super) fn check_section(section: &Section<'_>) -> Result<(), OfferRefusal> {
    if !matches!(section.profile, "UDP/TLS/RTP/SAVPF" | "TCP/DTLS/RTP/SAVPF") {
        return Err(OfferRefusal::PlainRtp);
    }
    if !section.lines.has("rtcp-mux") {
        return Err(OfferRefusal::NoRtcpMux);
    }
    if attributes::announced(&section.lines).len() > SSRCS_MAX {
        return Err(OfferRefusal::TooManySsrcs);
    }
    check_rids(&section.lines)
}

fn check_rids(lines: &Lines<'_>) -> Result<(), OfferRefusal> {
    let mut seen = HashSet::new();
    for value in lines.values("rid") {
        let (rid, direction) = value.split_once(' ').ok_or(OfferRefusal::BadRid)?;
        let rid_char = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let is_good = (1..=RID_BYTES_MAX).contains(&rid.len()) && rid.bytes().all(rid_char);
        let has_direction = direction.starts_with("send") || direction.starts_with("recv");
        if !is_good || !has_direction || !seen.insert(rid) {
            return Err(OfferRefusal::BadRid);
        }
    }
    if seen.len() > ENCODINGS_PER_TRACK_MAX {
        return Err(OfferRefusal::TooManyEncodings);
    }
    // A simulcast that names a rid without an a=rid line (RFC 8853 section 5.1) has no encoding behind it.
    let named = lines
        .values("simulcast")
        .flat_map(|value| value.split([' ', ';', ',']));
    let mut named = named.filter(|part| !matches!(*part, "send" | "recv" | ""));
    if named.any(|part| !seen.contains(part.trim_start_matches('~'))) {
        return Err(OfferRefusal::BadRid);
    }
    Ok(())
}

pub(super) fn check_tracks(used: &[&Section<'_>]) -> Result<(), OfferRefusal> {
    for kind in ["audio", "video"] {
        if used.iter().filter(|section| section.media == kind).count() > 1 {
            return Err(OfferRefusal::TooManyTracks);
        }
    }
    let msids = used.iter().flat_map(|section| section.lines.values("msid"));
    // "-" is a track that is in no MediaStream (RFC 8830 section 2).
    let streams = msids.filter_map(|msid| msid.split(' ').next());
    let streams: HashSet<&str> = streams.filter(|stream| *stream != "-").collect();
    if streams.len() > 1 {
        return Err(OfferRefusal::TooManyStreams);
    }
    Ok(())
}

/// The direction of a section: its own, else the session's, else `sendrecv` (RFC 8866 section 6.7).
pub(super) fn direction(
    sdp: &Sdp<'_>,
    section: &Section<'_>,
    endpoint: Endpoint,
) -> Result<Direction, OfferRefusal> {
    let own = direction_of(&section.lines)?;
    let direction = own.or(direction_of(&sdp.session)?).unwrap_or("sendrecv");
    match (endpoint, direction) {
        (Endpoint::Whip, "sendonly" | "sendrecv") => Ok(Direction::SendOnly),
        (Endpoint::Whip, _) => Err(OfferRefusal::NotSending),
        (Endpoint::Whep, "recvonly" | "sendrecv") => Ok(Direction::RecvOnly),
        (Endpoint::Whep, _) => Err(OfferRefusal::NotReceiving),
    }
}

fn direction_of<'a>(lines: &Lines<'a>) -> Result<Option<&'a str>, OfferRefusal> {
    let names = lines.attributes().map(|(name, _)| name);
    let mut directions =
        names.filter(|n| matches!(*n, "sendrecv" | "sendonly" | "recvonly" | "inactive"));
    let first = directions.next();
    match directions.next() {
        Some(_) => Err(OfferRefusal::ManyDirections),
        None => Ok(first),
    }
}

/// `token` of RFC 8866 section 9.
fn is_token(text: &str) -> bool {
    let token_char = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b);
    !text.is_empty() && text.bytes().all(token_char)
}
