//! The other side of a session: a browser's engine that publishes one audio and one video track.

use std::net::SocketAddr;

use sfu_core::command::IceCredentials;
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::time::Instant;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec as EngineCodec;
use str0m::media::{Direction, MediaKind as EngineKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// AV1 RTP payload format, appendix A.2.
const DESCRIPTOR_URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// Bytes of chance in the place of a Dependency Descriptor.
struct Descriptor(Vec<u8>);

/// Writes them as they are.
#[derive(Debug)]
struct Raw;

impl ExtensionSerializer for Raw {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Descriptor(bytes)) = values.user_values.get::<Descriptor>() else {
            return 0;
        };
        let Some(place) = buf.get_mut(..bytes.len()) else {
            return 0;
        };
        place.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, _: &[u8], _: &mut ExtensionValues) -> bool {
        false
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        let bytes = values.user_values.get::<Descriptor>();
        bytes.is_some_and(|Descriptor(bytes)| bytes.len() > 16)
    }
}

/// A browser.
pub struct Browser {
    rtc: Rtc,
    address: SocketAddr,
    /// The standard library's moment at the start of our clock.
    anchor: std::time::Instant,
    sections: [(MediaKind, Mid); 2],
    pending: Option<SdpPendingOffer>,
    is_up: bool,
    /// The engine has given up.
    is_ended: bool,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser")
    }
}

impl Browser {
    /// A browser with Opus and this video codec, and its offer.
    pub fn new(address: SocketAddr, video: Codec, anchor: std::time::Instant) -> (Self, String) {
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .set_extension(12, Extension::with_serializer(DESCRIPTOR_URI, Raw))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(matches!(video, Codec::H264 { .. }))
            .enable_vp8(video == Codec::Vp8)
            .enable_vp9(matches!(video, Codec::Vp9 { .. }))
            .enable_av1(matches!(video, Codec::Av1 { .. }))
            .build(anchor);
        let candidate = Candidate::host(address, Protocol::Udp).expect("the address is one");
        rtc.add_local_candidate(candidate);
        let mut api = rtc.sdp_api();
        let mut add = |kind| {
            let stream = Some("stream".to_owned());
            api.add_media(kind, Direction::SendOnly, stream, None, None)
        };
        let sections = [
            (MediaKind::Audio, add(EngineKind::Audio)),
            (MediaKind::Video, add(EngineKind::Video)),
        ];
        let (offer, pending) = api.apply().expect("two tracks are something to offer");
        let browser = Self {
            rtc,
            address,
            anchor,
            sections,
            pending: Some(pending),
            is_up: false,
            is_ended: false,
        };
        (browser, offer.to_sdp_string())
    }

    /// Takes the answer.
    pub fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer is SDP");
        let pending = self.pending.take().expect("an offer is answered once");
        let accepted = self.rtc.sdp_api().accept_answer(pending, answer);
        accepted.expect("the answer fits its offer");
    }

    /// ICE and DTLS are done.
    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// Its ICE credentials, as a PATCH would carry them.
    pub fn credentials(&mut self) -> IceCredentials {
        let credentials = self.rtc.direct_api().local_ice_credentials();
        IceCredentials {
            ufrag: credentials.ufrag,
            password: credentials.pass,
        }
    }

    /// Takes one datagram. What the engine refuses is lost, as in a browser.
    pub fn handle_datagram(&mut self, source: SocketAddr, bytes: &[u8], now: Instant) {
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.address, bytes) else {
            return;
        };
        let now = self.engine_instant(now);
        let taken = self.rtc.handle_input(Input::Receive(now, receive));
        self.is_ended |= taken.is_err();
    }

    /// Appends what it has to send.
    pub fn poll(&mut self, outgoing: &mut Vec<Vec<u8>>, now: Instant) {
        let now = self.engine_instant(now);
        while !self.is_ended {
            let next = self.rtc.handle_input(Input::Timeout(now));
            match next.and_then(|()| self.poll_until_timeout(outgoing)) {
                Ok(at) if at > now => return,
                Ok(_) => {}
                Err(_) => self.is_ended = true,
            }
        }
    }

    fn poll_until_timeout(
        &mut self,
        outgoing: &mut Vec<Vec<u8>>,
    ) -> Result<std::time::Instant, str0m::RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(transmit) => outgoing.push(transmit.contents.into()),
                Output::Event(event) => self.is_up |= matches!(event, Event::Connected),
            }
        }
    }

    /// Queues one packet: every third ends a picture.
    pub fn write(&mut self, codec: Codec, sequence: u32, payload: &[u8], now: Instant) {
        self.write_described(codec, sequence, (payload, &[]), now);
    }

    /// The same, with a Dependency Descriptor unless that is empty.
    pub fn write_described(
        &mut self,
        codec: Codec,
        sequence: u32,
        (payload, descriptor): (&[u8], &[u8]),
        now: Instant,
    ) {
        let kind = codec.kind();
        let now = self.engine_instant(now);
        let Some((_, mid)) = self.sections.iter().find(|(k, _)| *k == kind).copied() else {
            return;
        };
        let Some(pt) = self.payload_type(mid, kind) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(mid, None) {
            let timestamp = (sequence / 3).wrapping_mul(3_000);
            let write = RtpWrite::new(
                pt,
                u64::from(sequence).into(),
                timestamp,
                now,
                payload.to_vec(),
            );
            let mut values = ExtensionValues::default();
            if !descriptor.is_empty() {
                values.user_values.set(Descriptor(descriptor.to_vec()));
            }
            stream.write_rtp(write.marker(sequence % 3 == 2).ext_vals(values));
        }
    }

    /// The first payload type of the section that is no retransmission.
    fn payload_type(&self, mid: Mid, kind: MediaKind) -> Option<Pt> {
        let params = self.rtc.codec_config().params();
        let is_media = |pt: &&Pt| {
            let mut all = params.iter();
            all.any(|p| {
                p.pt() == **pt
                    && (p.spec().codec == EngineCodec::Opus) == (kind == MediaKind::Audio)
            })
        };
        self.rtc
            .media(mid)?
            .remote_pts()
            .iter()
            .find(is_media)
            .copied()
    }

    fn engine_instant(&self, at: Instant) -> std::time::Instant {
        self.anchor + at.saturating_since(Instant::START)
    }
}
