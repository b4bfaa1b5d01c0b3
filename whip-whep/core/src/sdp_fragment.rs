//! `application/trickle-ice-sdpfrag` (RFC 8840 section 9): what PATCH carries both ways.

use std::fmt::Write as _;
use std::net::IpAddr;

use sfu_model::limits::SDP_CANDIDATES_MAX;

use crate::answer::AnsweredIce;
use crate::ice::IceCredentials;
use crate::sdp::{Lines, MalformedSdp, Sdp};

/// What a client says in a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Which ICE session it speaks of; `None` where it does not say, which RFC 8840 section 4.4 forbids.
    pub credentials: Option<IceCredentials>,
    /// Candidates that could be used.
    pub n_usable: usize,
    /// Candidates that are discarded without a word (RFC 9725 section 4.3.2): a transport that we lack, or a name
    /// instead of an address. An ICE-lite side does not need any: checks come from the client.
    pub n_discarded: usize,
}

/// Why a fragment is refused. Peer misbehaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedFragment {
    /// Not lines of SDP.
    #[error("The body is not an SDP fragment: {0}.")]
    Sdp(#[from] MalformedSdp),
    /// A line that is neither an attribute nor an m-line.
    #[error("An SDP fragment has only a= and m= lines (RFC 8840 section 9).")]
    ForeignLine,
    /// Candidates of which section?
    #[error("An m-line of the fragment has no a=mid.")]
    NoMid,
    /// Half of the credentials, two different ones, or letters that are none of ICE's.
    #[error("Send one a=ice-ufrag with one a=ice-pwd, as RFC 8839 section 5.4 wants them.")]
    BadCredentials,
    /// A candidate that cannot be read.
    #[error("A candidate is not of the form of RFC 8839 section 5.1.")]
    BadCandidate,
    /// More than [`SDP_CANDIDATES_MAX`].
    #[error("The fragment has more than {SDP_CANDIDATES_MAX} candidates. Send fewer.")]
    TooManyCandidates,
}

impl Fragment {
    /// Reads a fragment.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedFragment> {
        let sdp = Sdp::parse_fragment(body)?;
        let of_sections = sdp.sections.iter().map(|section| &section.lines);
        let all_lines: Vec<&Lines<'_>> = std::iter::once(&sdp.session).chain(of_sections).collect();
        if all_lines
            .iter()
            .flat_map(|l| l.iter())
            .any(|line| line.letter != b'a')
        {
            return Err(MalformedFragment::ForeignLine);
        }
        if sdp.sections.iter().any(|section| !section.lines.has("mid")) {
            return Err(MalformedFragment::NoMid);
        }
        let candidates = || all_lines.iter().flat_map(|lines| lines.values("candidate"));
        if candidates().count() > SDP_CANDIDATES_MAX {
            return Err(MalformedFragment::TooManyCandidates);
        }
        let credentials = credentials(&all_lines)?;
        let (mut n_usable, mut n_discarded) = (0, 0);
        for candidate in candidates() {
            match is_usable(candidate).ok_or(MalformedFragment::BadCandidate)? {
                true => n_usable += 1,
                false => n_discarded += 1,
            }
        }
        let says_nothing = credentials.is_none() && n_usable + n_discarded == 0;
        if says_nothing && !all_lines.iter().any(|l| l.has("end-of-candidates")) {
            return Err(MalformedFragment::BadCredentials);
        }
        Ok(Self {
            credentials,
            n_usable,
            n_discarded,
        })
    }
}

fn credentials(all_lines: &[&Lines<'_>]) -> Result<Option<IceCredentials>, MalformedFragment> {
    let one = |name: &str| {
        let mut values = all_lines.iter().flat_map(|lines| lines.values(name));
        let first = values.next();
        let is_one = values.all(|other| Some(other) == first);
        is_one
            .then_some(first)
            .ok_or(MalformedFragment::BadCredentials)
    };
    match (one("ice-ufrag")?, one("ice-pwd")?) {
        (None, None) => Ok(None),
        (Some(ufrag), Some(password)) => IceCredentials::parse(ufrag, password)
            .map(Some)
            .ok_or(MalformedFragment::BadCredentials),
        _ => Err(MalformedFragment::BadCredentials),
    }
}

/// Whether we could send to it; `None` when it is no candidate (RFC 8839 section 5.1).
fn is_usable(candidate: &str) -> Option<bool> {
    let mut parts = candidate.split(' ');
    let foundation = parts.next()?;
    let component = parts.next()?.parse::<u16>().ok()?;
    let transport = parts.next()?;
    parts.next()?.parse::<u32>().ok()?;
    let address = parts.next()?;
    parts.next()?.parse::<u16>().ok()?;
    let typ_keyword = parts.next()?;
    let candidate_type = parts.next()?;
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let is_candidate = (1..=32).contains(&foundation.len())
        && typ_keyword == "typ"
        && [foundation, transport, address, candidate_type]
            .into_iter()
            .all(is_token);
    let is_known_transport = ["udp", "tcp"]
        .iter()
        .any(|t| t.eq_ignore_ascii_case(transport));
    // Component 2 is RTCP without multiplexing, which is never used here.
    let is_usable = is_known_transport && component == 1 && address.parse::<IpAddr>().is_ok();
    is_candidate.then_some(is_usable)
}

/// The body of the 200 that answers a restart: only the tagged section, as RFC 8840 section 4.4 has it.
pub fn restarted(answered: &AnsweredIce, local: &IceCredentials, candidates: &[String]) -> String {
    let mut out = String::new();
    for attribute in &answered.attributes {
        // Writing to a String cannot fail.
        let _ = write!(out, "a={attribute}\r\n");
    }
    let tagged_mid = answered.bundle.first().map_or("", String::as_str);
    let _ = write!(
        out,
        "a=group:BUNDLE {}\r\nm={}\r\na=mid:{tagged_mid}\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
        answered.bundle.join(" "),
        answered.tagged_media_line,
        local.ufrag,
        local.password
    );
    for candidate in candidates {
        let _ = write!(out, "a={candidate}\r\n");
    }
    out.push_str("a=end-of-candidates\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
    const MEDIA: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";

    fn parse(text: &str) -> Result<Fragment, MalformedFragment> {
        Fragment::parse(text.as_bytes())
    }

    fn candidate(transport: &str, address: &str) -> String {
        format!(
            "a=candidate:1387637174 1 {transport} 2122260223 {address} 61764 typ host generation 0 ufrag EsAw\r\n"
        )
    }

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let text = format!(
            "a=group:BUNDLE 0 1\r\n{MEDIA}{CREDENTIALS}{}{}a=end-of-candidates\r\n",
            candidate("udp", "192.0.2.1"),
            candidate("TCP", "2001:db8::1")
        );
        let fragment = parse(&text).unwrap();
        assert_eq!(fragment.credentials.unwrap().ufrag, "EsAw");
        assert_eq!((fragment.n_usable, fragment.n_discarded), (2, 0));
    }

    #[test]
    fn credentials_may_stand_before_the_m_line() {
        let text = format!("{CREDENTIALS}m=audio 9 RTP/AVP 0\r\na=mid:0\r\n");
        assert!(parse(&text).unwrap().credentials.is_some());
    }

    #[test]
    fn candidates_that_cannot_be_used_are_discarded() {
        for (transport, address) in [
            ("sctp", "192.0.2.1"),
            ("udp", "f00.local"),
            ("udp", "a.test"),
        ] {
            let text = format!("{CREDENTIALS}{MEDIA}{}", candidate(transport, address));
            let fragment = parse(&text).unwrap();
            assert_eq!(
                (fragment.n_usable, fragment.n_discarded),
                (0, 1),
                "{transport} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_fragment_says_why() {
        use MalformedFragment as Bad;
        let cases = [
            (String::new(), Bad::Sdp(MalformedSdp::Empty)),
            ("hello".into(), Bad::Sdp(MalformedSdp::BadLine(1))),
            ("a=x\0\r\n".into(), Bad::Sdp(MalformedSdp::NotText)),
            (format!("v=0\r\n{CREDENTIALS}"), Bad::ForeignLine),
            (format!("{CREDENTIALS}m=audio 9 RTP/AVP 0\r\n"), Bad::NoMid),
            ("a=ice-ufrag:EsAw\r\n".into(), Bad::BadCredentials),
            (
                format!("{CREDENTIALS}a=ice-ufrag:other\r\n"),
                Bad::BadCredentials,
            ),
            (
                "a=ice-ufrag:abc\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n".into(),
                Bad::BadCredentials,
            ),
            (
                "a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n".into(),
                Bad::BadCredentials,
            ),
            (MEDIA.into(), Bad::BadCredentials),
            (
                format!("{CREDENTIALS}a=candidate:garbage\r\n"),
                Bad::BadCandidate,
            ),
            (
                format!("{CREDENTIALS}a=candidate:1 1 udp x 192.0.2.1 1 typ host\r\n"),
                Bad::BadCandidate,
            ),
            (
                format!("{CREDENTIALS}a=candidate:1 1 udp 1 192.0.2.1 70000 typ host\r\n"),
                Bad::BadCandidate,
            ),
        ];
        for (text, why) in cases {
            assert_eq!(parse(&text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn the_number_of_candidates_has_an_edge_at_its_bound() {
        let text = |n| {
            format!(
                "{CREDENTIALS}{MEDIA}{}",
                candidate("udp", "192.0.2.1").repeat(n)
            )
        };
        for n in [SDP_CANDIDATES_MAX - 1, SDP_CANDIDATES_MAX] {
            assert_eq!(parse(&text(n)).unwrap().n_usable, n);
        }
        let refused = parse(&text(SDP_CANDIDATES_MAX + 1));
        assert_eq!(refused, Err(MalformedFragment::TooManyCandidates));
    }

    #[test]
    fn a_restart_is_answered_with_the_tagged_section() {
        let answered = AnsweredIce {
            local_ufrag: "old0".into(),
            attributes: vec!["ice-lite".into(), "ice-options:trickle".into()],
            tagged_media_line: "audio 9 UDP/TLS/RTP/SAVPF 111".into(),
            bundle: vec!["0".into(), "1".into()],
        };
        let local = IceCredentials::parse("new0", "0123456789012345678901").unwrap();
        let body = restarted(
            &answered,
            &local,
            &["candidate:1 1 udp 1 192.0.2.1 8189 typ host".into()],
        );
        assert_eq!(
            body,
            "a=ice-lite\r\na=ice-options:trickle\r\na=group:BUNDLE 0 1\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:new0\r\n\
             a=ice-pwd:0123456789012345678901\r\n\
             a=candidate:1 1 udp 1 192.0.2.1 8189 typ host\r\na=end-of-candidates\r\n"
        );
    }
}
