//! Any order of a core's verbs is legal, and whatever the network says is survived: no panic, no endless loop, nothing sent
//! to an address that did not pass ICE, and nothing left after a shutdown.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::browser::{Birth, Browser};
use freshet_sim::clock::{self, LocalClock};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::session::certificate;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{CloseReason, Command, IceCredentials, Play, Publish, Reply};
use sfu_core::event::Event;
use sfu_core::link::{LinkMessage, RoomMark};
use sfu_core::route::demand::Demand;
use sfu_core::{Config, LocalAddress, Seed, Sfu};
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::id::{EncodingId, RoomId, SessionId, TrackId, WorkerId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;
use sfu_model::time::Instant;

/// One call, or what leads to one.
#[derive(Clone, Debug)]
enum Verb {
    Publish {
        room: u8,
        codec: usize,
        simulcast: bool,
        takeover: bool,
    },
    Play {
        room: u8,
        origin: u8,
    },
    Nonsense {
        offer: String,
        plays: bool,
    },
    /// A browser's own datagrams, some with a changed byte or from another address.
    Exchange {
        who: usize,
        flip: Option<(usize, u8)>,
        from: Option<u8>,
    },
    Garbage {
        bytes: Vec<u8>,
        from: u8,
    },
    Deliver,
    Time {
        ms: u64,
    },
    Late,
    Close {
        who: usize,
    },
    EndRoom {
        room: u8,
    },
    Restart {
        who: usize,
        ufrag: String,
    },
    Choose {
        who: usize,
        choice: (Option<u8>, Option<u16>),
    },
    Link {
        from: u8,
        room: u8,
        kind: u8,
        encoding: u64,
    },
    PollEvent,
    PollLink,
}

fn verbs() -> impl Strategy<Value = Verb> {
    let exchange = (
        any::<usize>(),
        prop::option::weighted(0.1, any::<(usize, u8)>()),
    )
        .prop_flat_map(|(who, flip)| {
            prop::option::weighted(0.1, any::<u8>()).prop_map(move |from| Verb::Exchange {
                who,
                flip,
                from,
            })
        });
    prop_oneof![
        2 => (0..3_u8, 0..4_usize, any::<bool>(), any::<bool>()).prop_map(
            |(room, codec, simulcast, takeover)| Verb::Publish { room, codec, simulcast, takeover }
        ),
        2 => (0..3_u8, 0..3_u8).prop_map(|(room, origin)| Verb::Play { room, origin }),
        1 => ("[ -~\r\n]{0,200}", any::<bool>())
            .prop_map(|(offer, plays)| Verb::Nonsense { offer, plays }),
        20 => exchange,
        3 => (prop::collection::vec(any::<u8>(), 0..200), any::<u8>())
            .prop_map(|(bytes, from)| Verb::Garbage { bytes, from }),
        20 => Just(Verb::Deliver),
        10 => (0..50_u64).prop_map(|ms| Verb::Time { ms }),
        1 => (0..40_000_u64).prop_map(|ms| Verb::Time { ms }),
        1 => Just(Verb::Late),
        1 => any::<usize>().prop_map(|who| Verb::Close { who }),
        1 => (0..3_u8).prop_map(|room| Verb::EndRoom { room }),
        1 => (any::<usize>(), "[a-z]{0,8}").prop_map(|(who, ufrag)| Verb::Restart { who, ufrag }),
        1 => (any::<usize>(), (prop::option::of(0..4_u8), prop::option::of(any::<u16>())))
            .prop_map(|(who, choice)| Verb::Choose { who, choice }),
        3 => (0..4_u8, 0..3_u8, 0..7_u8, 0..20_u64)
            .prop_map(|(from, room, kind, encoding)| Verb::Link { from, room, kind, encoding }),
        2 => Just(Verb::PollEvent),
        2 => Just(Verb::PollLink),
    ]
}

struct Rig {
    sfu: Sfu,
    now: Instant,
    browsers: Vec<Browser>,
    validated: BTreeSet<SocketAddr>,
    n_sessions: u32,
}

/// More turns than any drain needs; past it the core is in a loop.
const TURNS_MAX: usize = 10_000;

fn node() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 8_189))
}

fn room(number: u8) -> RoomId {
    RoomId::parse(&format!("room-{number}")).unwrap()
}

impl Rig {
    fn new() -> Self {
        let now = Instant::START + Duration::from_secs(1);
        let config = Config {
            worker: WorkerId(0),
            local_addresses: vec![LocalAddress {
                transport: Transport::Udp,
                address: node(),
            }],
            certificate: certificate::of_the_node(),
            clock_anchor: clock::anchor(),
            ntp_anchor: sfu_model::time::NtpTime::UNIX_EPOCH,
            limits: sfu_core::Limits::default(),
            handshakes: sfu_core::HandshakeChance::Seed,
        };
        Self {
            sfu: Sfu::new(config, Seed([7; 32]), now),
            now,
            browsers: Vec::new(),
            validated: BTreeSet::new(),
            n_sessions: 0,
        }
    }

    fn call(&mut self, verb: Verb) {
        match verb {
            Verb::Publish {
                room,
                codec,
                simulcast,
                takeover,
            } => {
                let camera = Camera::new(VIDEO_CODECS[codec]);
                let camera = if simulcast {
                    camera.simulcast()
                } else {
                    camera
                };
                self.open(room, Some((camera, takeover)), WorkerId(0));
            }
            Verb::Play { room, origin } => self.open(room, None, WorkerId(origin)),
            Verb::Nonsense { offer, plays } => self.nonsense(offer, plays),
            Verb::Exchange { who, flip, from } => self.exchange(who, flip, from),
            Verb::Garbage { bytes, from } => self.receive(stranger(from), &bytes),
            Verb::Deliver => self.deliver(),
            Verb::Time { ms } => {
                self.now += Duration::from_millis(ms);
                self.sfu.handle_timeout(self.now);
            }
            // A caller whose clock reading is old.
            Verb::Late => self.sfu.handle_timeout(Instant::START),
            Verb::Close { who } => {
                let session = self.session(who);
                let reason = CloseReason::Requested;
                let _ = self
                    .sfu
                    .handle_command(Command::Close { session, reason }, self.now);
            }
            Verb::EndRoom { room: number } => {
                let command = Command::EndRoom { room: room(number) };
                let _ = self.sfu.handle_command(command, self.now);
            }
            Verb::Restart { who, ufrag } => {
                let session = self.session(who);
                let remote = IceCredentials {
                    ufrag,
                    password: "p".repeat(24),
                };
                let _ = self
                    .sfu
                    .handle_command(Command::RestartIce { session, remote }, self.now);
            }
            Verb::Choose { who, choice } => self.choose(who, choice),
            Verb::Link {
                from,
                room,
                kind,
                encoding,
            } => self.link(from, room, kind, encoding),
            Verb::PollEvent => self.note_event(),
            Verb::PollLink => drop(self.sfu.poll_link()),
        }
    }

    fn choose(&mut self, who: usize, (spatial, height_max): (Option<u8>, Option<u16>)) {
        let session = self.session(who);
        let rid = |rank: u8| Rid::new(["q", "h", "f", "x"][usize::from(rank)]);
        let choice = LayerChoice {
            rid: spatial.and_then(rid),
            spatial,
            temporal_max: height_max.and_then(|height| u8::try_from(height % 4).ok()),
            height_max,
            ..LayerChoice::default()
        };
        let command = Command::ChooseLayer { session, choice };
        let _ = self.sfu.handle_command(command, self.now);
        let _ = self.sfu.subscriber(session);
        let _ = self
            .sfu
            .handle_command(Command::ListWanted { session }, self.now);
    }

    fn session(&self, who: usize) -> SessionId {
        let n = self.browsers.len();
        let known = who.checked_rem(n).map(|index| self.browsers[index].session);
        known.unwrap_or(SessionId::from_random(u128::MAX))
    }

    fn open(&mut self, number: u8, publishing: Option<(Camera, bool)>, origin: WorkerId) {
        self.n_sessions += 1;
        let session = SessionId::from_random(u128::from(self.n_sessions));
        let [_, high, middle, low] = self.n_sessions.to_be_bytes();
        let birth = Birth {
            number: self.n_sessions,
            address: SocketAddr::from(([10, high, middle, low], 5_000)),
            session,
            room: room(number),
            seed: 1,
            clock: LocalClock::default(),
        };
        let camera = publishing.map(|(camera, _)| camera);
        let (mut browser, offer) = Browser::new(birth, camera, self.now);
        let room = room(number);
        let command = match publishing {
            Some((_, takeover)) => Command::Publish(Publish {
                session,
                room,
                offer,
                takeover,
            }),
            None => Command::Play(Play {
                session,
                room,
                origin,
                codecs: Vec::new(),
                offer,
            }),
        };
        if let Ok(Reply::Answer { sdp }) = self.sfu.handle_command(command, self.now) {
            assert!(browser.accept(&sdp), "{sdp}");
            self.browsers.push(browser);
        }
    }

    fn nonsense(&mut self, offer: String, plays: bool) {
        let session = SessionId::from_random(u128::MAX - 1);
        let room = room(0);
        let command = if plays {
            Command::Play(Play {
                session,
                room,
                origin: WorkerId(1),
                codecs: Vec::new(),
                offer,
            })
        } else {
            Command::Publish(Publish {
                session,
                room,
                offer,
                takeover: true,
            })
        };
        assert!(self.sfu.handle_command(command, self.now).is_err());
    }

    fn exchange(&mut self, who: usize, flip: Option<(usize, u8)>, from: Option<u8>) {
        let Some(index) = who.checked_rem(self.browsers.len()) else {
            return;
        };
        let mut outgoing = Vec::new();
        self.browsers[index].drain(self.now, &mut outgoing);
        for mut datagram in outgoing {
            if let Some((at, bits)) = flip {
                let at = at % datagram.bytes.len();
                datagram.bytes[at] ^= bits;
            }
            let source = from.map_or(datagram.source, stranger);
            self.receive(source, &datagram.bytes);
        }
    }

    fn receive(&mut self, source: SocketAddr, bytes: &[u8]) {
        let datagram = Datagram {
            transport: Transport::Udp,
            source,
            destination: node(),
            bytes,
        };
        self.sfu.handle_datagram(datagram, self.now);
    }

    fn deliver(&mut self) {
        let mut batch = TransmitBatch::default();
        let mut n_turns = 0;
        while self.sfu.poll_transmit(&mut batch) {
            n_turns += 1;
            assert!(n_turns < TURNS_MAX, "poll_transmit never ends");
        }
        // What an address was let in for is known before anything is sent to it.
        while let Some(event) = self.sfu.poll_event() {
            self.on_event(&event);
        }
        for (run, bytes) in batch.iter() {
            assert!(
                self.validated.contains(&run.destination),
                "{:?}",
                run.destination
            );
            for bytes in bytes.chunks(run.segment_bytes) {
                let datagram = Datagram {
                    transport: Transport::Udp,
                    source: node(),
                    destination: run.destination,
                    bytes,
                };
                let mut browsers = self.browsers.iter_mut();
                if let Some(browser) = browsers.find(|b| b.address == run.destination) {
                    browser.handle_datagram(&datagram, self.now);
                }
            }
        }
    }

    fn note_event(&mut self) {
        if let Some(event) = self.sfu.poll_event() {
            self.on_event(&event);
        }
    }

    fn on_event(&mut self, event: &Event) {
        if let Event::AddressValidated { address, .. } = event {
            self.validated.insert(*address);
        }
    }

    fn link(&mut self, from: u8, number: u8, kind: u8, encoding: u64) {
        let room = room(number);
        let message = match kind {
            0 => LinkMessage::Subscribe {
                room,
                mark: RoomMark(encoding),
            },
            1 => LinkMessage::Unsubscribe { room },
            2 => LinkMessage::Tracks {
                room,
                tracks: Vec::new(),
                rates: vec![(EncodingId(encoding), Bitrate::from_kbps(encoding))],
            },
            3 => LinkMessage::RoomEnded { room },
            4 => LinkMessage::AskDemand { room },
            5 => LinkMessage::Demand {
                room,
                demand: match encoding {
                    0 => Demand::Nothing,
                    1 => Demand::Everything,
                    rank => Demand::UpTo(rank.to_le_bytes()[0]),
                },
            },
            _ => LinkMessage::RequestKeyframe {
                room,
                request: KeyframeRequest {
                    track: TrackId(encoding),
                    encoding: EncodingId(encoding),
                    reason: KeyframeReason::Recovery,
                },
            },
        };
        self.sfu.handle_link(WorkerId(from), message, self.now);
    }
}

fn stranger(number: u8) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, number], 666))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_the_verbs_is_survived(verbs in prop::collection::vec(verbs(), 1..400)) {
        let mut rig = Rig::new();
        for verb in verbs {
            rig.call(verb);
        }
        rig.sfu.handle_command(Command::Shutdown, rig.now).unwrap();
        rig.deliver();
        let stats = rig.sfu.stats();
        prop_assert_eq!((stats.n_publishers, stats.n_subscribers), (0, 0));
        prop_assert_eq!(stats.invariants_violated, 0);
        // Rooms that only other workers want end with the grace.
        rig.now += Duration::from_secs(120);
        rig.sfu.handle_timeout(rig.now);
        let mut n_late = 0;
        while rig.sfu.poll_timeout().is_some_and(|at| at <= rig.now) {
            rig.sfu.handle_timeout(rig.now);
            n_late += 1;
            prop_assert!(n_late < 100, "a deadline that is never met");
        }
    }
}

/// Whether what is drawn gets as far as media.
#[test]
fn some_orders_of_the_verbs_connect_sessions_and_forward_packets() {
    let mut runner = TestRunner::deterministic();
    let orders = prop::collection::vec(verbs(), 1..400);
    let (mut n_validated, mut packets_in, mut packets_out) = (0, 0, 0);
    for _ in 0..64 {
        let mut rig = Rig::new();
        for verb in orders.new_tree(&mut runner).unwrap().current() {
            rig.call(verb);
        }
        let stats = rig.sfu.stats();
        n_validated += rig.validated.len();
        packets_in += stats.packets_in;
        packets_out += stats.packets_out;
    }
    println!("{n_validated} addresses, {packets_in} packets in, {packets_out} out");
    assert!(n_validated > 0 && packets_in > 0 && packets_out > 0);
}
