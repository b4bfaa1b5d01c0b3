//! One client: an RTC engine as a full ICE agent, on a real socket.

pub(crate) mod h264;
mod link;
pub(crate) mod node;
pub(crate) mod party;

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::datagram::{Transmit, TransmitBatch, Transport};
use sfu_model::id::SessionId;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

use h264::{Camera, Stamp};
pub(crate) use link::Link;

/// Pictures per second of a publisher: enough that a test of a hundred packets is over in a second.
const FRAME_INTERVAL: Duration = Duration::from_millis(25);

/// What a client does.
#[derive(Debug)]
pub(crate) enum Part {
    /// It sends what its camera makes.
    Publisher { camera: Camera, next_frame: Instant },
    /// It keeps what it got.
    Player { stamps: Vec<Stamp> },
}

/// One client.
pub(crate) struct Client {
    pub(crate) session: SessionId,
    pub(crate) part: Part,
    pub(crate) link: Link,
    pub(crate) is_connected: bool,
    pub(crate) is_closed: bool,
    clock: Clock,
    rtc: Rtc,
    mid: Mid,
    pending: Option<SdpPendingOffer>,
    out: TransmitBatch,
    wake_at: Instant,
}

impl Client {
    /// A client on this link, with its offer.
    pub(crate) fn new(session: SessionId, part: Part, link: Link, clock: Clock) -> (Self, String) {
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_h264(true)
            .build(engine_time(clock, clock.now()));
        let candidate = Candidate::host(link.local_address(), protocol(link.transport())).unwrap();
        rtc.add_local_candidate(candidate);
        let direction = match part {
            Part::Publisher { .. } => Direction::SendOnly,
            Part::Player { .. } => Direction::RecvOnly,
        };
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Video, direction, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let client = Self {
            session,
            part,
            link,
            is_connected: false,
            is_closed: false,
            clock,
            rtc,
            mid,
            pending: Some(pending),
            out: TransmitBatch::default(),
            wake_at: Instant::START,
        };
        (client, offer.to_sdp_string())
    }

    pub(crate) fn publisher(now: Instant) -> Part {
        Part::Publisher {
            camera: Camera::default(),
            next_frame: now,
        }
    }

    pub(crate) fn player() -> Part {
        Part::Player { stamps: Vec::new() }
    }

    pub(crate) fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc
            .sdp_api()
            .accept_answer(self.pending.take().unwrap(), answer)
            .unwrap();
    }

    /// What a player got.
    pub(crate) fn stamps(&self) -> &[Stamp] {
        match &self.part {
            Part::Player { stamps } => stamps,
            Part::Publisher { .. } => &[],
        }
    }

    /// When it wants to be driven again.
    pub(crate) fn wake_at(&self) -> Instant {
        match &self.part {
            Part::Publisher { next_frame, .. } if self.is_connected => {
                self.wake_at.min(*next_frame)
            }
            Part::Publisher { .. } | Part::Player { .. } => self.wake_at,
        }
    }

    /// Takes one datagram from its link.
    pub(crate) fn handle_datagram(&mut self, source: SocketAddr, bytes: &[u8], now: Instant) {
        let (transport, local) = (self.link.transport(), self.link.local_address());
        if let Ok(receive) = Receive::new(protocol(transport), source, local, bytes) {
            let input = Input::Receive(engine_time(self.clock, now), receive);
            // What the engine refuses is lost, as in a browser.
            let _ = self.rtc.handle_input(input);
        }
    }

    /// Does what is due and sends what waits.
    pub(crate) fn drive(&mut self, now: Instant) {
        self.send_frame_if_due(now);
        self.poll(now);
        if self.wake_at <= now {
            let at = engine_time(self.clock, now);
            self.rtc.handle_input(Input::Timeout(at)).unwrap();
            self.poll(now);
        }
        for (run, bytes) in self.out.iter() {
            self.link.send(run, bytes);
        }
        self.out.clear();
    }

    fn send_frame_if_due(&mut self, now: Instant) {
        let Part::Publisher { camera, next_frame } = &mut self.part else {
            return;
        };
        if !self.is_connected || now < *next_frame {
            return;
        }
        *next_frame = now + FRAME_INTERVAL;
        let pt = payload_type(&self.rtc, self.mid);
        for packet in camera.picture() {
            let wallclock = engine_time(self.clock, now);
            let write = RtpWrite::new(
                pt,
                packet.sequence.into(),
                packet.time,
                wallclock,
                packet.payload,
            )
            .marker(packet.marker)
            .nackable(true);
            self.rtc
                .direct_api()
                .stream_tx_by_mid(self.mid, None)
                .unwrap()
                .write_rtp(write);
        }
        self.wake_at = now;
    }

    fn poll(&mut self, now: Instant) {
        while self.rtc.is_alive() {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    let after = at.saturating_duration_since(engine_time(self.clock, now));
                    self.wake_at = now + after;
                    return;
                }
                Output::Transmit(transmit) => {
                    let transport = self.link.transport();
                    let (source, destination) = (transmit.source, transmit.destination);
                    assert_eq!(protocol(transport), transmit.proto);
                    self.out
                        .push(transport, source, destination, &transmit.contents);
                }
                Output::Event(event) => self.on_event(event),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match (event, &mut self.part) {
            (Event::Connected, _) => self.is_connected = true,
            (Event::Closed, _) => self.is_closed = true,
            (Event::KeyframeRequest(_), Part::Publisher { camera, .. }) => {
                camera.wants_keyframe = true;
            }
            (Event::RtpPacket(packet), Part::Player { stamps }) => {
                stamps.push(Stamp::read(&packet.payload));
            }
            _ => {}
        }
    }
}

/// A run that was sent by hand, outside of any engine.
pub(crate) fn one_datagram(source: SocketAddr, destination: SocketAddr, bytes: &[u8]) -> Transmit {
    let transport = Transport::Udp;
    Transmit {
        transport,
        source,
        destination,
        bytes: 0..bytes.len(),
        segment_bytes: bytes.len(),
    }
}

fn engine_time(clock: Clock, at: Instant) -> std::time::Instant {
    clock.anchor() + (at - Instant::START)
}

const fn protocol(transport: Transport) -> Protocol {
    match transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    }
}

/// H.264 with packetization mode 1, as it was negotiated.
fn payload_type(rtc: &Rtc, mid: Mid) -> Pt {
    let negotiated = rtc.media(mid).unwrap().remote_pts();
    let is_mode_1 = |pt: &&Pt| {
        let mut known = rtc.codec_config().params().iter();
        known.any(|known| known.pt() == **pt && known.spec().format.packetization_mode == Some(1))
    };
    *negotiated.iter().find(is_mode_1).unwrap()
}
