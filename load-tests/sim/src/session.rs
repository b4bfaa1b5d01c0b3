//! A browser's side of a session: the RTC engine as a full ICE agent that offers, answers checks and sends them.

pub mod certificate;
mod repairs;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sfu_core::command::IceCredentials;
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::datagram::Datagram;
use sfu_model::time::Instant;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::{Codec as EngineCodec, PayloadParams};
use str0m::media::{
    Direction, KeyframeRequestKind, MediaKind as EngineKind, Mid, Pt, Rid, Simulcast,
    SimulcastLayer,
};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionValues, RawPacket, RtpHeader, RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::clock::LocalClock;
use crate::descriptor;
use crate::forger::Forger;
use crate::key_copy::{self, Copied};
use crate::payload::red::{self, Earlier};
use crate::source::Made;

/// What a session says.
#[derive(Debug)]
pub enum Said {
    /// ICE and DTLS are up.
    Connected,
    /// The other side closed.
    Closed,
    /// The node wants a keyframe of the encoding with this rid.
    KeyframeRequested(Option<Rid>),
    /// A packet that authenticated.
    Received(Box<RtpPacket>),
    /// Every such packet as it came, before the engine judges it.
    Came(Box<RtpHeader>, Vec<u8>),
}

/// A datagram that a session wants to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Which of its addresses it leaves from.
    pub source: SocketAddr,
    /// Where it goes.
    pub destination: SocketAddr,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// One m-section that a session offers.
#[derive(Clone, Debug)]
pub enum Section {
    /// Sends, with these rids if it is simulcast.
    Send(MediaKind, Vec<&'static str>),
    /// Receives.
    Receive(MediaKind),
}

/// A browser's engine with its address.
pub struct BrowserSession {
    rtc: Rtc,
    clock: LocalClock,
    /// How far its wall clock, which sender reports carry, is behind the one that its engine counts with.
    wall_behind: Duration,
    sections: Vec<(MediaKind, Mid)>,
    pending: Option<SdpPendingOffer>,
    /// The node's present answer: what a PATCH brings changes it.
    answer: String,
    is_ended: bool,
    keys: Arc<Copied>,
    /// What seals the player's own feedback.
    feedback_sealer: Option<Forger>,
}

impl std::fmt::Debug for BrowserSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserSession")
    }
}

/// Ids of the header extensions that the engine does not offer by itself: free ones below 15, where the short form ends
/// (RFC 8285 section 4.2).
const PLAYOUT_DELAY_ID: u8 = 5;
const DESCRIPTOR_ID: u8 = 6;
const CAPTURE_TIME_ID: u8 = 12;

/// The id of what a page sends.
const MEDIA_STREAM: &str = "camera";

/// Packets a browser keeps to repair what the node did not get: a second of the largest encoding.
const RETRANSMISSION_PACKETS_MAX: usize = 512;

impl BrowserSession {
    /// A session that can use these codecs. What its handshake leaves to chance is drawn from the seed.
    pub fn new(
        address: SocketAddr,
        codecs: &[Codec],
        clock: LocalClock,
        seed: u64,
        now: Instant,
    ) -> Self {
        let has = |name: &str| codecs.iter().any(|c| c.name() == name);
        let builder = Rtc::builder()
            .set_crypto_provider(certificate::crypto())
            .set_dtls_cert(certificate::both().1.clone())
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .enable_raw_packets(true)
            .set_extension(PLAYOUT_DELAY_ID, Extension::PlayoutDelay)
            .set_extension(DESCRIPTOR_ID, descriptor::extension())
            .set_extension(CAPTURE_TIME_ID, Extension::AbsoluteCaptureTime)
            .clear_codecs()
            .enable_opus(has("opus"), true)
            .enable_h264(has("H264"))
            .enable_vp8(has("VP8"))
            .enable_vp9(has("VP9"))
            .enable_av1(has("AV1"));
        let (mut rtc, keys) = key_copy::copied(seed, || builder.build(clock.to_engine(now)));
        if let Ok(candidate) = Candidate::host(address, Protocol::Udp) {
            rtc.add_local_candidate(candidate);
        }
        Self {
            rtc,
            clock,
            wall_behind: Duration::ZERO,
            sections: Vec::new(),
            pending: None,
            answer: String::new(),
            is_ended: false,
            keys,
            feedback_sealer: None,
        }
    }

    /// Its offer with these sections; `None` when there are none.
    pub fn offer(&mut self, sections: &[Section]) -> Option<String> {
        let mut api = self.rtc.sdp_api();
        for section in sections {
            let (kind, direction, rids) = match section {
                Section::Send(kind, rids) => (*kind, Direction::SendOnly, rids.as_slice()),
                Section::Receive(kind) => (*kind, Direction::RecvOnly, [].as_slice()),
            };
            let simulcast = (!rids.is_empty()).then(|| {
                let mut simulcast = Simulcast::new();
                for rid in rids {
                    simulcast.add_send_layer(SimulcastLayer::new(rid));
                }
                simulcast
            });
            // WHIP takes one MediaStream (RFC 9725 section 4.4.2).
            let stream = Some(MEDIA_STREAM.to_owned());
            let mid = api.add_media(engine_kind(kind), direction, stream, None, simulcast);
            self.sections.push((kind, mid));
        }
        let (offer, pending) = api.apply()?;
        self.pending = Some(pending);
        Some(offer.to_sdp_string())
    }

    /// Takes the answer. False when it does not fit the offer.
    pub fn accept(&mut self, answer: &str) -> bool {
        self.answer = answer.to_owned();
        let (Ok(answer), Some(pending)) = (SdpAnswer::from_sdp_string(answer), self.pending.take())
        else {
            return false;
        };
        self.rtc.sdp_api().accept_answer(pending, answer).is_ok()
    }

    /// The node's present answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The ufrag by which the node knows it.
    pub fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// Begins an ICE restart; returns what its PATCH carries.
    pub fn restart_ice(&mut self) -> IceCredentials {
        let mut api = self.rtc.sdp_api();
        let credentials = api.ice_restart(false);
        self.pending = api.apply().map(|(_, pending)| pending);
        IceCredentials {
            ufrag: credentials.ufrag,
            password: credentials.pass,
        }
    }

    /// Takes what the answer to the PATCH brought, and goes on from this address. False when the engine does not.
    pub fn accept_restart(
        &mut self,
        node: &IceCredentials,
        candidates: &[String],
        address: SocketAddr,
    ) -> bool {
        let present = self
            .answer
            .lines()
            .filter(|l| !l.starts_with("a=candidate:"));
        let lines = present.map(|line| {
            if line.starts_with("a=ice-ufrag:") {
                let new = candidates.iter().map(|c| format!("a={c}\r\n"));
                format!("{}a=ice-ufrag:{}\r\n", new.collect::<String>(), node.ufrag)
            } else if line.starts_with("a=ice-pwd:") {
                format!("a=ice-pwd:{}\r\n", node.password)
            } else {
                format!("{line}\r\n")
            }
        });
        let answer: String = lines.collect();
        let accepted = self.accept(&answer);
        // The engine forgets its candidates with the old credentials.
        if let Ok(candidate) = Candidate::host(address, Protocol::Udp) {
            self.rtc.add_local_candidate(candidate);
        }
        accepted
    }

    /// Takes one datagram; the caller drains afterwards.
    pub fn handle_datagram(&mut self, datagram: &Datagram<'_>, now: Instant) {
        if self.is_ended {
            return;
        }
        let Datagram {
            source,
            destination,
            bytes,
            ..
        } = *datagram;
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return;
        };
        let input = Input::Receive(self.clock.to_engine(now), receive);
        // What the engine refuses is lost, as in a browser.
        let _ = self.rtc.handle_input(input);
    }

    /// Takes everything that waits. Returns when it must be called next.
    pub fn drain(
        &mut self,
        now: Instant,
        outgoing: &mut Vec<Outgoing>,
        said: &mut Vec<Said>,
    ) -> Option<Instant> {
        let engine_now = self.clock.to_engine(now);
        while !self.is_ended {
            if self.rtc.handle_input(Input::Timeout(engine_now)).is_err() {
                self.is_ended = true;
                break;
            }
            let at = self.poll_until_timeout(outgoing, said)?;
            if at > engine_now {
                return self.clock.from_engine(at);
            }
        }
        None
    }

    fn poll_until_timeout(
        &mut self,
        outgoing: &mut Vec<Outgoing>,
        said: &mut Vec<Said>,
    ) -> Option<std::time::Instant> {
        loop {
            match self.rtc.poll_output() {
                Err(_) => {
                    self.is_ended = true;
                    return None;
                }
                Ok(Output::Timeout(at)) => return Some(at),
                Ok(Output::Transmit(t)) => outgoing.push(Outgoing {
                    source: t.source,
                    destination: t.destination,
                    bytes: t.contents.into(),
                }),
                Ok(Output::Event(event)) => said.extend(our_event(event)),
            }
        }
    }

    /// Queues one packet of the encoding with this rid. It leaves with the next drain.
    pub fn write(&mut self, codec: Codec, rid: Option<&str>, made: Made, captured_at: Instant) {
        let made = (made, ExtensionValues::default());
        self.write_timed((codec, rid), made, captured_at);
    }

    /// The same with what its header says of its time.
    pub fn write_timed(
        &mut self,
        (codec, rid): (Codec, Option<&str>),
        made: (Made, ExtensionValues),
        captured_at: Instant,
    ) {
        if let Some(payload_type) = self.payload_type(codec) {
            self.write_as(payload_type, (codec, rid), made, captured_at);
        }
    }

    /// The same for sound with the frame before it (RFC 2198); as it is where that was not negotiated.
    pub fn write_red(
        &mut self,
        mut made: Made,
        earlier: Option<Earlier<'_>>,
        captured_at: Instant,
    ) {
        let Some(opus) = self.payload_type(Codec::Opus) else {
            return;
        };
        let params = self.rtc.codec_config().params();
        let red = params.iter().find(|p| p.pt() == opus).and_then(|p| p.red());
        if red.is_some() {
            made.payload = red::wrap(*opus, earlier, &made.payload);
        }
        let made = (made, ExtensionValues::default());
        self.write_as(red.unwrap_or(opus), (Codec::Opus, None), made, captured_at);
    }

    /// True when packets with this payload type are RED.
    pub fn is_red(&self, payload_type: Pt) -> bool {
        let mut params = self.rtc.codec_config().params().iter();
        params.any(|p| p.red() == Some(payload_type))
    }

    /// True when packets with this payload type are of this codec.
    pub fn is_of(&self, payload_type: Pt, codec: Codec) -> bool {
        let mut params = self.rtc.codec_config().params().iter();
        params.any(|p| p.pt() == payload_type && is_codec(p, codec))
    }

    fn write_as(
        &mut self,
        payload_type: Pt,
        (codec, rid): (Codec, Option<&str>),
        (mut made, mut times): (Made, ExtensionValues),
        captured_at: Instant,
    ) {
        if let Some(bytes) = made.descriptor.take() {
            descriptor::set(&mut times, bytes);
        }
        let Some(mid) = self.mid(codec.kind()) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, rid.map(Rid::from)) else {
            return;
        };
        let write = RtpWrite::new(
            payload_type,
            made.sequence.into(),
            made.timestamp,
            self.clock.to_engine(captured_at) - self.wall_behind,
            made.payload,
        )
        .marker(made.marker)
        .ext_vals(times)
        .nackable(codec.kind() == MediaKind::Video);
        stream.write_rtp(write);
    }

    /// Sets its wall clock: what it writes from here on is stamped in reports as so much earlier. A clock that has been set
    /// forward is less behind than it was.
    pub fn set_wall_clock(&mut self, behind: Duration) {
        self.wall_behind = behind;
    }

    /// Lets this encoding's lost packets be sent again.
    pub fn keep_for_repair(&mut self, kind: MediaKind, rid: Option<&str>) {
        let Some(mid) = self.mid(kind) else { return };
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(mid, rid.map(Rid::from)) {
            let age = Duration::from_secs(1);
            stream.set_rtx_cache(RETRANSMISSION_PACKETS_MAX, age, None);
        }
    }

    /// Asks for a keyframe of what arrives with this SSRC.
    pub fn request_keyframe(&mut self, ssrc: Ssrc) {
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx(&ssrc) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Who seals with its keys, once and after it connected.
    pub fn forger(&mut self) -> Option<Forger> {
        self.keys.take()
    }

    /// Says goodbye; BYE and close_notify wait for the next drain.
    pub fn close(&mut self) {
        // It only fails when DTLS is broken already, and then there is nobody to say goodbye to.
        let _ = self.rtc.close();
    }

    fn mid(&self, kind: MediaKind) -> Option<Mid> {
        let found = self.sections.iter().find(|(k, _)| *k == kind);
        found.map(|(_, mid)| *mid)
    }

    fn payload_type(&self, codec: Codec) -> Option<Pt> {
        let mid = self.mid(codec.kind())?;
        let negotiated = self.rtc.media(mid)?.remote_pts();
        let params = self.rtc.codec_config().params();
        negotiated
            .iter()
            .copied()
            .find(|pt| params.iter().any(|p| p.pt() == *pt && is_codec(p, codec)))
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the engine's enum grows every month"
)]
fn our_event(event: Event) -> Option<Said> {
    match event {
        Event::Connected => Some(Said::Connected),
        Event::Closed => Some(Said::Closed),
        Event::KeyframeRequest(request) => Some(Said::KeyframeRequested(request.rid)),
        Event::RtpPacket(packet) => Some(Said::Received(Box::new(packet))),
        Event::RawPacket(packet) => match *packet {
            RawPacket::RtpRx(header, payload) => Some(Said::Came(Box::new(header), payload)),
            RawPacket::RtpTx(..) | RawPacket::RtcpRx(_) | RawPacket::RtcpTx(_) => None,
        },
        _ => None,
    }
}

fn is_codec(params: &PayloadParams, codec: Codec) -> bool {
    let spec = params.spec();
    match codec {
        Codec::Opus => spec.codec == EngineCodec::Opus,
        Codec::Vp8 => spec.codec == EngineCodec::Vp8,
        Codec::Vp9 { profile_id } => {
            spec.codec == EngineCodec::Vp9
                && spec.format.profile_id.unwrap_or(0) == u32::from(profile_id)
        }
        Codec::H264 {
            packetization_mode, ..
        } => {
            spec.codec == EngineCodec::H264
                && spec.format.packetization_mode == Some(packetization_mode)
        }
        Codec::Av1 { .. } => spec.codec == EngineCodec::Av1,
    }
}

const fn engine_kind(kind: MediaKind) -> EngineKind {
    match kind {
        MediaKind::Audio => EngineKind::Audio,
        MediaKind::Video => EngineKind::Video,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_offers_what_browsers_repair_and_estimate_with() {
        let address = SocketAddr::from(([10, 0, 0, 1], 5_000));
        let codecs = [Codec::Opus, Codec::Vp8];
        let mut session =
            BrowserSession::new(address, &codecs, LocalClock::default(), 1, Instant::START);
        let offer = session
            .offer(&[Section::Receive(MediaKind::Video)])
            .expect("an offer");
        for wanted in [
            "transport-wide-cc-extensions-01",
            "abs-send-time",
            "abs-capture-time",
            "playout-delay",
            " rtx/90000",
            " transport-cc",
            " nack\r\n",
            " nack pli",
        ] {
            assert!(offer.contains(wanted), "{wanted} in {offer}");
        }
    }
}
