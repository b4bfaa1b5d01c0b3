//! An engine of ours and a client, connected in virtual time.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::id::WorkerId;
use sfu_model::rtp::Ssrc;
use sfu_model::time::{Instant, NtpTime};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::command::IceCredentials;
use crate::config::{Certificate, Config, HandshakeChance, Limits, LocalAddress, Seed};
use crate::demux::{self, PacketKind};
use crate::event::Role;
use crate::session::engine::factory::EngineFactory;
use crate::session::engine::{Agreed, Engine, EngineEvent, Negotiated};

/// Long enough for a handshake and for the engine's first report of its own, which it sends within 2 s.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
pub(super) const STEP: Duration = Duration::from_millis(10);

fn ours() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 8_189))
}

pub(super) fn theirs() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], 5_000))
}

pub(super) fn credentials(name: &str) -> IceCredentials {
    IceCredentials {
        ufrag: name.to_owned(),
        password: format!("{name}-password-of-22-characters"),
    }
}

/// An engine of ours and its client.
pub(super) struct Pair {
    pub(super) engine: Engine,
    pub(super) answer: String,
    pub(super) negotiated: Vec<Negotiated>,
    pub(super) client: Rtc,
    pub(super) pending: Option<SdpPendingOffer>,
    anchor: std::time::Instant,
    now: Instant,
    /// RTP and RTCP that our engine gave out.
    pub(super) engine_media: usize,
    /// Sequence numbers that the client unpacked.
    pub(super) heard: Vec<u64>,
    is_connected: bool,
    /// How long our engine is left alone while nothing comes for it.
    pub(super) rest: Duration,
    driven_at: Instant,
    /// Connectivity checks of the client, and datagrams of our engine.
    pub(super) asked: usize,
    pub(super) answers: usize,
}

impl Pair {
    #[expect(
        clippy::disallowed_methods,
        reason = "the engine counts in a type that only the clock can make"
    )]
    pub(super) fn new(role: Role) -> Self {
        let anchor = std::time::Instant::now();
        let certificate = from_feature_flags()
            .dtls_provider
            .generate_certificate()
            .unwrap();
        let config = Config {
            worker: WorkerId(0),
            local_addresses: vec![LocalAddress {
                transport: Transport::Udp,
                address: ours(),
            }],
            certificate: Certificate {
                certificate_der: certificate.certificate,
                private_key_der: certificate.private_key,
            },
            clock_anchor: anchor,
            ntp_anchor: NtpTime(0),
            limits: Limits::default(),
            handshakes: HandshakeChance::OperatingSystem,
        };
        let mut factory = EngineFactory::new(&config, Seed([7; 32]));
        let mut engine = factory.build(&credentials("ours"), role, Instant::START);
        let mut client = Rtc::builder().set_rtp_mode(true).build(anchor);
        let candidate = Candidate::host(theirs(), Protocol::Udp).unwrap();
        client.add_local_candidate(candidate);
        let direction = match role {
            Role::Publisher => Direction::SendOnly,
            Role::Subscriber => Direction::RecvOnly,
        };
        let mut api = client.sdp_api();
        api.add_media(MediaKind::Audio, direction, None, None, None);
        api.add_media(MediaKind::Video, direction, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let (answer, negotiated) = engine.accept_offer(&offer.to_sdp_string(), role).unwrap();
        let mut pair = Self {
            engine,
            answer: answer.clone(),
            negotiated,
            client,
            pending: Some(pending),
            anchor,
            now: Instant::START,
            engine_media: 0,
            heard: Vec::new(),
            is_connected: false,
            rest: Duration::ZERO,
            driven_at: Instant::START,
            answers: 0,
            asked: 0,
        };
        pair.accept(&answer);
        pair
    }

    pub(super) fn connected(role: Role) -> Self {
        let mut pair = Self::new(role);
        while !pair.is_connected {
            assert!(pair.now < Instant::START + LIMIT, "no handshake");
            pair.step();
        }
        // The last words of the handshake are still on their way to the client.
        pair.run_for(STEP * 2);
        pair
    }

    pub(super) fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.client
            .sdp_api()
            .accept_answer(pending, answer)
            .unwrap();
    }

    fn std_now(&self) -> std::time::Instant {
        self.anchor + Duration::from_nanos(self.now.as_nanos())
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    /// Lets both say what they have, and time pass.
    fn step(&mut self) {
        let said = self.drain_client();
        let is_check = |bytes: &&Vec<u8>| demux::kind_of(bytes) == Some(PacketKind::Stun);
        self.asked += said.iter().filter(is_check).count();
        let is_due = !said.is_empty() || self.driven_at + self.rest <= self.now;
        for bytes in said {
            let datagram = Datagram {
                transport: Transport::Udp,
                source: theirs(),
                destination: ours(),
                bytes: &bytes,
            };
            assert!(self.engine.handle_datagram(&datagram, self.now).is_ok());
        }
        if is_due {
            self.drive();
        }
        self.now += STEP;
    }

    fn drive(&mut self) {
        self.driven_at = self.now;
        let mut batch = TransmitBatch::default();
        let mut events = Vec::new();
        let drained = self.engine.drain(self.now, None, &mut batch, &mut events);
        assert!(drained.is_ok());
        let connected = |e: &EngineEvent| matches!(e, EngineEvent::Connected);
        self.is_connected |= events.iter().any(connected);
        for (run, bytes) in batch.iter() {
            for bytes in bytes.chunks(run.segment_bytes) {
                let kind = demux::kind_of(bytes);
                let is_media = matches!(kind, Some(PacketKind::Rtp | PacketKind::Rtcp));
                self.engine_media += usize::from(is_media);
                self.answers += 1;
                self.tell_client(bytes);
            }
        }
    }

    pub(super) fn tell_client(&mut self, bytes: &[u8]) {
        let receive = Receive::new(Protocol::Udp, ours(), theirs(), bytes).unwrap();
        let input = Input::Receive(self.std_now(), receive);
        self.client.handle_input(input).unwrap();
    }

    fn drain_client(&mut self) -> Vec<Vec<u8>> {
        let now = self.std_now();
        self.client.handle_input(Input::Timeout(now)).unwrap();
        let mut out = Vec::new();
        loop {
            match self.client.poll_output().unwrap() {
                Output::Timeout(_) => return out,
                Output::Transmit(t) => out.push(t.contents.to_vec()),
                Output::Event(Event::RtpPacket(packet)) => self.heard.push(*packet.seq_no),
                Output::Event(_) => {}
            }
        }
    }

    /// The keys as our egress gets them.
    pub(super) fn keys(&mut self) -> Agreed {
        self.engine.take_keys().expect("the handshake is done")
    }

    /// SSRC and payload type of our video.
    pub(super) fn video(&self) -> (Ssrc, u8) {
        let sections = self.negotiated.iter();
        let stream = sections.rev().find_map(|n| n.stream.as_ref()).unwrap();
        let codecs = self.negotiated.last().unwrap();
        let sent = sfu_model::codec::Codec::Vp8;
        let format = codecs.payload_types.for_codec(sent).unwrap();
        (stream.ssrc, format.payload_type.value())
    }
}
