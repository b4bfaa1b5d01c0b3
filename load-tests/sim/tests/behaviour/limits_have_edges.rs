//! A limit lets in exactly as many as it says, counts whom it refused, and has room again when somebody leaves.

use std::net::SocketAddr;

use freshet_sim::browser::{Birth, Browser};
use freshet_sim::clock::{self, LocalClock};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::session::node_certificate;
use sfu_core::command::{CloseReason, Command, CommandResult, Play, Publish};
use sfu_core::error::CommandError;
use sfu_core::{Config, Limits, Seed, Sfu};
use sfu_model::codec::Codec;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::time::Instant;

struct Rig {
    sfu: Sfu,
    n_sessions: u32,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let config = Config {
            worker: WorkerId(0),
            local_addresses: Vec::new(),
            certificate: node_certificate(),
            clock_anchor: clock::anchor(),
            ntp_anchor: sfu_model::time::NtpTime::UNIX_EPOCH,
            limits,
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
        let birth = self.birth(room);
        let (session, room) = (birth.session, birth.room.clone());
        let (_, offer) = Browser::new(birth, Some(Camera::new(H264)), Instant::START);
        let publish = Publish {
            session,
            room,
            offer,
            takeover: false,
        };
        self.sfu
            .handle_command(Command::Publish(publish), Instant::START)
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
    let close = Command::Close {
        session: SessionId::from_random(1),
        reason: CloseReason::Requested,
    };
    rig.sfu.handle_command(close, Instant::START).unwrap();
    rig.publish("c").unwrap();
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
