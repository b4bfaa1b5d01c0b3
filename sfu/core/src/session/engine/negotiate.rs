//! Offer and answer: what a session sends or receives, and the ICE credentials it does so with.

use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::rtp::PayloadType;
use str0m::change::SdpOffer;
use str0m::media::Mid;

use crate::command::IceCredentials;
use crate::error::CommandError;
use crate::event::Role;
use crate::session::engine::{Engine, Negotiated, values};
use crate::session::offer;
use crate::subscribe::payload_types::PayloadTypes;

/// Video packets kept for retransmission to one subscriber: a second of 2.5 Mbit/s, five round trips of 200 ms. A larger
/// cache costs 400 bytes a packet and subscriber; a receiver that is later than this has asked for a keyframe.
const RETRANSMISSION_PACKETS_MAX: usize = 256;
const RETRANSMISSION_AGE_MAX: Duration = Duration::from_secs(2);
/// Share of the sent rate that retransmissions may take: enough for the 20 % loss after which nothing helps.
const RETRANSMISSION_SHARE_MAX: f32 = 0.25;

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
            if role == Role::Subscriber {
                self.open_stream(mid, section.kind);
            }
            negotiated.push(Negotiated {
                kind: section.kind,
                rids: section.rids,
                payload_types: PayloadTypes::new(payload_types),
            });
        }
        if negotiated.is_empty() {
            return Err(CommandError::NothingAccepted);
        }
        Ok((answer, negotiated))
    }

    fn payload_types(&self, mid: Mid) -> Vec<(Codec, PayloadType)> {
        let Some(media) = self.rtc.media(mid).filter(|m| !m.disabled()) else {
            return Vec::new();
        };
        let params = self.rtc.codec_config().params();
        media
            .remote_pts()
            .iter()
            .filter_map(|pt| {
                let params = params.iter().find(|p| p.pt() == *pt)?;
                Some((values::our_codec(params)?, PayloadType::new(**pt)?))
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

    fn open_stream(&mut self, mid: Mid, kind: MediaKind) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return;
        };
        if kind == MediaKind::Video {
            stream.set_rtx_cache(
                RETRANSMISSION_PACKETS_MAX,
                RETRANSMISSION_AGE_MAX,
                Some(RETRANSMISSION_SHARE_MAX),
            );
        }
        self.streams.push((kind, stream.ssrc()));
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
