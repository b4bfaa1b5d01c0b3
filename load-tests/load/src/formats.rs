//! What the payload types and header extensions of a session mean, once offer and answer have met.

use sfu_model::codec::MediaKind;
use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::Mid;
use str0m::rtp::Extension;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The track.
    pub kind: MediaKind,
    /// It carries retransmissions (RFC 4588).
    pub is_repair: bool,
}

/// The formats of a session. A server may send no more than these.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    formats: Vec<(u8, Format)>,
    /// The header extension with transport-wide sequence numbers; `None` where the server wants no feedback of arrivals.
    pub transport_sequence_id: Option<u8>,
}

impl Formats {
    /// Those of an engine whose negotiation is done.
    pub fn of(rtc: &Rtc, sections: &[(MediaKind, Mid)]) -> Self {
        let mut formats = Vec::new();
        for params in rtc.codec_config().params() {
            let kind = match params.spec().codec == Codec::Opus {
                true => MediaKind::Audio,
                false => MediaKind::Video,
            };
            let format = |is_repair| Format { kind, is_repair };
            formats.push((*params.pt(), format(false)));
            formats.extend(params.resend().map(|pt| (*pt, format(true))));
        }
        let ids = sections.iter().filter_map(|(_, mid)| {
            let extensions = rtc.media(*mid)?.remote_extmap();
            extensions.id_of(Extension::TransportSequenceNumber)
        });
        Self {
            formats,
            transport_sequence_id: ids.max(),
        }
    }

    /// What a payload type carries; `None` when nobody has agreed on it.
    pub fn of_payload_type(&self, payload_type: u8) -> Option<Format> {
        let mut formats = self.formats.iter();
        formats
            .find(|(pt, _)| *pt == payload_type)
            .map(|(_, format)| *format)
    }
}

/// The sections of an offer, with their mids (RFC 9143).
pub fn sections(offer: &str) -> Vec<(MediaKind, Mid)> {
    let mut kind = None;
    let mut sections = Vec::new();
    for line in offer.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            kind = match media.split(' ').next() {
                Some("audio") => Some(MediaKind::Audio),
                Some("video") => Some(MediaKind::Video),
                _ => None,
            };
        }
        if let (Some(kind), Some(mid)) = (kind, line.strip_prefix("a=mid:")) {
            sections.push((kind, Mid::from(mid)));
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sections_of_an_offer_are_those_that_carry_media() {
        let offer = "v=0\r\nm=audio 9 X 111\r\na=mid:a\r\nm=application 9 X Y\r\na=mid:d\r\nm=video 9 X 96\r\na=mid:1\r\n";
        let expected = [
            (MediaKind::Audio, Mid::from("a")),
            (MediaKind::Video, Mid::from("1")),
        ];
        assert_eq!(sections(offer), expected);
    }
}
