//! One side of a transport connection: a socket and an RTC engine, driven by whoever owns the thread.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::{Interest, Registry, Token};
use sfu_model::codec::MediaKind;
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::time::Instant;
use sfu_net::clock::{Clock, since_epoch};
use sfu_net::udp::{ReceiveBatch, Sent, UdpSocket};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::CryptoProvider;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind as EngineKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use crate::formats::{self, Formats};
use crate::keys::{self, KeySlot};
use crate::srtp::Srtp;

/// Most inputs of time in one drain: the engine asks for the present moment a few times in a row. Past it the session
/// waits for its next turn.
const ADVANCES_MAX: usize = 16;

/// Packets that the publisher keeps for retransmission: two seconds of 2.4 Mbit/s.
const RETRANSMISSION_PACKETS_MAX: usize = 512;
const RETRANSMISSION_AGE_MAX: Duration = Duration::from_secs(2);

/// Which way media flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends.
    Publisher,
    /// Receives.
    Subscriber,
}

/// What a session tells its owner.
#[derive(Debug)]
pub enum SessionEvent<'a> {
    /// The server's decoder, or one behind it, needs a keyframe.
    KeyframeRequested,
    /// A subscriber got a sealed packet of media or RTCP.
    Media {
        /// All of it.
        bytes: &'a [u8],
        /// When the kernel got it.
        arrived_at: Instant,
    },
}

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Operator: no socket, usually the limit of open files.
    #[error("no socket: {0}")]
    Socket(#[from] io::Error),
    /// The server's answer, or what it sent, is not usable.
    #[error("the RTC engine gave up: {0}")]
    Engine(#[from] str0m::RtcError),
    /// The server's answer does not parse.
    #[error("the answer is not SDP: {0}")]
    Answer(#[from] str0m::error::SdpError),
    /// The server closed it, or has not been heard for too long.
    #[error("the session is closed")]
    Closed,
    /// The server's answer takes part of the offer only.
    #[error("the answer takes no {0}")]
    NotAccepted(MediaKind),
}

/// An offer whose answer is awaited.
#[derive(Debug)]
pub struct Offering {
    /// The SDP, CRLF lines.
    pub sdp: String,
    pending: SdpPendingOffer,
}

/// A transport connection to the server.
pub struct Session {
    rtc: Rtc,
    socket: UdpSocket,
    clock: Clock,
    sections: Vec<(MediaKind, Mid)>,
    streams: Vec<(MediaKind, Ssrc, Pt)>,
    /// A subscriber's keys, once its handshake is done: its media is not the engine's.
    keys: Option<KeySlot>,
    /// Where media comes from; what answers it goes there.
    server: Option<SocketAddr>,
    outgoing: TransmitBatch,
    wake_at: Instant,
    n_refused: usize,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
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
            Role::Publisher => (builder(None).build(std_instant(clock, clock.now())), None),
            Role::Subscriber => {
                let build = |provider| {
                    let builder = builder(Some(provider));
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
            Role::Publisher => Direction::SendOnly,
            Role::Subscriber => Direction::RecvOnly,
        };
        let mut api = rtc.sdp_api();
        // RFC 9725 section 4.4.2: one MediaStream.
        let stream = || Some("load".to_owned());
        let audio = api.add_media(EngineKind::Audio, direction, stream(), None, None);
        let video = api.add_media(EngineKind::Video, direction, stream(), None, None);
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
            wake_at: Instant::START,
            n_refused: 0,
        };
        let sdp = offer.to_sdp_string();
        Ok((session, Offering { sdp, pending }))
    }

    /// Takes the server's answer. The connection begins with the next [`Self::handle_timeout`].
    pub fn accept(&mut self, offering: Offering, answer: &str) -> Result<(), SessionError> {
        let answer = SdpAnswer::from_sdp_string(answer)?;
        self.rtc.sdp_api().accept_answer(offering.pending, answer)?;
        for (kind, mid) in self.sections.clone() {
            let codec = match kind {
                MediaKind::Audio => Codec::Opus,
                MediaKind::Video => Codec::H264,
            };
            let media = self.rtc.media(mid).filter(|media| !media.disabled());
            let accepted = media.map(|media| media.remote_pts()).unwrap_or_default();
            let params = self.rtc.codec_config().params();
            let of_codec = |pt: &&Pt| {
                let mut all = params.iter();
                all.any(|p| p.pt() == **pt && p.spec().codec == codec)
            };
            let pt = *accepted
                .iter()
                .find(of_codec)
                .ok_or(SessionError::NotAccepted(kind))?;
            self.open_stream(kind, mid, pt);
        }
        Ok(())
    }

    /// Takes a server's offer in place of ours, and gives the answer. The connection begins with the next
    /// [`Self::handle_timeout`].
    pub fn accept_counter_offer(&mut self, offer: &str) -> Result<String, SessionError> {
        self.sections = formats::sections(offer);
        let offer = SdpOffer::from_sdp_string(offer)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        Ok(answer.to_sdp_string())
    }

    /// A publisher has a stream to send in each section; a subscriber has none.
    fn open_stream(&mut self, kind: MediaKind, mid: Mid, pt: Pt) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return;
        };
        stream.set_rtx_cache(RETRANSMISSION_PACKETS_MAX, RETRANSMISSION_AGE_MAX, None);
        self.streams.push((kind, stream.ssrc(), pt));
    }

    /// Tells the poll when its socket is readable.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Reads what waits on the socket.
    pub fn receive(
        &mut self,
        batch: &mut ReceiveBatch,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        loop {
            let received = self.socket.receive(batch)?;
            // Both clocks are read once: how old a stamp of the kernel's is does not depend on where the wall clock stands.
            let (now, wall) = (self.clock.now(), since_epoch());
            for (datagram, stamp) in batch.arrivals() {
                let is_media = matches!(datagram.bytes.first(), Some(128..=191));
                if self.keys.is_some() && is_media {
                    self.server = Some(datagram.source);
                    let age = stamp.map_or(Duration::ZERO, |stamp| wall.saturating_sub(stamp));
                    let arrived_at = Instant::from_nanos(now.as_nanos().saturating_sub(nanos(age)));
                    let bytes = datagram.bytes;
                    on_event(SessionEvent::Media { bytes, arrived_at });
                } else {
                    self.take(datagram, now, on_event)?;
                }
            }
            if received.is_drained {
                self.flush();
                return Ok(());
            }
        }
    }

    /// Gives a datagram to the engine.
    fn take(
        &mut self,
        datagram: Datagram<'_>,
        now: Instant,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        let Datagram {
            source,
            destination,
            bytes,
            ..
        } = datagram;
        // What is no packet of ours is the network's noise.
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return Ok(());
        };
        let now = std_instant(self.clock, now);
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain(on_event)
    }

    /// What the payload types mean. The session has its answer.
    pub fn formats(&self) -> Formats {
        Formats::of(&self.rtc, &self.sections)
    }

    /// A subscriber's keys; `None` before its handshake is done.
    pub fn srtp(&self) -> Option<Srtp> {
        let keys = self.keys.as_ref()?.get()?;
        Srtp::new(keys).ok()
    }

    /// Queues a sealed packet to where media comes from; it leaves with the next [`Self::flush`].
    pub fn push(&mut self, sealed: &[u8]) {
        if let Some(server) = self.server {
            let local = self.socket.local_address();
            self.outgoing.push(Transport::Udp, local, server, sealed);
        }
    }

    /// Queues one packet; it leaves with the next [`Self::handle_timeout`].
    pub fn write(&mut self, kind: MediaKind, packet: Outgoing) {
        let Some((_, ssrc, pt)) = self.streams.iter().find(|(k, ..)| *k == kind).copied() else {
            return;
        };
        let now = std_instant(self.clock, self.clock.now());
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx(&ssrc) {
            let sequence = u64::from(packet.sequence).into();
            let write = RtpWrite::new(pt, sequence, packet.timestamp, now, packet.payload);
            let is_nackable = kind == MediaKind::Video;
            stream.write_rtp(write.marker(packet.marker).nackable(is_nackable));
        }
    }

    /// Does what is due, and sends what waits.
    pub fn handle_timeout(
        &mut self,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        let now = std_instant(self.clock, self.clock.now());
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(on_event)?;
        self.flush();
        Ok(())
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify).
    pub fn close(mut self) -> Result<(), SessionError> {
        self.rtc.close()?;
        match self.handle_timeout(&mut |_| ()) {
            Err(SessionError::Closed) => Ok(()),
            done => done,
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn wake_at(&self) -> Instant {
        self.wake_at
    }

    /// Datagrams that the kernel did not take. Each is a loss that the server is not to blame for.
    pub fn n_refused(&self) -> usize {
        self.n_refused
    }

    fn drain(&mut self, on_event: &mut impl FnMut(SessionEvent<'_>)) -> Result<(), SessionError> {
        for _ in 0..ADVANCES_MAX {
            let now = self.clock.now();
            let next = self.poll(on_event)?;
            self.wake_at = self.clock_instant(next);
            if !self.rtc.is_alive() {
                // Its last words still have to leave.
                self.flush();
                return Err(SessionError::Closed);
            }
            if self.wake_at > now {
                return Ok(());
            }
            let now = std_instant(self.clock, now);
            self.rtc.handle_input(Input::Timeout(now))?;
        }
        Ok(())
    }

    fn poll(
        &mut self,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<std::time::Instant, SessionError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(t) => {
                    self.outgoing
                        .push(Transport::Udp, t.source, t.destination, &t.contents);
                }
                Output::Event(Event::KeyframeRequest(_)) => {
                    on_event(SessionEvent::KeyframeRequested);
                }
                Output::Event(_) => {}
            }
        }
    }

    /// Sends what waits.
    pub fn flush(&mut self) {
        for (run, bytes) in self.outgoing.iter() {
            self.n_refused += match self.socket.send(run, bytes, None) {
                Sent::Done { n_refused } => n_refused,
                Sent::BufferFull { from } => {
                    bytes.len().saturating_sub(from).div_ceil(run.segment_bytes)
                }
            };
        }
        self.outgoing.clear();
    }

    fn clock_instant(&self, at: std::time::Instant) -> Instant {
        Instant::START + at.saturating_duration_since(self.clock.anchor())
    }
}

/// One RTP packet on its way to the server.
#[derive(Debug)]
pub struct Outgoing {
    /// Unwrapped; the low half goes on the wire.
    pub sequence: u32,
    /// As on the wire.
    pub timestamp: u32,
    /// The last packet of a picture.
    pub marker: bool,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// What every session of ours offers.
fn builder(provider: Option<Arc<CryptoProvider>>) -> RtcConfig {
    let builder = Rtc::builder()
        .set_rtp_mode(true)
        .set_stats_interval(None)
        .clear_codecs()
        .enable_opus(true, false)
        .enable_h264(true);
    match provider {
        Some(provider) => builder.set_crypto_provider(provider),
        None => builder,
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn std_instant(clock: Clock, at: Instant) -> std::time::Instant {
    clock.anchor() + at.saturating_since(Instant::START)
}
