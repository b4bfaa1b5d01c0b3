//! A limit lets in exactly as many as it says, counts whom it refused, and has room again when somebody leaves.

use std::net::SocketAddr;

use freshet_sim::browser::{Birth, Browser};
use freshet_sim::clock::{self, LocalClock};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::session::certificate;
use sfu_core::command::{CloseReason, Command, CommandResult, Play, Publish, Reply};
use sfu_core::error::CommandError;
use sfu_core::event::Event;
use sfu_core::limits::VALIDATED_ADDRESSES_MAX;
use sfu_core::{Config, Limits, LocalAddress, Seed, Sfu};
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::drop_reason::DropReason;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::limits::ENCODINGS_PER_TRACK_MAX;
use sfu_model::time::Instant;

/// Where the worker is.
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 8_189);

struct Rig {
    sfu: Sfu,
    n_sessions: u32,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let config = Config {
            worker: WorkerId(0),
            local_addresses: vec![LocalAddress {
                transport: Transport::Udp,
                address: SocketAddr::from(SERVER),
            }],
            certificate: certificate::of_the_node(),
            clock_anchor: clock::anchor(),
            ntp_anchor: sfu_model::time::NtpTime::UNIX_EPOCH,
            limits,
            handshakes: sfu_core::HandshakeChance::Seed,
        };
        Self {
            sfu: Sfu::new(config, Seed([7; 32]), Instant::START),
            n_sessions: 0,
        }
    }

    fn birth(&mut self, room: &str) -> Birth {
        self.n_sessions += 1;
        Birth {
            number: self.n_sessions,
            address: SocketAddr::from(([10, 0, 0, 1], 5_000)),
            session: SessionId::from_random(u128::from(self.n_sessions)),
            room: RoomId::parse(room).unwrap(),
            seed: 1,
            clock: LocalClock::default(),
        }
    }

    fn publish(&mut self, room: &str) -> CommandResult {
        let camera = Camera::new(H264);
        self.publish_as(room, camera, str::to_owned).1
    }

    /// With a camera of another kind, and its offer as it is edited.
    fn publish_as(
        &mut self,
        room: &str,
        camera: Camera,
        edit: impl Fn(&str) -> String,
    ) -> (Browser, CommandResult) {
        let birth = self.birth(room);
        let (session, room) = (birth.session, birth.room.clone());
        let (browser, offer) = Browser::new(birth, Some(camera), Instant::START);
        let publish = Publish {
            session,
            room,
            offer: edit(&offer),
            takeover: false,
        };
        let command = Command::Publish(publish);
        (browser, self.sfu.handle_command(command, Instant::START))
    }

    /// A publisher, and the first check that it sends.
    fn publish_and_check(&mut self, room: &str) -> Vec<u8> {
        let camera = Camera::new(H264);
        let (mut browser, result) = self.publish_as(room, camera, str::to_owned);
        let Ok(Reply::Answer { sdp }) = result else {
            panic!("{result:?}");
        };
        assert!(browser.accept(&sdp));
        let mut outgoing = Vec::new();
        let next = browser.drain(Instant::START, &mut outgoing);
        if outgoing.is_empty() {
            browser.drain(next.unwrap(), &mut outgoing);
        }
        outgoing.remove(0).bytes
    }

    /// The check comes from so many addresses, each a port of its own.
    fn come_from(&mut self, check: &[u8], ports: std::ops::Range<u16>) {
        for port in ports {
            let datagram = Datagram {
                transport: Transport::Udp,
                source: SocketAddr::from(([198, 51, 100, 7], port)),
                destination: SocketAddr::from(SERVER),
                bytes: check,
            };
            self.sfu.handle_datagram(datagram, Instant::START);
        }
    }

    fn close(&mut self, number: u128) {
        let close = Command::Close {
            session: SessionId::from_random(number),
            reason: CloseReason::Requested,
        };
        self.sfu.handle_command(close, Instant::START).unwrap();
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.sfu.poll_event()).collect()
    }

    fn play(&mut self, room: &str, codecs: Vec<Codec>) -> CommandResult {
        let birth = self.birth(room);
        let (session, room) = (birth.session, birth.room.clone());
        let (_, offer) = Browser::new(birth, None, Instant::START);
        let play = Play {
            session,
            room,
            origin: WorkerId(1),
            codecs,
            offer,
        };
        self.sfu.handle_command(Command::Play(play), Instant::START)
    }
}

fn refused_by(result: CommandResult) -> &'static str {
    match result {
        Err(CommandError::Exhausted { limit }) => limit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sessions_are_refused_past_their_limit_and_let_in_when_one_leaves() {
    let mut rig = Rig::new(Limits {
        sessions_max: 2,
        ..Limits::default()
    });
    rig.publish("a").unwrap();
    rig.publish("b").unwrap();
    assert_eq!(refused_by(rig.publish("c")), "sfu_sessions_max");
    assert_eq!(rig.sfu.stats().sessions_max_hits, 1);
    rig.close(1);
    rig.publish("c").unwrap();
}

#[test]
fn encodings_of_a_track_past_their_limit_are_not_taken_and_counted() {
    let with = |n: usize| {
        move |offer: &str| -> String {
            let rids: Vec<String> = (0..n).map(|i| format!("r{i}")).collect();
            let is_no_rid = |line: &&str| !line.starts_with("a=rid:");
            let lines = offer.lines().filter(is_no_rid).map(|line| {
                if !line.starts_with("a=simulcast:") {
                    return format!("{line}\r\n");
                }
                let send = rids.iter().map(|rid| format!("a=rid:{rid} send\r\n"));
                let send: String = send.collect();
                format!("{send}a=simulcast:send {}\r\n", rids.join(";"))
            });
            lines.collect()
        }
    };
    let mut rig = Rig::new(Limits::default());
    for (room, n_offered, n_hits) in [
        ("a", ENCODINGS_PER_TRACK_MAX - 1, 0),
        ("b", ENCODINGS_PER_TRACK_MAX, 0),
        ("c", ENCODINGS_PER_TRACK_MAX + 1, 1),
        ("d", ENCODINGS_PER_TRACK_MAX + 2, 2),
    ] {
        let camera = Camera::new(H264).simulcast();
        rig.publish_as(room, camera, with(n_offered)).1.unwrap();
        let rooms = rig.sfu.rooms();
        let status = rooms.iter().find(|status| status.room.as_str() == room);
        let tracks = &status.unwrap().tracks;
        let video = tracks.iter().find(|track| track.kind == MediaKind::Video);
        let n_taken = video.unwrap().encodings.len();
        assert_eq!(n_taken, n_offered.min(ENCODINGS_PER_TRACK_MAX), "{room}");
        assert_eq!(rig.sfu.stats().encodings_max_hits, n_hits, "{room}");
    }
}

#[test]
fn one_address_more_than_a_session_may_have_takes_the_place_of_another() {
    let mut rig = Rig::new(Limits::default());
    let check = rig.publish_and_check("a");
    let n_max = u16::try_from(VALIDATED_ADDRESSES_MAX).unwrap();
    rig.come_from(&check, 1..n_max + 1);
    assert_eq!(rig.sfu.stats().addresses_max_hits, 0);
    assert_eq!(rig.events().len(), VALIDATED_ADDRESSES_MAX);
    rig.come_from(&check, n_max + 1..n_max + 2);
    assert_eq!(rig.sfu.stats().addresses_max_hits, 1);
    let events = rig.events();
    assert!(
        matches!(
            events.as_slice(),
            [
                Event::AddressForgotten { .. },
                Event::AddressValidated { .. }
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn while_nobody_takes_events_no_session_is_let_in_and_none_of_them_is_lost() {
    let mut rig = Rig::new(Limits {
        events_max: 2,
        ..Limits::default()
    });
    for room in ["a", "b", "c"] {
        rig.publish(room).unwrap();
    }
    rig.close(1);
    rig.publish("d").unwrap();
    rig.close(2);
    assert_eq!(refused_by(rig.publish("e")), "sfu_events_max");
    assert_eq!(refused_by(rig.play("c", Vec::new())), "sfu_events_max");
    assert_eq!(rig.sfu.stats().events_max_hits, 2);
    rig.close(3);
    let closed = rig.events().into_iter().map(|event| {
        let Event::SessionClosed { session, .. } = event else {
            panic!("{event:?}");
        };
        session
    });
    assert!(closed.eq([1, 2, 3].map(SessionId::from_random)));
    rig.publish("e").unwrap();
    assert_eq!(rig.sfu.stats().events_max_hits, 2);
}

#[test]
fn while_nobody_takes_events_no_new_address_is_let_in_and_a_known_one_is_heard() {
    let mut rig = Rig::new(Limits {
        events_max: 2,
        ..Limits::default()
    });
    let check = rig.publish_and_check("a");
    rig.come_from(&check, 1..3);
    assert_eq!(rig.sfu.stats().drops.get(DropReason::NodeUnheard), 0);
    rig.come_from(&check, 3..4);
    let stats = rig.sfu.stats();
    assert_eq!(stats.drops.get(DropReason::NodeUnheard), 1);
    assert_eq!(stats.events_max_hits, 1);
    rig.come_from(&check, 1..3);
    assert_eq!(rig.sfu.stats().events_max_hits, 1);
    assert_eq!(rig.events().len(), 2);
    rig.come_from(&check, 3..4);
    assert_eq!(rig.sfu.stats().events_max_hits, 1);
    assert_eq!(rig.events().len(), 1, "it checks again, and is let in");
}

#[test]
fn rooms_are_refused_past_their_limit_and_a_known_one_is_not() {
    let mut rig = Rig::new(Limits {
        rooms_max: 1,
        ..Limits::default()
    });
    rig.play("a", Vec::new()).unwrap();
    assert_eq!(refused_by(rig.play("b", Vec::new())), "sfu_rooms_max");
    assert_eq!(rig.sfu.stats().rooms_max_hits, 1);
    rig.play("a", Vec::new()).unwrap();
}

#[test]
fn a_player_that_cannot_decode_the_stream_is_told_so() {
    let mut rig = Rig::new(Limits::default());
    let unknown = Codec::Vp9 { profile_id: 3 };
    let refused = rig.play("a", vec![Codec::Opus, unknown]);
    assert_eq!(refused, Err(CommandError::CannotDecode(unknown)));
    assert_eq!(rig.sfu.stats().n_subscribers, 0);
    rig.play("a", vec![Codec::Opus, Codec::Vp8]).unwrap();
}
