//! The RTC engine of one session. This file and its folder are the only ones that name it.
//!
//! Everything that enters or leaves is in our own nouns. The engine wants a complete drain after each input; handlers here
//! keep that contract inside, so that whoever calls them may do so in any order.

#[cfg(test)]
mod contract;
mod dependency;
pub(crate) mod factory;
mod handshake;
mod key_tap;
mod negotiate;
mod paths;
mod values;

use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::datagram::{Datagram, TransmitBatch};
use sfu_model::dependency::DescriptorBytes;
use sfu_model::packet::{Extensions, Payload};
use sfu_model::rtp::{PayloadType, Rid, SeqNo};
use sfu_model::time::{Instant, MediaTime};
use str0m::config::CryptoProvider;
use str0m::ice::StunMessage;
use str0m::media::{KeyframeRequestKind, Mid};
use str0m::rtp::RtpPacket;
use str0m::{Event, Input, Output, Rtc};

use crate::command::IceCredentials;
use crate::demux::{self, PacketKind};
use crate::egress::stream::StreamTerms;
use crate::publish::capture_clock::SenderReport;
use crate::session::engine::key_tap::KeySlot;
use crate::session::engine::paths::Paths;
use crate::session::engine::values::Refused;
use crate::session::gate::Path;
use crate::subscribe::payload_types::PayloadTypes;

pub(crate) use crate::session::engine::key_tap::Agreed;

/// Most inputs of time in one drain. The engine asks for the present moment a few times in a row, never more: past this it
/// is in a loop, and the next wake-up goes on.
const ADVANCES_MAX: usize = 16;

/// An RTP packet that authenticated, in our nouns.
#[derive(Debug)]
pub(crate) struct ReceivedRtp {
    pub(crate) rid: Option<Rid>,
    pub(crate) codec: Codec,
    /// The payload type of the frames in it, if the payload is RED (RFC 2198).
    pub(crate) red: Option<PayloadType>,
    pub(crate) sequence: SeqNo,
    pub(crate) time: MediaTime,
    pub(crate) marker: bool,
    pub(crate) extensions: Extensions,
    /// Its Dependency Descriptor, unread.
    pub(crate) descriptor: Option<Arc<DescriptorBytes>>,
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
    /// The stream that is sent on it, in a subscriber's session.
    pub(crate) stream: Option<StreamTerms>,
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
    /// Where the SRTP keys arrive, in a subscriber's session.
    keys: Option<Arc<KeySlot>>,
    /// Where the DTLS datagram that waits for the next drain came from.
    dtls_from: Option<Path>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
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

    /// Takes one datagram; DTLS only from an address that has passed ICE, because its answer goes there. The caller drains
    /// afterwards.
    pub(crate) fn handle_datagram(
        &mut self,
        datagram: &Datagram<'_>,
        now: Instant,
    ) -> Result<(), Refused> {
        if demux::kind_of(datagram.bytes) == Some(PacketKind::Dtls) {
            self.dtls_from = Some(Path {
                remote: (datagram.transport, datagram.source),
                local: datagram.destination,
            });
        }
        let receive = values::receive(datagram).map_err(|_| Refused)?;
        let input = Input::Receive(self.to_std(now), receive);
        self.rtc.handle_input(input).map_err(|_| Refused)
    }

    /// Takes everything that waits: datagrams into the batch, the rest into `events`. Returns when it must be called next.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        path: Option<Path>,
        batch: &mut TransmitBatch,
        events: &mut Vec<EngineEvent>,
    ) -> Result<Option<Instant>, Refused> {
        let std_now = self.to_std(now);
        let paths = Paths {
            in_use: path,
            dtls: self.dtls_from.take().or(path),
            seals_for_nobody: self.keys.is_some(),
        };
        for _ in 0..ADVANCES_MAX {
            // Packets that were written are stamped, hence sendable, by an input of time.
            self.rtc
                .handle_input(Input::Timeout(std_now))
                .map_err(|_| Refused)?;
            let next = self.poll_until_timeout(paths, batch, events)?;
            if next > std_now {
                return Ok(self.instant_of(next));
            }
        }
        Ok(Some(now + Duration::from_millis(1)))
    }

    fn poll_until_timeout(
        &mut self,
        paths: Paths,
        batch: &mut TransmitBatch,
        events: &mut Vec<EngineEvent>,
    ) -> Result<std::time::Instant, Refused> {
        loop {
            match self.rtc.poll_output().map_err(|_| Refused)? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(t) => {
                    if let Some(path) = paths.of(&t) {
                        let Path { remote, local } = path;
                        batch.push(remote.0, local, remote.1, &t.contents);
                    }
                }
                Output::Event(event) => events.extend(self.our_event(event)),
            }
        }
    }

    /// The SRTP keys of a subscriber's session, once, when the handshake is done.
    pub(crate) fn take_keys(&mut self) -> Option<Agreed> {
        self.keys.as_ref()?.take()
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the engine's enum grows every month"
    )]
    fn our_event(&mut self, event: Event) -> Option<EngineEvent> {
        match event {
            Event::Connected => Some(EngineEvent::Connected),
            Event::Closed => Some(EngineEvent::PeerClosed),
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
            .find(|p| p.pt() == pt || p.red() == Some(pt))?;
        let codec = values::our_codec(params)?;
        let red = params.red().filter(|red| *red == pt).map(|_| params.pt());
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&packet.header.ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        // Sound under the SSRC of a video has that stream's numbers: neither its section's nor the sound's
        // (RFC 3550 section 8.2).
        if !self.sections.contains(&(codec.kind(), mid)) {
            return None;
        }
        let sender_report = packet.last_sender_info.as_ref().and_then(|info| {
            Some(SenderReport {
                sender_time: values::our_ntp(info.ntp_time)?,
                timestamp: MediaTime(info.rtp_time.numer()).wire(),
            })
        });
        Some(ReceivedRtp {
            rid: rid.and_then(|r| Rid::new(&r)),
            codec,
            red: red.and_then(|opus| PayloadType::new(*opus)),
            sequence: SeqNo(*packet.seq_no),
            time: MediaTime(packet.time.numer()),
            marker: packet.header.marker,
            extensions: values::our_extensions(&packet.header.ext_vals),
            descriptor: dependency::descriptor(&packet.header.ext_vals),
            sender_report,
            received_at: self.instant_of(packet.timestamp)?,
            payload: packet.payload,
        })
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
