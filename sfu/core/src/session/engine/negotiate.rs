//! Offer and answer: what a session sends or receives, and the ICE credentials it does so with.

use sfu_model::codec::Codec;
use sfu_model::rtp::{PayloadType, Ssrc};
use str0m::change::SdpOffer;
use str0m::media::Mid;

use crate::command::IceCredentials;
use crate::egress::stream::StreamTerms;
use crate::error::CommandError;
use crate::event::Role;
use crate::session::engine::{Engine, Negotiated, values};
use crate::session::offer;
use crate::subscribe::payload_types::{Format, PayloadTypes};

impl Engine {
    /// Accepts an offer. The answer is the engine's, with formats in the offer's order.
    ///
    /// A section without a common codec refuses the whole offer of a publisher (RFC 9725 section 4.4.3); a player goes
    /// without it, as long as one section is left.
    pub(crate) fn accept_offer(
        &mut self,
        text: &str,
        role: Role,
    ) -> Result<(String, Vec<Negotiated>), CommandError> {
        self.offer = offer::without_candidates(text);
        let answer = self.answer()?;
        let mut negotiated = Vec::new();
        for section in offer::media_sections(text) {
            let mid = Mid::from(section.mid.as_str());
            let payload_types = self.payload_types(mid);
            if payload_types.is_empty() {
                match role {
                    Role::Publisher => return Err(CommandError::NoCommonCodec(section.kind)),
                    Role::Subscriber => continue,
                }
            }
            self.sections.push((section.kind, mid));
            let stream = match role {
                Role::Publisher => None,
                Role::Subscriber => self.stream_terms(mid, &answer),
            };
            negotiated.push(Negotiated {
                kind: section.kind,
                rids: section.rids,
                payload_types: PayloadTypes::new(payload_types),
                stream,
            });
        }
        if negotiated.is_empty() {
            return Err(CommandError::NothingAccepted);
        }
        Ok((answer, negotiated))
    }

    fn payload_types(&self, mid: Mid) -> Vec<Format> {
        let Some(media) = self.rtc.media(mid).filter(|m| !m.disabled()) else {
            return Vec::new();
        };
        let params = self.rtc.codec_config().params();
        media
            .remote_pts()
            .iter()
            .filter_map(|pt| {
                let params = params.iter().find(|p| p.pt() == *pt)?;
                Some(Format {
                    codec: values::our_codec(params)?,
                    payload_type: PayloadType::new(**pt)?,
                    repair: params.resend().and_then(|pt| PayloadType::new(*pt)),
                    red: params.red().and_then(|pt| PayloadType::new(*pt)),
                })
            })
            .collect()
    }

    fn answer(&mut self) -> Result<String, CommandError> {
        let parsed = SdpOffer::from_sdp_string(&self.offer)
            .map_err(|e| CommandError::MalformedOffer(e.to_string()))?;
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(parsed)
            .map_err(values::offer_error)?;
        Ok(offer::in_offered_order(
            &answer.to_sdp_string(),
            &self.offer,
        ))
    }

    /// What the answer says of the stream that we send on this section.
    fn stream_terms(&mut self, mid: Mid, answer: &str) -> Option<StreamTerms> {
        let media = self.rtc.media(mid)?;
        let extensions = values::extension_ids(media.remote_extmap());
        let clock_rate = match media.kind() {
            str0m::media::MediaKind::Audio => Codec::Opus.clock_rate(),
            str0m::media::MediaKind::Video => Codec::Vp8.clock_rate(),
        };
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        let ssrc = Ssrc(*stream.ssrc());
        Some(StreamTerms {
            ssrc,
            repair_ssrc: stream.rtx().map(|ssrc| Ssrc(*ssrc)),
            mid: mid.to_string(),
            cname: offer::cname_of(answer, ssrc).unwrap_or_default(),
            clock_rate,
            extensions,
        })
    }

    /// Restarts ICE by replaying the offer with new credentials. Media and DTLS go on; the pair in use carries them until
    /// the client nominates another. Gives our candidates as `candidate:...`, the same as in the first answer.
    pub(crate) fn restart_ice(
        &mut self,
        local: &IceCredentials,
        remote: &IceCredentials,
    ) -> Result<Vec<String>, CommandError> {
        self.offer = offer::with_credentials(&self.offer, remote);
        let answer = self.answer()?;
        self.rtc
            .direct_api()
            .set_local_ice_credentials(values::engine_credentials(local));
        self.local = local.clone();
        Ok(offer::candidates(&answer))
    }
}
