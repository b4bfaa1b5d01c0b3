//! A real WebRTC client: ICE, DTLS and SRTP over one UDP socket of the loopback.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::running::PATIENCE;

/// One Opus packet.
const PACKET_INTERVAL: Duration = Duration::from_millis(20);
const TICKS_PER_PACKET: u32 = 960;

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
}

struct Driver {
    rtc: Rtc,
    socket: UdpSocket,
    mid: Mid,
    sends: bool,
    seen: Seen,
    pending_restart: Option<SdpPendingOffer>,
    next_packet: Instant,
    sequence: u64,
}

impl Offered {
    /// Offers one audio track, to send or to receive.
    pub(crate) async fn new(direction: Direction) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let builder = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false);
        let mut rtc = builder.build(Instant::now().into_std());
        let local = Candidate::host(socket.local_addr().unwrap(), "udp").unwrap();
        rtc.add_local_candidate(local).unwrap();
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Audio, direction, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let client = Driver {
            rtc,
            socket,
            mid,
            sends: direction == Direction::SendOnly,
            seen: Seen::default(),
            pending_restart: None,
            next_packet: Instant::now(),
            sequence: 1,
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
            let wake_at = if self.sends {
                wake_at.min(self.next_packet)
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
        if self.sends && now >= self.next_packet {
            self.next_packet += PACKET_INTERVAL;
            if self.seen.is_connected {
                self.send_packet();
            }
        }
        self.rtc
            .handle_input(Input::Timeout(now.into_std()))
            .unwrap();
    }

    fn send_packet(&mut self) {
        let now = Instant::now().into_std();
        let Some(pt) = self.payload_type() else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        let _ssrc: Ssrc = stream.ssrc();
        let time = u32::try_from(self.sequence)
            .unwrap()
            .wrapping_mul(TICKS_PER_PACKET);
        let payload: Arc<[u8]> = vec![0xfc; 60].into();
        stream.write_rtp(RtpWrite::new(pt, self.sequence.into(), time, now, payload));
        self.sequence += 1;
    }

    fn payload_type(&self) -> Option<Pt> {
        self.rtc.media(self.mid)?.remote_pts().first().copied()
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
            Command::Restarted(answer) => {
                let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
                let pending = self.pending_restart.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
            }
        }
    }
}
