//! A worker with a real session in it: a browser's engine on the other side, ICE and DTLS done.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::command::{Command, Play, Publish, Reply};
use sfu_core::event::Event;
use sfu_core::{Certificate, Config, LocalAddress, Seed, Sfu};
use sfu_model::codec::Codec;
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;

use crate::browser::Browser;

/// A publisher's offer, as a browser writes it.
pub const OFFER: &str = include_str!("../corpus/sdp_offer/chromium_publish");

/// Where the worker is.
pub const SERVER: SocketAddr = address([192, 0, 2, 1], 8_189);

/// Where the browser is.
pub const BROWSER: SocketAddr = address([198, 51, 100, 7], 40_000);

/// Where somebody else is.
pub const STRANGER: SocketAddr = address([203, 0, 113, 9], 50_000);

/// The browser's session.
pub const PUBLISHER: SessionId = SessionId::from_random(1);

/// Turns until ICE and DTLS are done: a handshake has six flights, each with the checks of ICE around it.
const TURNS_MAX: usize = 200;

/// How far time goes in a turn.
const TURN: Duration = Duration::from_millis(10);

const fn address(ip: [u8; 4], port: u16) -> SocketAddr {
    let [a, b, c, d] = ip;
    SocketAddr::new(
        std::net::IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, d)),
        port,
    )
}

/// A worker without sessions.
pub fn new_sfu() -> Sfu {
    sfu_at(Clock::start().anchor())
}

/// A worker whose clock starts at this moment.
fn sfu_at(clock_anchor: std::time::Instant) -> Sfu {
    let crypto = str0m::crypto::from_feature_flags();
    let certificate = crypto.dtls_provider.generate_certificate();
    let certificate = certificate.expect("the provider makes certificates");
    let config = Config {
        worker: WorkerId(0),
        local_addresses: vec![LocalAddress {
            transport: Transport::Udp,
            address: SERVER,
        }],
        certificate: Certificate {
            certificate_der: certificate.certificate,
            private_key_der: certificate.private_key,
        },
        clock_anchor,
        ntp_anchor: sfu_model::time::NtpTime::UNIX_EPOCH,
        limits: sfu_core::Limits::default(),
        handshakes: sfu_core::HandshakeChance::OperatingSystem,
    };
    Sfu::new(config, Seed([7; 32]), Instant::START)
}

/// The command that opens a publisher.
pub fn publish(session: SessionId, offer: &str) -> Command {
    Command::Publish(Publish {
        session,
        room: room(),
        offer: offer.to_owned(),
        takeover: false,
    })
}

/// The command that opens a player of the same room, whose publisher is on this worker.
pub fn play(session: SessionId, origin: WorkerId, offer: &str) -> Command {
    Command::Play(Play {
        session,
        room: room(),
        origin,
        codecs: Vec::new(),
        offer: offer.to_owned(),
    })
}

/// The room that everything happens in.
pub fn room() -> RoomId {
    RoomId::parse("demo").expect("a room name")
}

/// A worker and a browser that publishes to it.
#[derive(Debug)]
pub struct Connected {
    /// The worker.
    pub sfu: Sfu,
    /// The browser.
    pub browser: Browser,
    /// The present.
    pub now: Instant,
    /// Datagrams of the browser that are on their way.
    pub outgoing: Vec<Vec<u8>>,
    /// Addresses that the worker says have passed ICE.
    pub validated: Vec<SocketAddr>,
    /// Sessions that the worker says are gone.
    pub closed: Vec<SessionId>,
    batch: TransmitBatch,
}

impl Connected {
    /// A browser that sends Opus and this video codec, connected.
    pub fn new(video: Codec) -> Self {
        let anchor = Clock::start().anchor();
        let (browser, offer) = Browser::new(BROWSER, video, anchor);
        let mut connected = Self {
            sfu: sfu_at(anchor),
            browser,
            now: Instant::START,
            outgoing: Vec::new(),
            validated: Vec::new(),
            closed: Vec::new(),
            batch: TransmitBatch::default(),
        };
        let reply = connected
            .sfu
            .handle_command(publish(PUBLISHER, &offer), connected.now);
        let Ok(Reply::Answer { sdp }) = reply else {
            unreachable!("a browser's offer is good: {reply:?}");
        };
        connected.browser.accept(&sdp);
        for _ in 0..TURNS_MAX {
            if connected.browser.is_up() {
                break;
            }
            connected.advance(TURN);
            connected.turn();
        }
        assert!(connected.browser.is_up(), "a browser connects");
        connected
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.now += by;
        self.sfu.handle_timeout(self.now);
        self.settle();
    }

    /// Carries what the browser has to say to the worker.
    pub fn turn(&mut self) {
        self.poll_browser();
        for bytes in std::mem::take(&mut self.outgoing) {
            self.deliver(BROWSER, &bytes);
        }
    }

    /// Fills [`Self::outgoing`].
    pub fn poll_browser(&mut self) {
        self.browser.poll(&mut self.outgoing, self.now);
    }

    /// Gives the worker a datagram, as if it came from `source`.
    pub fn deliver(&mut self, source: SocketAddr, bytes: &[u8]) {
        let datagram = Datagram {
            transport: Transport::Udp,
            source,
            destination: SERVER,
            bytes,
        };
        self.sfu.handle_datagram(datagram, self.now);
        self.settle();
    }

    /// Takes what the worker has to say, and holds it to its promises: it sends to addresses that have passed ICE, and a
    /// session is closed once.
    pub fn settle(&mut self) {
        let mut may_send_to = self.validated.clone();
        let mut destinations = Vec::new();
        loop {
            self.batch.clear();
            let has_sent = self.sfu.poll_transmit(&mut self.batch);
            let batch = std::mem::take(&mut self.batch);
            for (run, bytes) in batch.iter() {
                destinations.push(run.destination);
                if run.destination == BROWSER {
                    for datagram in bytes.chunks(run.segment_bytes) {
                        self.browser.handle_datagram(SERVER, datagram, self.now);
                        self.poll_browser();
                    }
                }
            }
            self.batch = batch;
            if !has_sent {
                break;
            }
        }
        while let Some(event) = self.sfu.poll_event() {
            self.on_event(event, &mut may_send_to);
        }
        while self.sfu.poll_link().is_some() {}
        for destination in destinations {
            assert!(
                may_send_to.contains(&destination),
                "sent to an address that has not passed ICE"
            );
        }
    }

    fn on_event(&mut self, event: Event, may_send_to: &mut Vec<SocketAddr>) {
        match event {
            Event::AddressValidated { address, .. } => {
                self.validated.push(address);
                may_send_to.push(address);
            }
            Event::AddressForgotten { address, .. } => {
                let n_before = self.validated.len();
                self.validated.retain(|known| *known != address);
                assert!(
                    self.validated.len() < n_before,
                    "an unknown address was forgotten"
                );
            }
            Event::SessionClosed { session, .. } => {
                assert!(
                    !self.closed.contains(&session),
                    "a session was closed twice"
                );
                self.closed.push(session);
            }
            Event::SessionConnected { .. }
            | Event::FirstPacketSent { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYFRAME: &[u8] = b"\x90\xe0\x80\x01\x01\x10\x02\x00\x00\x9d\x01\x2a\x00\x05\x00\x02";

    #[test]
    fn what_the_browser_writes_reaches_the_worker() {
        let mut connected = Connected::new(Codec::Vp8);
        let now = connected.now;
        connected.browser.write(Codec::Vp8, 100, KEYFRAME, now);
        connected.turn();
        assert_eq!(connected.sfu.stats().packets_in, 1);
        assert_eq!(connected.validated, [BROWSER]);
    }

    #[test]
    #[should_panic(expected = "has not passed ICE")]
    fn a_worker_that_sends_to_a_stranger_is_found() {
        let mut connected = Connected::new(Codec::Vp8);
        connected.validated.clear();
        for _ in 0..100 {
            connected.advance(Duration::from_secs(1));
            connected.turn();
        }
    }

    #[test]
    #[should_panic(expected = "closed twice")]
    fn a_session_that_is_closed_twice_is_found() {
        let mut connected = Connected::new(Codec::Vp8);
        connected.closed.push(PUBLISHER);
        connected
            .sfu
            .handle_command(Command::Shutdown, connected.now)
            .unwrap();
        connected.settle();
    }
}
