//! Offer and answer: how a session comes about, and what was agreed on.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::datagram::TransmitBatch;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::UdpSocket;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::CryptoProvider;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind as EngineKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::{Candidate, Rtc, RtcConfig};

use super::{Role, Session, SessionError, Stream, frames, std_instant};
use crate::encodings::Encodings;
use crate::formats::{self, Formats};
use crate::keys;
use crate::recording::VideoCodec;

/// Packets that the publisher keeps for retransmission: two seconds of 2.4 Mbit/s.
const RETRANSMISSION_PACKETS_MAX: usize = 512;
const RETRANSMISSION_AGE_MAX: Duration = Duration::from_secs(2);

/// An offer whose answer is awaited.
#[derive(Debug)]
pub struct Offering {
    /// The SDP, CRLF lines.
    pub sdp: String,
    pending: SdpPendingOffer,
    role: Role,
}

impl Session {
    /// Opens a socket on this address and offers one audio and one video track.
    pub fn offer(
        role: Role,
        local: IpAddr,
        clock: Clock,
    ) -> Result<(Self, Offering), SessionError> {
        let sockets = UdpSocket::bind_group(SocketAddr::new(local, 0), 1)?;
        let socket = sockets
            .into_iter()
            .next()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let (mut rtc, keys) = match role {
            Role::Publisher(_) | Role::FramePublisher(_) => {
                let builder = builder(role, None);
                (builder.build(std_instant(clock, clock.now())), None)
            }
            Role::Subscriber => {
                let build = |provider| {
                    let builder = builder(role, Some(provider));
                    builder.build(std_instant(clock, clock.now()))
                };
                let (rtc, keys) = keys::with_own_keys(build);
                (rtc, Some(keys))
            }
        };
        if let Ok(candidate) = Candidate::host(socket.local_address(), "udp") {
            rtc.add_local_candidate(candidate);
        }
        let direction = match role {
            Role::Publisher(_) | Role::FramePublisher(_) => Direction::SendOnly,
            Role::Subscriber => Direction::RecvOnly,
        };
        let mut api = rtc.sdp_api();
        // RFC 9725 section 4.4.2: one MediaStream.
        let stream = || Some("load".to_owned());
        let audio = api.add_media(EngineKind::Audio, direction, stream(), None, None);
        let simulcast = simulcast(role);
        let video = api.add_media(EngineKind::Video, direction, stream(), None, simulcast);
        // Two tracks were added, so there is something to offer.
        let nothing = || io::Error::from(io::ErrorKind::InvalidInput);
        let (offer, pending) = api.apply().ok_or_else(nothing)?;
        let session = Self {
            rtc,
            socket,
            clock,
            sections: vec![(MediaKind::Audio, audio), (MediaKind::Video, video)],
            streams: Vec::new(),
            keys,
            server: None,
            outgoing: TransmitBatch::default(),
            path: None,
            wake_at: Instant::START,
            n_refused: 0,
            n_media_packets: 0,
        };
        let sdp = offer.to_sdp_string();
        let offering = Offering { sdp, pending, role };
        Ok((session, offering))
    }

    /// Takes the server's answer. The connection begins with the next [`Self::handle_timeout`].
    pub fn accept(&mut self, offering: Offering, answer: &str) -> Result<(), SessionError> {
        let answer = SdpAnswer::from_sdp_string(answer)?;
        self.rtc.sdp_api().accept_answer(offering.pending, answer)?;
        for (kind, mid) in self.sections.clone() {
            let media = self.rtc.media(mid).filter(|media| !media.disabled());
            let accepted = media.map(|media| media.remote_pts()).unwrap_or_default();
            let pt = match (kind, offering.role) {
                (MediaKind::Audio, _) => self.first_of(Codec::Opus, accepted),
                (MediaKind::Video, Role::FramePublisher(codec)) => {
                    frames::payload_type(&self.rtc, accepted, codec)
                }
                (MediaKind::Video, Role::Publisher(_) | Role::Subscriber) => {
                    self.first_of(Codec::H264, accepted)
                }
            };
            let pt = pt.ok_or(SessionError::NotAccepted(kind))?;
            for (place, rid) in (0..).zip(rids(kind, offering.role)) {
                self.open_stream((kind, place), (mid, rid), pt);
            }
        }
        Ok(())
    }

    /// The first of these payload types that has the codec.
    fn first_of(&self, codec: Codec, accepted: &[Pt]) -> Option<Pt> {
        let params = self.rtc.codec_config().params();
        let has_codec = |pt: &&Pt| {
            let mut all = params.iter();
            all.any(|p| p.pt() == **pt && p.spec().codec == codec)
        };
        accepted.iter().find(has_codec).copied()
    }

    /// Takes a server's offer in place of ours, and gives the answer. The connection begins with the next
    /// [`Self::handle_timeout`].
    pub fn accept_counter_offer(&mut self, offer: &str) -> Result<String, SessionError> {
        self.sections = formats::sections(offer);
        let offer = SdpOffer::from_sdp_string(offer)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        Ok(answer.to_sdp_string())
    }

    /// A publisher has a stream to send for each encoding of each section; a subscriber has none.
    fn open_stream(
        &mut self,
        (kind, encoding): (MediaKind, usize),
        (mid, rid): (Mid, Option<Rid>),
        pt: Pt,
    ) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, rid) else {
            return;
        };
        stream.set_rtx_cache(RETRANSMISSION_PACKETS_MAX, RETRANSMISSION_AGE_MAX, None);
        let ssrc = stream.ssrc();
        self.streams.push(Stream {
            kind,
            encoding,
            ssrc,
            pt,
        });
    }

    /// What the payload types mean. The session has its answer.
    pub fn formats(&self) -> Formats {
        Formats::of(&self.rtc, &self.sections)
    }
}

/// The encodings of a video.
const fn encodings(role: Role) -> Encodings {
    match role {
        Role::Publisher(encodings) => encodings,
        Role::FramePublisher(_) | Role::Subscriber => Encodings::One,
    }
}

/// The rid of each encoding of a track.
fn rids(kind: MediaKind, role: Role) -> impl Iterator<Item = Option<Rid>> {
    let encodings = match kind {
        MediaKind::Audio => Encodings::One,
        MediaKind::Video => encodings(role),
    };
    encodings
        .all()
        .iter()
        .map(|encoding| encoding.rid.map(Rid::from))
}

/// What the video's section says of its encodings; nothing where there is only one.
fn simulcast(role: Role) -> Option<Simulcast> {
    let mut simulcast = Simulcast::new();
    for rid in encodings(role)
        .all()
        .iter()
        .filter_map(|encoding| encoding.rid)
    {
        simulcast.add_send_layer(SimulcastLayer::new(rid));
    }
    (encodings(role) != Encodings::One).then_some(simulcast)
}

/// What a session of ours offers.
fn builder(role: Role, provider: Option<Arc<CryptoProvider>>) -> RtcConfig {
    let builder = Rtc::builder()
        .set_rtp_mode(!matches!(role, Role::FramePublisher(_)))
        .set_stats_interval(None)
        .clear_codecs()
        .enable_opus(true, false);
    let builder = match role {
        Role::Publisher(_) | Role::Subscriber | Role::FramePublisher(VideoCodec::H264(_)) => {
            builder.enable_h264(true)
        }
        Role::FramePublisher(VideoCodec::Vp8) => builder.enable_vp8(true),
        Role::FramePublisher(VideoCodec::Vp9) => builder.enable_vp9(true),
        Role::FramePublisher(VideoCodec::Av1) => builder.enable_av1(true),
    };
    match provider {
        Some(provider) => builder.set_crypto_provider(provider),
        None => builder,
    }
}
