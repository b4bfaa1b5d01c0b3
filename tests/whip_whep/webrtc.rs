//! A real WebRTC client: ICE, DTLS and SRTP over one UDP socket of the loopback.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::h264::{Camera, Made};
use crate::running::PATIENCE;

/// One Opus packet.
const PACKET_INTERVAL: Duration = Duration::from_millis(20);
const TICKS_PER_PACKET: u32 = 960;

/// How a STUN binding request begins (RFC 8489 section 5).
const BINDING_REQUEST: [u8; 2] = [0, 1];

/// One picture of the camera.
const PICTURE_INTERVAL: Duration = Duration::from_millis(25);

/// What a client has seen so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) is_connected: bool,
    /// How often DTLS came up: a restart of ICE must not repeat it.
    pub(crate) n_connected: usize,
    pub(crate) is_disconnected: bool,
    /// The server closed DTLS.
    pub(crate) is_closed: bool,
    pub(crate) n_packets: usize,
    pub(crate) ssrcs: BTreeSet<u32>,
    /// Ports of the server that datagrams came from.
    pub(crate) server_ports: BTreeSet<u16>,
    /// The last connectivity check that it sent, and to where.
    pub(crate) last_check: Option<(Vec<u8>, SocketAddr)>,
}

/// An offer whose answer is awaited.
pub(crate) struct Offered {
    pub(crate) sdp: String,
    client: Driver,
    pending: SdpPendingOffer,
}

/// A client that runs. Dropping it silences it without goodbye.
pub(crate) struct Client {
    pub(crate) answer: String,
    seen: watch::Receiver<Seen>,
    commands: mpsc::Sender<Command>,
}

enum Command {
    /// New credentials, please.
    Restart(oneshot::Sender<(String, String)>),
    /// The server's credentials and candidates, as an answer.
    Restarted(String),
    RequestKeyframe,
}

/// What a publisher sends.
enum Source {
    Microphone { n_packets: u64 },
    Camera(Camera),
}

struct Driver {
    rtc: Rtc,
    socket: UdpSocket,
    mid: Mid,
    /// `None`: it plays.
    source: Option<Source>,
    seen: Seen,
    pending_restart: Option<SdpPendingOffer>,
    next_send: Instant,
}

impl Offered {
    /// Offers one audio track, to send or to receive.
    pub(crate) async fn new(direction: Direction) -> Self {
        Self::from_address(direction, "127.0.0.1:0").await
    }

    /// The same, of a client at this address of the loopback.
    pub(crate) async fn from_address(direction: Direction, address: &str) -> Self {
        let microphone = Source::Microphone { n_packets: 0 };
        let socket = UdpSocket::bind(address).await.unwrap();
        Self::of(MediaKind::Audio, direction, microphone, socket)
    }

    /// Offers one video track.
    pub(crate) async fn video(direction: Direction) -> Self {
        let camera = Source::Camera(Camera::default());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self::of(MediaKind::Video, direction, camera, socket)
    }

    fn of(kind: MediaKind, direction: Direction, source: Source, socket: UdpSocket) -> Self {
        let builder = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(kind.is_audio(), false)
            .enable_h264(kind.is_video());
        let mut rtc = builder.build(Instant::now().into_std());
        let local = Candidate::host(socket.local_addr().unwrap(), "udp").unwrap();
        rtc.add_local_candidate(local).unwrap();
        let mut api = rtc.sdp_api();
        let mid = api.add_media(kind, direction, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let client = Driver {
            rtc,
            socket,
            mid,
            source: (direction == Direction::SendOnly).then_some(source),
            seen: Seen::default(),
            pending_restart: None,
            next_send: Instant::now(),
        };
        Self {
            sdp: offer.to_sdp_string(),
            client,
            pending,
        }
    }

    /// Takes the answer and runs from here on.
    pub(crate) fn accept(mut self, answer: &str) -> Client {
        let parsed = SdpAnswer::from_sdp_string(answer).unwrap();
        self.client
            .rtc
            .sdp_api()
            .accept_answer(self.pending, parsed)
            .unwrap();
        let (commands, inbox) = mpsc::channel(4);
        let (publish, seen) = watch::channel(Seen::default());
        tokio::spawn(self.client.run(inbox, publish));
        Client {
            answer: answer.to_owned(),
            seen,
            commands,
        }
    }
}

impl Client {
    /// Waits until it has seen this.
    pub(crate) async fn until(&mut self, what: &str, is_seen: impl Fn(&Seen) -> bool) -> Seen {
        let seen = timeout(PATIENCE, self.seen.wait_for(is_seen)).await;
        match seen.map(|seen| seen.map(|seen| seen.clone())) {
            Ok(Ok(seen)) => seen,
            Ok(Err(_)) => panic!("the client ended before it saw: {what}"),
            Err(_) => panic!("never seen: {what}; {:?}", self.seen()),
        }
    }

    pub(crate) async fn connected(&mut self) {
        self.until("ICE and DTLS up", |seen| seen.is_connected)
            .await;
    }

    /// `n` packets more than now.
    pub(crate) async fn receives(&mut self, n: usize) -> Seen {
        let so_far = self.seen.borrow().n_packets;
        self.until("more packets", |seen| seen.n_packets >= so_far + n)
            .await
    }

    /// What it has seen.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Asks for a picture that a decoder can begin with.
    pub(crate) async fn request_keyframe(&self) {
        let command = Command::RequestKeyframe;
        self.commands.send(command).await.ok().unwrap();
    }

    /// Draws new ICE credentials: user fragment and password.
    pub(crate) async fn restart(&self) -> (String, String) {
        let (reply, drawn) = oneshot::channel();
        self.commands
            .send(Command::Restart(reply))
            .await
            .ok()
            .unwrap();
        drawn.await.unwrap()
    }

    /// Goes on with what the server answered to the restart.
    pub(crate) async fn restarted(&mut self, fragment: &str) {
        let value = |name: &str| {
            let mut lines = fragment.lines().filter_map(|line| line.strip_prefix(name));
            lines
                .next()
                .unwrap_or_else(|| panic!("no {name} in {fragment}"))
        };
        let mut answer = String::new();
        for line in self.answer.lines() {
            match line.split_once(':').map_or(line, |(name, _)| name) {
                "a=ice-ufrag" => answer += &format!("a=ice-ufrag:{}\r\n", value("a=ice-ufrag:")),
                "a=ice-pwd" => answer += &format!("a=ice-pwd:{}\r\n", value("a=ice-pwd:")),
                "a=candidate" => {}
                "a=end-of-candidates" => {
                    let candidates = fragment.lines().filter(|l| l.starts_with("a=candidate"));
                    candidates.for_each(|candidate| answer += &format!("{candidate}\r\n"));
                }
                _ => answer += &format!("{line}\r\n"),
            }
        }
        self.answer.clone_from(&answer);
        self.commands
            .send(Command::Restarted(answer))
            .await
            .ok()
            .unwrap();
    }
}

impl Driver {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>, publish: watch::Sender<Seen>) {
        let mut buffer = vec![0; 2_000];
        loop {
            let Some(wake_at) = self.drain().await else {
                break;
            };
            publish.send_replace(self.seen.clone());
            let wake_at = if self.source.is_some() {
                wake_at.min(self.next_send)
            } else {
                wake_at
            };
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                received = self.socket.recv_from(&mut buffer) => {
                    let (n, source) = received.unwrap();
                    self.receive(&buffer[..n], source);
                }
                () = tokio::time::sleep_until(wake_at) => self.tick(),
            }
        }
        self.seen.is_closed = true;
        publish.send_replace(self.seen.clone());
        // Whoever waits for what was seen still can, until the client is dropped.
        while inbox.recv().await.is_some() {}
    }

    /// Lets the engine say what it has to say; `None` when it is closed.
    async fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return self.rtc.is_alive().then(|| at.into()),
                Output::Transmit(transmit) => {
                    if transmit.contents.starts_with(&BINDING_REQUEST) {
                        let check = transmit.contents.to_vec();
                        self.seen.last_check = Some((check, transmit.destination));
                    }
                    // A datagram that the loopback refuses is a lost one.
                    let _ = self
                        .socket
                        .send_to(&transmit.contents, transmit.destination)
                        .await;
                }
                Output::Event(event) => self.note(event),
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few of the engine's events are looked at"
    )]
    fn note(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.seen.is_connected = true;
                self.seen.n_connected += 1;
            }
            Event::IceConnectionStateChange(state) => {
                self.seen.is_disconnected = state == IceConnectionState::Disconnected;
            }
            Event::RtpPacket(packet) => {
                self.seen.n_packets += 1;
                self.seen.ssrcs.insert(*packet.header.ssrc);
            }
            Event::Closed => self.seen.is_closed = true,
            Event::KeyframeRequest(_) => {
                if let Some(Source::Camera(camera)) = &mut self.source {
                    camera.wants_keyframe = true;
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, bytes: &[u8], source: SocketAddr) {
        self.seen.server_ports.insert(source.port());
        let destination = self.socket.local_addr().unwrap();
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return;
        };
        let now = Instant::now().into_std();
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
    }

    fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.next_send {
            self.send();
        }
        self.rtc
            .handle_input(Input::Timeout(now.into_std()))
            .unwrap();
    }

    /// Sends what is next, once it is connected.
    fn send(&mut self) {
        let interval = match &self.source {
            None => return,
            Some(Source::Microphone { .. }) => PACKET_INTERVAL,
            Some(Source::Camera(_)) => PICTURE_INTERVAL,
        };
        self.next_send += interval;
        let (true, Some(pt)) = (self.seen.is_connected, self.payload_type()) else {
            return;
        };
        let made = match &mut self.source {
            None => return,
            Some(Source::Microphone { n_packets }) => vec![sound(n_packets)],
            Some(Source::Camera(camera)) => camera.picture(),
        };
        let now = Instant::now().into_std();
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        for packet in made {
            let sequence = packet.sequence.into();
            let write = RtpWrite::new(pt, sequence, packet.time, now, packet.payload);
            stream.write_rtp(write.marker(packet.marker));
        }
    }

    /// As it was negotiated; of H.264 the one with fragmentation units (RFC 6184 section 5.4).
    fn payload_type(&self) -> Option<Pt> {
        let negotiated = self.rtc.media(self.mid)?.remote_pts();
        let known = self.rtc.codec_config().params();
        let suits = |pt: &&Pt| {
            let mut found = known.iter().filter(|known| known.pt() == **pt);
            found.any(|known| known.spec().format.packetization_mode != Some(0))
        };
        negotiated.iter().find(suits).copied()
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Restart(reply) => {
                let mut api = self.rtc.sdp_api();
                let credentials = api.ice_restart(true);
                let (_, pending) = api.apply().unwrap();
                self.pending_restart = Some(pending);
                let _ = reply.send((credentials.ufrag, credentials.pass));
            }
            Command::RequestKeyframe => {
                let mut api = self.rtc.direct_api();
                let stream = api.stream_rx_by_mid(self.mid, None).unwrap();
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
            Command::Restarted(answer) => {
                let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
                let pending = self.pending_restart.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
            }
        }
    }
}

/// The next Opus packet.
fn sound(n_packets: &mut u64) -> Made {
    *n_packets += 1;
    let number = u32::try_from(*n_packets).unwrap();
    Made {
        sequence: *n_packets,
        time: number.wrapping_mul(TICKS_PER_PACKET),
        marker: false,
        payload: vec![0xfc; 60].into(),
    }
}
