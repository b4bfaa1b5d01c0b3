//! The payload types of a section, and the lines that describe them (RFC 8866 sections 6.6 and 6.15).
//!
//! The engine checks the same, but pays for each refusal by parsing the offer again; it never sees an offer that
//! breaks these rules.

use std::collections::HashSet;

use super::bounds::PAYLOAD_TYPES_MAX;
use super::refusal::OfferRefusal;
use crate::sdp::Section;

/// Fastest clock of a payload type that is read, in Hz: video uses 90,000 and audio at most 192,000.
const CLOCK_RATE_MAX: u32 = 1_000_000;

/// The payload types that the engine is told of: those that have a map. One without is a static type of RFC 3551, none of
/// which is ever chosen.
pub(super) struct Formats(Vec<u8>);

impl Formats {
    pub(super) fn of(section: &Section<'_>) -> Result<Self, OfferRefusal> {
        let bad = OfferRefusal::BadPayloadTypes;
        let mut listed: Vec<u8> = Vec::new();
        for format in section.formats.split(' ') {
            let number = payload_type(format).filter(|number| !listed.contains(number));
            listed.push(number.ok_or(bad)?);
            if listed.len() > PAYLOAD_TYPES_MAX {
                return Err(OfferRefusal::TooManyPayloadTypes);
            }
        }
        let mut mapped = HashSet::new();
        for value in section.lines.values("rtpmap") {
            let (number, codec) = described(value).ok_or(bad)?;
            if !is_codec(codec) || !mapped.insert(number) {
                return Err(bad);
            }
        }
        let mut parametrized = HashSet::new();
        for value in section.lines.values("fmtp") {
            let (number, parameters) = described(value).ok_or(bad)?;
            if parameters.matches("apt=").count() > 1 || !parametrized.insert(number) {
                return Err(bad);
            }
        }
        listed.retain(|number| mapped.contains(number));
        if listed.is_empty() {
            return Err(bad);
        }
        Ok(Self(listed))
    }

    /// For an m-line.
    pub(super) fn list(&self) -> String {
        let texts: Vec<String> = self.0.iter().map(u8::to_string).collect();
        texts.join(" ")
    }

    /// Whether an `rtpmap`, `fmtp` or `rtcp-fb` value describes one of them.
    pub(super) fn are_described_by(&self, value: &str) -> bool {
        described(value).is_some_and(|(number, _)| self.0.contains(&number))
    }
}

/// 7 bits (RFC 3550 section 5.1).
fn payload_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| *number < 128)
}

/// `96 VP8/90000` as 96 and the rest.
fn described(value: &str) -> Option<(u8, &str)> {
    let (number, rest) = value.split_once(' ')?;
    Some((payload_type(number)?, rest))
}

/// `name/clock` or `name/clock/channels`.
fn is_codec(text: &str) -> bool {
    let mut parts = text.split('/');
    let (name, clock, channels) = (parts.next(), parts.next(), parts.next());
    let clock = clock.and_then(|clock| clock.parse::<u32>().ok());
    name.is_some_and(|name| !name.is_empty())
        && clock.is_some_and(|clock| (1..=CLOCK_RATE_MAX).contains(&clock))
        && channels.is_none_or(|channels| channels.parse::<u8>().is_ok())
        && parts.next().is_none()
}
