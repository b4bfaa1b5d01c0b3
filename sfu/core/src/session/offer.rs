//! Lines of an SDP offer that change before the engine sees it, and of its answer after.

use sfu_model::codec::MediaKind;
use sfu_model::rtp::{Rid, Ssrc};

use crate::command::IceCredentials;

/// One audio or video section of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaSection {
    pub(crate) kind: MediaKind,
    pub(crate) mid: String,
    /// What it announces to send, in the order of `a=simulcast` (RFC 8853 section 5.2).
    pub(crate) rids: Vec<Rid>,
}

/// The audio and video sections of an offer, in its order. Sections without a mid are left out: BUNDLE needs one.
pub(crate) fn media_sections(offer: &str) -> Vec<MediaSection> {
    let mut sections: Vec<MediaSection> = Vec::new();
    let mut is_ours = false;
    for line in offer.lines() {
        if line.starts_with("m=") {
            let kind = match line.get(2..8) {
                Some("audio ") => Some(MediaKind::Audio),
                Some("video ") => Some(MediaKind::Video),
                _ => None,
            };
            is_ours = kind.is_some();
            if let Some(kind) = kind {
                sections.push(MediaSection {
                    kind,
                    mid: String::new(),
                    rids: Vec::new(),
                });
            }
        } else if let (true, Some(section)) = (is_ours, sections.last_mut()) {
            if let Some(mid) = line.strip_prefix("a=mid:") {
                section.mid = mid.trim().to_owned();
            } else if let Some(simulcast) = line.strip_prefix("a=simulcast:") {
                section.rids = sent_rids(simulcast);
            }
        }
    }
    sections.retain(|s| !s.mid.is_empty());
    sections
}

/// The rids after `send`. Of alternatives (`a,b`) the first; a paused one (`~a`) is announced like any other.
fn sent_rids(simulcast: &str) -> Vec<Rid> {
    let mut words = simulcast.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word == "send" {
            let list = words.next().unwrap_or_default();
            return list
                .split(';')
                .filter_map(|alternatives| alternatives.split(',').next())
                .filter_map(|rid| Rid::new(rid.trim_start_matches('~')))
                .collect();
        }
    }
    Vec::new()
}

/// The offer without candidates. Ours is the lite side of ICE: it never sends a check, so an address that is only named
/// in SDP is never used for anything (RFC 8445 section 19.5.1).
pub(crate) fn without_candidates(offer: &str) -> String {
    rebuilt(offer.lines().filter(|line| {
        !line.starts_with("a=candidate:") && !line.starts_with("a=remote-candidates:")
    }))
}

/// The candidates of an answer as `candidate:...`, each once, without the ufrag that some engines append: it stands in
/// its own line.
pub(crate) fn candidates(answer: &str) -> Vec<String> {
    let mut candidates: Vec<String> = Vec::new();
    for line in answer.lines() {
        let Some(candidate) = line
            .strip_prefix("a=")
            .filter(|c| c.starts_with("candidate:"))
        else {
            continue;
        };
        let candidate = candidate
            .split(" ufrag ")
            .next()
            .unwrap_or(candidate)
            .trim_end();
        if !candidates.iter().any(|known| known == candidate) {
            candidates.push(candidate.to_owned());
        }
    }
    candidates
}

/// The CNAME that an answer gives an SSRC (RFC 5576 section 6.1).
pub(crate) fn cname_of(answer: &str, ssrc: Ssrc) -> Option<String> {
    let prefix = format!("a=ssrc:{} cname:", ssrc.0);
    let line = answer.lines().find_map(|line| line.strip_prefix(&prefix));
    line.map(|cname| cname.trim_end().to_owned())
}

/// The offer as the client would send it again with new ICE credentials (RFC 9725 section 4.3.3: the PATCH carries only
/// these, and everything else stays).
pub(crate) fn with_credentials(offer: &str, credentials: &IceCredentials) -> String {
    let ufrag = format!("a=ice-ufrag:{}", credentials.ufrag);
    let password = format!("a=ice-pwd:{}", credentials.password);
    rebuilt(offer.lines().map(|line| {
        if line.starts_with("a=ice-ufrag:") {
            ufrag.as_str()
        } else if line.starts_with("a=ice-pwd:") {
            password.as_str()
        } else {
            line
        }
    }))
}

/// The answer with every m-line's formats in the order of the offer's, which is the order of the offerer's preference
/// (RFC 3264 section 6.1): it sends the first.
pub(crate) fn in_offered_order(answer: &str, offer: &str) -> String {
    let mut offered = offer.lines().filter_map(media_formats);
    let lines: Vec<String> = answer
        .lines()
        .map(|line| {
            let Some((head, formats)) = media_formats(line) else {
                return line.to_owned();
            };
            let Some((_, order)) = offered.next() else {
                return line.to_owned();
            };
            let mut formats = formats;
            let position = |f: &str| order.iter().position(|o| *o == f).unwrap_or(usize::MAX);
            formats.sort_by_key(|f| position(f));
            format!("{head} {}", formats.join(" "))
        })
        .collect();
    rebuilt(lines.iter().map(String::as_str))
}

/// An m-line of audio or video, cut before its formats.
fn media_formats(line: &str) -> Option<(String, Vec<&str>)> {
    let is_media = line.starts_with("m=audio ") || line.starts_with("m=video ");
    if !is_media {
        return None;
    }
    let mut words = line.split_ascii_whitespace();
    let head: Vec<&str> = words.by_ref().take(3).collect();
    Some((head.join(" "), words.collect()))
}

fn rebuilt<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_tell_their_mid_and_what_they_send() {
        let offer = "v=0\r\nm=audio 9 X 111\r\na=mid:a\r\nm=application 9 X y\r\na=mid:d\r\n\
                     m=video 9 X 96\r\na=mid:v\r\na=simulcast:send q;~h,x;f recv z\r\n";
        let sections = media_sections(offer);
        let rid = |text| Rid::new(text).unwrap();
        assert_eq!(sections.len(), 2);
        assert_eq!(
            (sections[0].kind, sections[0].mid.as_str()),
            (MediaKind::Audio, "a")
        );
        assert_eq!(sections[1].rids, [rid("q"), rid("h"), rid("f")]);
    }

    #[test]
    fn candidates_are_left_out() {
        let offer = "v=0\r\na=candidate:1 1 udp 1 169.254.169.254 80 typ host\r\na=mid:0\r\n";
        assert_eq!(without_candidates(offer), "v=0\r\na=mid:0\r\n");
    }

    #[test]
    fn an_answers_candidates_are_told_once_and_without_ufrag() {
        let line = "a=candidate:1 1 udp 9 192.0.2.1 8189 typ host";
        let answer = format!("v=0\r\n{line} ufrag abcd\r\n{line}\r\na=mid:0\r\n");
        assert_eq!(candidates(&answer), [line.trim_start_matches("a=")]);
    }

    #[test]
    fn new_credentials_stand_in_every_section() {
        let offer = "a=ice-ufrag:old\r\na=ice-pwd:oldpass\r\nm=x\r\na=ice-ufrag:old\r\n";
        let new = IceCredentials {
            ufrag: "new".into(),
            password: "newpass".into(),
        };
        let expected = "a=ice-ufrag:new\r\na=ice-pwd:newpass\r\nm=x\r\na=ice-ufrag:new\r\n";
        assert_eq!(with_credentials(offer, &new), expected);
    }

    #[test]
    fn formats_follow_the_offers_preference() {
        let offer = "m=audio 9 X 111\r\nm=video 9 X 45 46 96 97\r\n";
        let answer = "m=audio 9 X 111\r\nm=video 9 X 96 97 45 46\r\na=mid:1\r\n";
        let expected = "m=audio 9 X 111\r\nm=video 9 X 45 46 96 97\r\na=mid:1\r\n";
        assert_eq!(in_offered_order(answer, offer), expected);
    }
}
