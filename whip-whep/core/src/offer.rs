//! Which offers are taken (RFC 9725 section 4.4), and the offer that the media engine gets to see.
//!
//! The engine's offer is written from scratch: one transport for all sections, one direction each, no candidates (an
//! ICE-lite side sends no checks, so it needs none, and nobody can make it send to a victim), and only attributes that
//! media needs. Sections that cannot be used are left out and answered by [`crate::answer`] with port 0.

mod attributes;
mod bounds;
mod feedback;
mod formats;
mod refusal;
mod rules;
mod transport;
mod write;

pub use bounds::{MID_BYTES_MAX, PAYLOAD_TYPES_MAX, SSRCS_MAX};
pub use feedback::OfferedFeedback;
pub use refusal::OfferRefusal;

use crate::ice::IceCredentials;
use crate::request::Endpoint;
use crate::sdp::Sdp;

/// An offer that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The offer for the engine, CRLF lines.
    pub engine_offer: String,
    /// The sections as the client sent them: the answer must have the same ones in the same order (RFC 3264 section 6).
    pub layout: Vec<OfferedSection>,
    /// What the client uses for ICE.
    pub ice: IceCredentials,
}

/// What the answer must repeat of an offered section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedSection {
    /// `audio`, `video`, ...
    pub media: String,
    /// The transport profile, which the answer repeats.
    pub profile: String,
    /// The formats, which a rejected section repeats.
    pub formats: String,
    /// `None` where a rejected section had no mid.
    pub mid: Option<String>,
    /// The feedback that the answer may hold.
    pub feedback: OfferedFeedback,
    /// Whether the engine got it.
    pub is_used: bool,
}

/// Checks an offer to this endpoint.
pub fn admit(body: &[u8], endpoint: Endpoint) -> Result<Admitted, OfferRefusal> {
    let sdp = Sdp::parse(body)?;
    rules::check_counts(&sdp)?;
    let used = rules::used_sections(&sdp, endpoint)?;
    rules::check_mids(&sdp, &used)?;
    for section in &used {
        rules::check_section(section)?;
    }
    rules::check_tracks(&used)?;
    let transport = transport::Transport::of(&sdp, &used)?;
    let media = used
        .iter()
        .map(|section| Ok((*section, rules::direction(&sdp, section, endpoint)?)))
        .collect::<Result<Vec<_>, OfferRefusal>>()?;
    let engine_offer = write::engine_offer(&sdp, &media, &transport)?;
    let layout = sdp.sections.iter().map(|section| OfferedSection {
        media: section.media.to_owned(),
        profile: section.profile.to_owned(),
        formats: section.formats.to_owned(),
        mid: section.lines.value("mid").map(str::to_owned),
        feedback: OfferedFeedback::of(&section.lines),
        is_used: used.iter().any(|used| std::ptr::eq(*used, section)),
    });
    Ok(Admitted {
        engine_offer,
        layout: layout.collect(),
        ice: transport.ice,
    })
}
