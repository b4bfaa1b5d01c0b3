//! The engine's answer made complete: what RFC 9725 section 4.4 and the offer demand, and the engine leaves out.
//!
//! * every offered section is answered, in order; one that media cannot flow in has port 0 and is out of the BUNDLE group
//!   (RFC 3264 section 6, RFC 9143 section 7.3);
//! * `a=rtcp-mux-only` in every bundled section (RFC 9725 section 4.4.1, RFC 8858);
//! * all candidates in the tagged section, then `a=end-of-candidates`: the server never trickles (section 4.3.2);
//! * RTCP feedback that was asked for, of all that the engine knows (RFC 4585 section 4.2);
//! * one MediaStream, named after the stream, for what is sent; none for what is only received (section 4.4.2).

use std::fmt::Write as _;

use crate::offer::OfferedSection;
use crate::request::Endpoint;
use crate::sdp::{Lines, MalformedSdp, Sdp, Section};

/// A complete answer, and what a later ICE restart must repeat of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The answer, CRLF lines.
    pub sdp: String,
    /// Its ICE part.
    pub ice: AnsweredIce,
}

/// The ICE part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredIce {
    /// Our user fragment.
    pub local_ufrag: String,
    /// `ice-lite`, `ice-options` and `ice-pacing` attributes as they stand in the answer, each once. RFC 9725 section
    /// 4.3.3: they do not change in a restart.
    pub attributes: Vec<String>,
    /// The m-line of the tagged section.
    pub tagged_media_line: String,
    /// The mids in the BUNDLE group, the tagged one first.
    pub bundle: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerRefusal {
    /// Peer incompatible: no section has a codec in common; for a publisher, not every section has.
    #[error("no common codec")]
    NoCommonCodec,
    /// Our bug: the engine's answer is not one.
    #[error("the engine's answer is unusable")]
    Unusable,
}

impl From<MalformedSdp> for AnswerRefusal {
    fn from(_: MalformedSdp) -> Self {
        Self::Unusable
    }
}

/// Completes an answer to an offer with these sections. `stream` names the MediaStream that a player gets.
pub fn complete(
    engine_answer: &str,
    layout: &[OfferedSection],
    endpoint: Endpoint,
    stream: &str,
) -> Result<Completed, AnswerRefusal> {
    let engine = Sdp::parse(engine_answer.as_bytes())?;
    let accepted: Vec<Option<&Section<'_>>> = layout
        .iter()
        .map(|offered| accepted_section(&engine, offered))
        .collect();
    let n_used = layout.iter().filter(|offered| offered.is_used).count();
    let n_accepted = accepted.iter().flatten().count();
    // RFC 9725 section 4.4.3: a publisher's offer is not taken in part.
    if n_accepted == 0 || (endpoint == Endpoint::Whip && n_accepted < n_used) {
        return Err(AnswerRefusal::NoCommonCodec);
    }
    let ice = answered_ice(&engine, layout, &accepted).ok_or(AnswerRefusal::Unusable)?;
    let mut sdp = String::with_capacity(engine_answer.len() + 512);
    write_session(&mut sdp, &engine, &ice.bundle, (endpoint, stream));
    let mut is_tagged = true;
    for (offered, section) in layout.iter().zip(&accepted) {
        match section {
            Some(section) => {
                write_accepted(&mut sdp, offered, section, (endpoint, stream));
                if std::mem::take(&mut is_tagged) {
                    write_candidates(&mut sdp, &engine);
                }
            }
            None => write_rejected(&mut sdp, offered),
        }
    }
    Ok(Completed { sdp, ice })
}

/// The engine's section for an offered one, if media can flow in it: the engine answers a section without a common codec
/// with no payload types and a port that is not zero.
fn accepted_section<'s, 'a>(
    engine: &'s Sdp<'a>,
    offered: &OfferedSection,
) -> Option<&'s Section<'a>> {
    let mid = offered.mid.as_deref().filter(|_| offered.is_used)?;
    let by_mid = |section: &&Section<'_>| section.lines.value("mid") == Some(mid);
    let section = engine.sections.iter().find(by_mid)?;
    let is_active = section.port != "0" && !section.lines.has("inactive");
    (is_active && section.lines.has("rtpmap")).then_some(section)
}

fn answered_ice(
    engine: &Sdp<'_>,
    layout: &[OfferedSection],
    accepted: &[Option<&Section<'_>>],
) -> Option<AnsweredIce> {
    let mut of_accepted = layout
        .iter()
        .zip(accepted)
        .filter_map(|(o, s)| Some((o, (*s)?)));
    let (tagged_offered, tagged) = of_accepted.next()?;
    let media_line = media_line(tagged_offered, tagged);
    let mids = accepted
        .iter()
        .flatten()
        .filter_map(|s| s.lines.value("mid"));
    let is_ice = |name: &str| matches!(name, "ice-lite" | "ice-options" | "ice-pacing");
    let of_session_and_tagged = engine.session.iter().chain(tagged.lines.iter());
    let mut attributes: Vec<String> = of_session_and_tagged
        .filter(|line| line.attribute().is_some_and(|(name, _)| is_ice(name)))
        .map(|line| line.value.to_owned())
        .collect();
    attributes.dedup();
    Some(AnsweredIce {
        local_ufrag: tagged.lines.value("ice-ufrag")?.to_owned(),
        attributes,
        tagged_media_line: media_line,
        bundle: mids.map(str::to_owned).collect(),
    })
}

fn media_line(offered: &OfferedSection, section: &Section<'_>) -> String {
    let OfferedSection { media, profile, .. } = offered;
    // RFC 3264 section 6.1: in the offer's order. It is the offerer's preference, and a browser sends what comes first.
    let mut formats: Vec<&str> = section.formats.split(' ').collect();
    let offered_at = |format: &&str| offered.formats.split(' ').position(|o| o == *format);
    formats.sort_by_key(|format| offered_at(format).unwrap_or(usize::MAX));
    format!("{media} 9 {profile} {}", formats.join(" "))
}

fn write_session(
    out: &mut String,
    engine: &Sdp<'_>,
    bundle: &[String],
    (endpoint, stream): (Endpoint, &str),
) {
    let origin = engine.session.line(b'o').unwrap_or_default();
    let id = origin.split(' ').nth(1).unwrap_or("0");
    // Writing to a String cannot fail.
    let _ = write!(out, "v=0\r\no=- {id} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    let _ = write!(out, "a=group:BUNDLE {}\r\n", bundle.join(" "));
    if endpoint == Endpoint::Whep {
        let _ = write!(out, "a=msid-semantic:WMS {stream}\r\n");
    }
    for (name, value) in engine.session.attributes() {
        if !matches!(name, "group" | "msid-semantic") {
            write_attribute(out, name, value);
        }
    }
}

fn write_accepted(
    out: &mut String,
    offered: &OfferedSection,
    section: &Section<'_>,
    (endpoint, stream): (Endpoint, &str),
) {
    let _ = write!(
        out,
        "m={}\r\nc=IN IP4 0.0.0.0\r\n",
        media_line(offered, section)
    );
    for (name, value) in section.lines.attributes() {
        match name {
            "candidate" | "end-of-candidates" | "rtcp-mux-only" => {}
            "rtcp-fb" if !offered.feedback.has(value) => {}
            "rtcp-mux" => out.push_str("a=rtcp-mux\r\na=rtcp-mux-only\r\n"),
            "msid" | "ssrc" | "ssrc-group" if endpoint == Endpoint::Whip => {}
            "msid" => {
                let track = value.split_once(' ').map_or(value, |(_, track)| track);
                let _ = write!(out, "a=msid:{stream} {track}\r\n");
            }
            "ssrc" => write_attribute(out, name, &ssrc_of_stream(value, stream)),
            _ => write_attribute(out, name, value),
        }
    }
}

/// `1234 msid:STREAM TRACK` with our stream; other ssrc attributes as they are.
fn ssrc_of_stream(value: &str, stream: &str) -> String {
    let of_msid = value.split_once(" msid:");
    match of_msid.and_then(|(ssrc, msid)| Some((ssrc, msid.split_once(' ')?.1))) {
        Some((ssrc, track)) => format!("{ssrc} msid:{stream} {track}"),
        None => value.to_owned(),
    }
}

/// The engine puts them into its first section, which need not be one that is accepted.
fn write_candidates(out: &mut String, engine: &Sdp<'_>) {
    let all_lines: Vec<&Lines<'_>> = engine.sections.iter().map(|s| &s.lines).collect();
    let mut written: Vec<&str> = Vec::new();
    for candidate in all_lines.iter().flat_map(|lines| lines.values("candidate")) {
        if !written.contains(&candidate) {
            write_attribute(out, "candidate", candidate);
            written.push(candidate);
        }
    }
    out.push_str("a=end-of-candidates\r\n");
}

fn write_rejected(out: &mut String, offered: &OfferedSection) {
    let OfferedSection {
        media,
        profile,
        formats,
        ..
    } = offered;
    let _ = write!(
        out,
        "m={media} 0 {profile} {formats}\r\nc=IN IP4 0.0.0.0\r\n"
    );
    if let Some(mid) = &offered.mid {
        write_attribute(out, "mid", mid);
    }
    out.push_str("a=inactive\r\n");
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    let _ = match value {
        "" => write!(out, "a={name}\r\n"),
        value => write!(out, "a={name}:{value}\r\n"),
    };
}
