//! One side of a transport connection: a socket and an RTC engine, driven by whoever owns the thread.

mod frames;
mod negotiation;
mod transport;

pub use negotiation::Offering;

use std::io;
use std::net::SocketAddr;

use mio::{Interest, Registry, Token};
use sfu_model::codec::MediaKind;
use sfu_model::datagram::{TransmitBatch, Transport};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::UdpSocket;
use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Event, Input, Output, Rtc};

use crate::encodings::Encodings;
use crate::keys::KeySlot;
use crate::network::{PlayerPath, Profile};
use crate::recording::VideoCodec;
use crate::rtp;

/// Most inputs of time in one drain: the engine asks for the present moment a few times in a row. Past it the session
/// waits for its next turn.
const ADVANCES_MAX: usize = 16;

/// Which way media flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends packets of H.264, in these encodings, and of Opus that its owner has made.
    Publisher(Encodings),
    /// Sends frames of this codec and of Opus, of which the engine makes packets.
    FramePublisher(VideoCodec),
    /// Receives.
    Subscriber,
}

/// What a session tells its owner.
#[derive(Debug)]
pub enum SessionEvent<'a> {
    /// The server's decoder, or one behind it, needs a keyframe of the encoding with this rid.
    KeyframeRequested(Option<Rid>),
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

/// What a publisher sends with one SSRC.
#[derive(Clone, Copy, Debug)]
struct Stream {
    kind: MediaKind,
    /// The place of its encoding.
    encoding: usize,
    ssrc: Ssrc,
    pt: Pt,
}

/// A transport connection to the server.
pub struct Session {
    rtc: Rtc,
    socket: UdpSocket,
    clock: Clock,
    sections: Vec<(MediaKind, Mid)>,
    streams: Vec<Stream>,
    /// A subscriber's keys, once its handshake is done: its media is not the engine's.
    keys: Option<KeySlot>,
    /// Where media comes from; what answers it goes there.
    server: Option<SocketAddr>,
    outgoing: TransmitBatch,
    /// What lies between the socket and the rest, if anything.
    path: Option<Box<PlayerPath>>,
    /// When the engine is due.
    wake_at: Instant,
    n_refused: usize,
    n_media_packets: u64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// Tells the poll when its socket is readable.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Where a subscriber's keys are found once its handshake is done.
    pub fn keys(&self) -> Option<KeySlot> {
        self.keys.clone()
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
        let mut streams = self.streams.iter();
        let found = streams.find(|of| of.kind == kind && of.encoding == packet.encoding);
        let Some(Stream { ssrc, pt, .. }) = found.copied() else {
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

    /// This session with something between its socket and the rest.
    #[must_use]
    pub fn through(mut self, path: PlayerPath) -> Self {
        self.path = Some(Box::new(path));
        self
    }

    /// The name of what lies between.
    pub fn network(&self) -> Profile {
        let path = self.path.as_ref();
        path.map_or(Profile::Clean, |path| path.profile())
    }

    /// Does what is due, and sends what waits.
    pub fn handle_timeout(
        &mut self,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        let now = std_instant(self.clock, self.clock.now());
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(on_event)?;
        self.let_through(on_event)?;
        self.flush();
        Ok(())
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify).
    pub fn close(mut self) -> Result<(), SessionError> {
        // Nobody waits for what is still on its way.
        self.path = None;
        self.rtc.close()?;
        match self.handle_timeout(&mut |_| ()) {
            Err(SessionError::Closed) => Ok(()),
            done => done,
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn wake_at(&self) -> Instant {
        let path = self.path.as_ref().and_then(|path| path.poll_timeout());
        path.map_or(self.wake_at, |at| at.min(self.wake_at))
    }

    /// Datagrams that the kernel did not take, or our own network. Each is a loss that the server is not to blame for.
    pub fn n_refused(&self) -> usize {
        let path = self.path.as_ref();
        self.n_refused + path.map_or(0, |path| path.n_dropped_full())
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
                    self.n_media_packets += u64::from(rtp::is_media(&t.contents));
                    self.outgoing
                        .push(Transport::Udp, t.source, t.destination, &t.contents);
                }
                Output::Event(Event::KeyframeRequest(request)) => {
                    on_event(SessionEvent::KeyframeRequested(request.rid));
                }
                Output::Event(_) => {}
            }
        }
    }

    fn clock_instant(&self, at: std::time::Instant) -> Instant {
        Instant::START + at.saturating_duration_since(self.clock.anchor())
    }
}

/// One RTP packet on its way to the server.
#[derive(Debug)]
pub struct Outgoing {
    /// The place of its encoding; zero of sound.
    pub encoding: usize,
    /// Unwrapped; the low half goes on the wire.
    pub sequence: u32,
    /// As on the wire.
    pub timestamp: u32,
    /// The last packet of a picture.
    pub marker: bool,
    /// What it carries.
    pub payload: Vec<u8>,
}

fn std_instant(clock: Clock, at: Instant) -> std::time::Instant {
    clock.anchor() + at.saturating_since(Instant::START)
}
