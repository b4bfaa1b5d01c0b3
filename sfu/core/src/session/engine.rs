//! The RTC engine of one session. This file and its folder are the only ones that name it.
//!
//! Everything that enters or leaves is in our own nouns. The engine wants a complete drain after each input; handlers here
//! keep that contract inside, so that whoever calls them may do so in any order.

mod values;

use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::packet::{Extensions, Packet, Payload};
use sfu_model::rtp::{PayloadType, Rid, SeqNo};
use sfu_model::time::{Instant, MediaTime, NtpTime, RtpTimestamp};
use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::ice::StunMessage;
use str0m::media::{KeyframeRequestKind, Mid};
use str0m::net::Protocol;
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::command::IceCredentials;
use crate::config::Config;
use crate::error::CommandError;
use crate::event::Role;
use crate::publish::capture_clock::SenderReport;
use crate::session::engine::values::Refused;
use crate::session::offer;
use crate::subscribe::payload_types::PayloadTypes;
use crate::subscribe::subscription::Outgoing;

/// Video packets kept for retransmission to one subscriber: two seconds of 2.5 Mbit/s. A larger cache costs 400 bytes
/// a packet and subscriber; a receiver that is later than this has asked for a keyframe.
const RETRANSMISSION_PACKETS_MAX: usize = 512;
const RETRANSMISSION_AGE_MAX: Duration = Duration::from_secs(2);
/// Share of the sent rate that retransmissions may take: enough for the 20 % loss after which nothing helps.
const RETRANSMISSION_SHARE_MAX: f32 = 0.25;

/// Most inputs of time in one drain. The engine asks for the present moment a few times in a row, never more: past this it
/// is in a loop, and the next wake-up goes on.
const ADVANCES_MAX: usize = 16;

/// What the engines of a worker share.
pub(crate) struct EngineFactory {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
    candidates: Vec<Candidate>,
    anchor: std::time::Instant,
}

impl std::fmt::Debug for EngineFactory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineFactory")
    }
}

/// An RTP packet that authenticated, in our nouns.
#[derive(Debug)]
pub(crate) struct ReceivedRtp {
    pub(crate) rid: Option<Rid>,
    pub(crate) codec: Codec,
    pub(crate) sequence: SeqNo,
    pub(crate) time: MediaTime,
    pub(crate) marker: bool,
    pub(crate) extensions: Extensions,
    pub(crate) sender_report: Option<SenderReport>,
    pub(crate) received_at: Instant,
    pub(crate) payload: Payload,
}

/// What the engine tells its session.
#[derive(Debug)]
pub(crate) enum EngineEvent {
    Connected,
    /// The other side closed DTLS.
    PeerClosed,
    /// The subscriber's decoder needs a keyframe.
    KeyframeRequested,
    Received(ReceivedRtp),
    /// It authenticated, but its payload type is none of ours.
    UnknownPayload,
    /// The engine has given up.
    Failed,
}

/// One m-section that an offer and its answer agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Negotiated {
    pub(crate) kind: MediaKind,
    /// What the offer announced to send, in the order of `a=simulcast`.
    pub(crate) rids: Vec<Rid>,
    pub(crate) payload_types: PayloadTypes,
}

impl EngineFactory {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            crypto: Arc::new(str0m::crypto::from_feature_flags()),
            certificate: DtlsCert {
                certificate: config.certificate.certificate_der.clone(),
                private_key: config.certificate.private_key_der.clone(),
            },
            candidates: config
                .local_addresses
                .iter()
                .filter_map(values::candidate)
                .collect(),
            anchor: config.clock_anchor,
        }
    }

    /// An engine with these local credentials.
    pub(crate) fn build(&self, credentials: &IceCredentials, now: Instant) -> Engine {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(Arc::clone(&self.crypto))
            .set_dtls_cert(self.certificate.clone())
            // DTLS 1.2 lets the server choose the SRTP profile: AES-GCM costs a fifth of what browsers list first.
            .set_dtls_version(DtlsVersion::Dtls12)
            .set_ice_lite(true)
            .set_local_ice_credentials(values::engine_credentials(credentials))
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(true)
            .enable_vp8(true)
            .enable_vp9(true)
            .enable_av1(true)
            .build(self.to_std(now));
        for candidate in &self.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        Engine {
            rtc,
            crypto: Arc::clone(&self.crypto),
            local: credentials.clone(),
            anchor: self.anchor,
            offer: String::new(),
            sections: Vec::new(),
            streams: Vec::new(),
        }
    }

    /// Our candidates as `candidate:...`, for an ICE restart.
    pub(crate) fn candidate_lines(&self) -> Vec<String> {
        self.candidates
            .iter()
            .map(|c| {
                c.to_sdp_string()
                    .trim_start_matches("a=")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    fn to_std(&self, now: Instant) -> std::time::Instant {
        self.anchor + Duration::from_nanos(now.as_nanos())
    }
}

/// The engine of one session.
pub(crate) struct Engine {
    rtc: Rtc,
    crypto: Arc<CryptoProvider>,
    /// What the client's checks must carry.
    local: IceCredentials,
    anchor: std::time::Instant,
    /// The client's offer without its candidates: an ICE restart replays it.
    offer: String,
    /// The m-section of each kind.
    sections: Vec<(MediaKind, Mid)>,
    /// The SSRC that is sent of each kind.
    streams: Vec<(MediaKind, Ssrc)>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

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
    /// the client nominates another.
    pub(crate) fn restart_ice(
        &mut self,
        local: &IceCredentials,
        remote: &IceCredentials,
    ) -> Result<(), CommandError> {
        self.offer = offer::with_credentials(&self.offer, remote);
        self.answer()?;
        self.rtc
            .direct_api()
            .set_local_ice_credentials(values::engine_credentials(local));
        self.local = local.clone();
        Ok(())
    }

    /// True when this is a binding request for us whose MESSAGE-INTEGRITY verifies (RFC 8445 section 7.3).
    pub(crate) fn is_authentic(&self, datagram: &Datagram<'_>) -> bool {
        let Ok(message) = StunMessage::parse(datagram.bytes) else {
            return false;
        };
        let is_for_us = message
            .split_username()
            .is_some_and(|(receiver, _)| receiver == self.local.ufrag);
        let hmac = |key: &[u8], payloads: &[&[u8]]| {
            self.crypto.sha1_hmac_provider.sha1_hmac(key, payloads)
        };
        message.is_binding_request()
            && is_for_us
            && message.verify(self.local.password.as_bytes(), hmac)
    }

    /// Takes one datagram. The caller drains afterwards.
    pub(crate) fn handle_datagram(
        &mut self,
        datagram: &Datagram<'_>,
        now: Instant,
    ) -> Result<(), Refused> {
        let receive = values::receive(datagram).map_err(|_| Refused)?;
        let input = Input::Receive(self.to_std(now), receive);
        self.rtc.handle_input(input).map_err(|_| Refused)
    }

    /// Takes everything that waits: datagrams into the batch, the rest into `events`. Returns when it must be called next.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        batch: &mut TransmitBatch,
        events: &mut Vec<EngineEvent>,
    ) -> Result<Option<Instant>, Refused> {
        let std_now = self.to_std(now);
        for _ in 0..ADVANCES_MAX {
            // Packets that were written are stamped, hence sendable, by an input of time.
            self.rtc
                .handle_input(Input::Timeout(std_now))
                .map_err(|_| Refused)?;
            let next = self.poll_until_timeout(batch, events)?;
            if next > std_now {
                return Ok(self.instant_of(next));
            }
        }
        Ok(Some(now + Duration::from_millis(1)))
    }

    fn poll_until_timeout(
        &mut self,
        batch: &mut TransmitBatch,
        events: &mut Vec<EngineEvent>,
    ) -> Result<std::time::Instant, Refused> {
        loop {
            match self.rtc.poll_output().map_err(|_| Refused)? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(t) => {
                    let transport = match t.proto {
                        Protocol::Udp => Transport::Udp,
                        Protocol::Tcp | Protocol::SslTcp | Protocol::Tls => Transport::Tcp,
                    };
                    batch.push(transport, t.source, t.destination, &t.contents);
                }
                Output::Event(event) => events.extend(self.our_event(event)),
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the engine's enum grows every month"
    )]
    fn our_event(&mut self, event: Event) -> Option<EngineEvent> {
        match event {
            Event::Connected => Some(EngineEvent::Connected),
            Event::Closed => Some(EngineEvent::PeerClosed),
            Event::KeyframeRequest(_) => Some(EngineEvent::KeyframeRequested),
            Event::RtpPacket(packet) => Some(
                self.received(packet)
                    .map_or(EngineEvent::UnknownPayload, EngineEvent::Received),
            ),
            _ => None,
        }
    }

    fn received(&mut self, packet: RtpPacket) -> Option<ReceivedRtp> {
        let pt = packet.header.payload_type;
        let params = self
            .rtc
            .codec_config()
            .params()
            .iter()
            .find(|p| p.pt() == pt)?;
        let codec = values::our_codec(params)?;
        let rid = self.rtc.direct_api().stream_rx(&packet.header.ssrc)?.rid();
        let sender_report = packet.last_sender_info.as_ref().and_then(|info| {
            let unix = info
                .ntp_time
                .duration_since(std::time::SystemTime::UNIX_EPOCH)
                .ok()?;
            let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
            Some(SenderReport {
                sender_time: NtpTime((unix.as_secs() << 32) | fraction),
                timestamp: MediaTime(info.rtp_time.numer()).wire(),
            })
        });
        Some(ReceivedRtp {
            rid: rid.and_then(|r| Rid::new(&r)),
            codec,
            sequence: SeqNo(*packet.seq_no),
            time: MediaTime(packet.time.numer()),
            marker: packet.header.marker,
            extensions: values::our_extensions(&packet.header.ext_vals),
            sender_report,
            received_at: self.instant_of(packet.timestamp)?,
            payload: packet.payload,
        })
    }

    /// Queues one packet towards the subscriber. It leaves with the next drain.
    pub(crate) fn write(&mut self, packet: &Packet, out: &Outgoing) {
        let kind = packet.codec.kind();
        let Some((_, ssrc)) = self.streams.iter().find(|(k, _)| *k == kind).copied() else {
            return;
        };
        let captured_at = self.to_std(packet.captured_at);
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx(&ssrc) else {
            return;
        };
        let RtpTimestamp(timestamp) = out.numbers.time.wire();
        let mut write = RtpWrite::new(
            out.payload_type.value().into(),
            out.numbers.sequence.0.into(),
            timestamp,
            captured_at,
            Arc::clone(&packet.payload),
        )
        .marker(packet.marker)
        .nackable(kind == MediaKind::Video)
        .ext_vals(values::engine_extensions(&packet.extensions));
        if let Some(patch) = values::vp8_patch(packet, out) {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
    }

    /// Asks the publisher for a keyframe of the encoding with this rid (PLI, RFC 4585 section 6.3.1). False when nothing has
    /// come of it yet, so that its SSRC is unknown.
    pub(crate) fn request_keyframe(&mut self, kind: MediaKind, rid: Option<Rid>) -> bool {
        let Some((_, mid)) = self.sections.iter().find(|(k, _)| *k == kind).copied() else {
            return false;
        };
        let rid = rid.map(|r| str0m::media::Rid::from(r.as_str()));
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid, rid) else {
            return false;
        };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }

    /// Says goodbye: RTCP BYE and DTLS close_notify wait for the next drain.
    pub(crate) fn close(&mut self) {
        // It only fails when DTLS is broken already, and then there is nobody to say goodbye to.
        let _ = self.rtc.close();
    }

    /// False once the engine has given up, as after a wrong fingerprint.
    pub(crate) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    fn to_std(&self, now: Instant) -> std::time::Instant {
        self.anchor + Duration::from_nanos(now.as_nanos())
    }

    /// `None` for the engine's "never".
    fn instant_of(&self, at: std::time::Instant) -> Option<Instant> {
        const NEVER: Duration = Duration::from_secs(3_600 * 24 * 365);
        let since = at.saturating_duration_since(self.anchor);
        (since < NEVER).then(|| Instant::START + since)
    }
}
