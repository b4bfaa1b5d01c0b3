//! The one transport of a bundled offer: ICE credentials, fingerprint, DTLS role.

use super::refusal::OfferRefusal;
use crate::ice::IceCredentials;
use crate::sdp::{Lines, Sdp, Section};

/// Bytes of a SHA-256 fingerprint.
const SHA_256_BYTES: usize = 32;

/// What the bundle's sections agree on.
pub(super) struct Transport<'a> {
    pub(super) ice: IceCredentials,
    /// `sha-256 AB:CD:...`, as offered.
    pub(super) fingerprint: &'a str,
    pub(super) setup: Setup,
}

/// The role that the client wants in DTLS (RFC 8842 section 5.1). Who leaves the choice to the server is the DTLS client,
/// so that a handshake can begin with its first packet after ICE; who insists on being the server has its wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    ActPass,
    Active,
    Passive,
}

impl Setup {
    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Self::ActPass => "actpass",
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }
}

impl<'a> Transport<'a> {
    pub(super) fn of(sdp: &Sdp<'a>, used: &[&Section<'a>]) -> Result<Self, OfferRefusal> {
        let used_lines = || used.iter().map(|section| &section.lines);
        if sdp.session.has("ice-lite") || used_lines().any(|lines| lines.has("ice-lite")) {
            return Err(OfferRefusal::IceLite);
        }
        Ok(Self {
            ice: ice_credentials(sdp, used)?,
            fingerprint: fingerprint(&sdp.session, used_lines())?,
            setup: setup(&sdp.session, used_lines())?,
        })
    }
}

/// Those of the tagged section, which is the first in the BUNDLE group (RFC 9143 section 7.1): a browser that does not
/// know yet whether its bundle is taken offers others in the other sections.
fn ice_credentials(sdp: &Sdp<'_>, used: &[&Section<'_>]) -> Result<IceCredentials, OfferRefusal> {
    let bundle = sdp.bundle().unwrap_or_default();
    let by_mid = |mid: &&str| used.iter().find(|s| s.lines.value("mid") == Some(*mid));
    let tagged = bundle.iter().find_map(by_mid).map(|section| &section.lines);
    let value = |name| {
        tagged
            .and_then(|l| l.value(name))
            .or(sdp.session.value(name))
    };
    value("ice-ufrag")
        .zip(value("ice-pwd"))
        .and_then(|(ufrag, password)| IceCredentials::parse(ufrag, password))
        .ok_or(OfferRefusal::BadIceCredentials)
}

fn fingerprint<'s, 'a: 's>(
    session: &'s Lines<'a>,
    sections: impl Iterator<Item = &'s Lines<'a>>,
) -> Result<&'a str, OfferRefusal> {
    let all_lines = std::iter::once(session).chain(sections);
    let mut all = all_lines.flat_map(|lines| lines.values("fingerprint"));
    let first = all.next().ok_or(OfferRefusal::NoFingerprint)?;
    if !all.all(|other| other.eq_ignore_ascii_case(first)) {
        return Err(OfferRefusal::ConflictingFingerprints);
    }
    let (hash, digest) = first.split_once(' ').ok_or(OfferRefusal::BadFingerprint)?;
    let is_byte = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    let is_digest = digest.split(':').count() == SHA_256_BYTES && digest.split(':').all(is_byte);
    if hash.eq_ignore_ascii_case("sha-256") && is_digest {
        Ok(first)
    } else {
        Err(OfferRefusal::BadFingerprint)
    }
}

fn setup<'s, 'a: 's>(
    session: &'s Lines<'a>,
    sections: impl Iterator<Item = &'s Lines<'a>>,
) -> Result<Setup, OfferRefusal> {
    let all_lines = std::iter::once(session).chain(sections);
    let mut all = all_lines.flat_map(|lines| lines.values("setup"));
    // RFC 4145 section 4: an offer without it means active.
    let first = all.next().unwrap_or("active");
    if !all.all(|other| other == first) {
        return Err(OfferRefusal::BadSetup);
    }
    match first {
        "actpass" => Ok(Setup::ActPass),
        "active" => Ok(Setup::Active),
        "passive" => Ok(Setup::Passive),
        _ => Err(OfferRefusal::BadSetup),
    }
}
