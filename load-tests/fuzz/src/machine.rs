//! A node of two workers in virtual time, with a publisher and viewers that are connected, and everything that can happen to
//! them in an order that the input chooses: commands, datagrams with and without true keys, networks, time.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::forger::{Forger, header_of};
use freshet_sim::layers::Scalability;
use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::oracle::continuity::{self, Bounds, Violation};
use freshet_sim::publisher::{Camera, RIDS};
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::Command;
use sfu_core::demux::{self, PacketKind};
use sfu_core::event::Event;
use sfu_core::link::{LinkMessage, RoomMark};
use sfu_model::codec::Codec;
use sfu_model::id::{EncodingId, RoomId, TrackId, WorkerId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};
use sfu_model::rtp::{Rid, SeqNo};

use crate::input::Input;
use crate::layered;
use crate::odd_offer;

/// Most steps of one input, and most time that passes in it: both bound what one costs.
const STEPS_MAX: usize = 48;
const TIME_MAX: Duration = Duration::from_secs(12);

/// Most participants that an input lets join.
const PARTICIPANTS_MAX: usize = 8;

/// Until everybody is connected and sees pictures.
const WARM_UP: Duration = Duration::from_millis(500);

/// Where somebody without a session is.
const STRANGER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)),
    50_000,
);

const ROOM: &str = "demo";

/// What chance may lose is missing; a handover may have begun before its beginning was heard.
const BOUNDS: Bounds = Bounds {
    missing_max: u64::MAX,
    may_miss_beginning: true,
    switch_error_max: Duration::MAX,
};

/// The first byte chooses what is published; then steps. Whatever they are, the node keeps its promises.
pub fn machine(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut stage = Stage::new(input.choice());
    for _ in 0..STEPS_MAX {
        let Some(step) = input.byte() else {
            break;
        };
        stage.step(step, &mut input);
    }
    stage.pass(Duration::from_millis(200));
    stage.assert_promises();
}

/// A participant, and what it would misbehave with.
struct Participant {
    id: BrowserId,
    forger: Option<Forger>,
    /// The last packet of media and the last of reports that it was heard to send.
    media: Option<Vec<u8>>,
    reports: Option<Vec<u8>>,
}

struct Stage {
    world: World,
    camera: Camera,
    participants: Vec<Participant>,
    /// A publisher has sent packets of numbers to come: its time goes back where their turn is.
    has_leapt: bool,
}

impl Stage {
    fn new(what: u8) -> Self {
        let camera = match what % 4 {
            0 => Camera::new(Codec::Vp8).simulcast(),
            1 => Camera::new(Codec::Vp9 { profile_id: 0 }),
            2 => Camera::new(Codec::Av1 { profile: 0 }).scalable(Scalability::full(2, 3)),
            _ => Camera::new(freshet_sim::publisher::H264).simulcast(),
        };
        let mut stage = Self {
            world: World::new(u64::from(what), 2),
            camera,
            participants: Vec::new(),
            has_leapt: false,
        };
        stage.publish(false);
        stage.pass(WARM_UP);
        stage.watch(u8::MAX);
        stage.watch(u8::MAX);
        stage.pass(WARM_UP);
        for (viewer, n) in stage.viewers().zip(0..) {
            assert!(!viewer.video.is_empty(), "viewer {n} sees pictures");
        }
        stage
    }

    fn viewers(&self) -> impl Iterator<Item = &freshet_sim::viewer::Viewer> {
        let browsers = self.world.browsers().iter();
        browsers.filter_map(|browser| browser.viewer())
    }

    fn step(&mut self, step: u8, input: &mut Input<'_>) {
        match step % 16 {
            0..=2 => self.pass(Duration::from_millis(input.choice().into())),
            3 => self.pass(Duration::from_millis(16 * u64::from(input.choice()))),
            4 => self.watch(input.choice()),
            5 => self.publish(!input.choice().is_multiple_of(4)),
            6 => self.leave(input.choice()),
            7 => self.choose(input),
            8 => self.roam(input.choice()),
            9 => self.set_path(input),
            10 => self.tamper(input),
            11 => self.replay(input.choice()),
            12 => self.say(input),
            13 => self.send(input),
            14 => self.inject_spelt(input),
            _ => self.link(input),
        }
    }

    /// Time passes, and everybody is listened to.
    fn pass(&mut self, by: Duration) {
        let left = TIME_MAX.saturating_sub(self.world.elapsed());
        self.world.run_for(by.min(left));
        for participant in &mut self.participants {
            for bytes in self.world.overhear(participant.id) {
                match demux::kind_of(&bytes) {
                    Some(PacketKind::Rtp) => participant.media = Some(bytes),
                    Some(PacketKind::Rtcp) => participant.reports = Some(bytes),
                    Some(PacketKind::Stun | PacketKind::Dtls) | None => {}
                }
            }
            let keys = || self.world.browser_mut(participant.id).engine().forger();
            participant.forger = participant.forger.take().or_else(keys);
        }
    }

    fn joined(&mut self, id: BrowserId) {
        self.world.overhear(id);
        self.participants.push(Participant {
            id,
            forger: None,
            media: None,
            reports: None,
        });
    }

    /// With an odd offer, to the endpoint or past it to a worker, which must bear what no endpoint lets through. A refusal is an
    /// answer.
    fn watch(&mut self, how: u8) {
        if self.participants.len() >= PARTICIPANTS_MAX {
            return;
        }
        let tamper = |offer: String| odd_offer::by(how, &offer);
        let joined = match how & 64 {
            0 => self.world.join_at_worker(ROOM, None, tamper),
            _ => self.world.join(ROOM, None, tamper),
        };
        if let Ok(id) = joined {
            self.joined(id);
        }
    }

    fn publish(&mut self, takeover: bool) {
        if self.participants.len() >= PARTICIPANTS_MAX {
            return;
        }
        let publishing = Some((self.camera, takeover));
        if let Ok(id) = self.world.join(ROOM, publishing, |offer| offer) {
            if let Some(publisher) = self.world.browser_mut(id).publisher() {
                publisher.fault = Some(layered::layer);
            }
            self.joined(id);
        }
    }

    fn participant(&mut self, who: u8) -> Option<&mut Participant> {
        let n = self.participants.len().max(1);
        self.participants.get_mut(usize::from(who) % n)
    }

    fn leave(&mut self, who: u8) {
        if let Some(id) = self.participant(who).map(|p| p.id) {
            // It may have left before.
            let _ = self.world.leave(id);
        }
    }

    fn choose(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.participant(input.choice()).map(|p| p.id) else {
            return;
        };
        let (what, value) = (input.choice(), input.choice());
        let rid = RIDS.get(usize::from(value % 4)).copied();
        let choice = LayerChoice {
            rid: rid.and_then(Rid::new).filter(|_| what & 1 != 0),
            spatial: (what & 2 != 0).then_some(value),
            spatial_max: (what & 4 != 0).then_some(value),
            temporal: (what & 32 != 0).then_some(value % 8),
            temporal_max: (what & 64 != 0).then_some(value % 8),
            width_max: (what & 8 != 0).then_some(u16::from(value) * 8),
            height_max: (what & 16 != 0).then_some(u16::from(value) * 8),
        };
        let session = self.world.browser(id).session;
        let _ = self
            .world
            .command(session, Command::ChooseLayer { session, choice });
    }

    fn roam(&mut self, who: u8) {
        if let Some(id) = self.participant(who).map(|p| p.id)
            && self.world.browser(id).url.is_some()
        {
            // A session that is gone is not found.
            let _ = self.world.roam(id);
            // It is listened to at its new address.
            self.world.overhear(id);
        }
    }

    fn set_path(&mut self, input: &mut Input<'_>) {
        let Some(id) = self.participant(input.choice()).map(|p| p.id) else {
            return;
        };
        let conditions = Conditions {
            is_cut: input.choice() % 8 == 7,
            reordered: PerMille(u16::from(input.choice() % 8) * 20),
            ..Conditions::default().losing(PerMille(u16::from(input.choice()) * 2))
        };
        self.world.set_path(id, conditions);
    }

    fn inject(&mut self, who: u8, bytes: Option<Vec<u8>>) {
        let address = self
            .participant(who)
            .map(|p| p.id)
            .map(|id| self.world.browser(id).address);
        if let (Some(address), Some(bytes)) = (address, bytes) {
            self.world.inject(address, bytes);
        }
    }

    /// What it was last heard to send, with one byte changed.
    fn tamper(&mut self, input: &mut Input<'_>) {
        let (who, what, at, change) = (
            input.choice(),
            input.choice(),
            input.choice(),
            input.choice(),
        );
        let last = self.participant(who).and_then(|p| match what % 2 {
            0 => p.media.clone(),
            _ => p.reports.clone(),
        });
        let tampered = last.map(|mut bytes| {
            let at = usize::from(at) % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= change;
            }
            bytes
        });
        self.inject(who, tampered);
    }

    fn replay(&mut self, who: u8) {
        let last = self
            .participant(who)
            .map(|p| [p.media.clone(), p.reports.clone()]);
        for bytes in last.into_iter().flatten() {
            self.inject(who, bytes);
        }
    }

    /// Reports that it spells out and seals with its own keys.
    fn say(&mut self, input: &mut Input<'_>) {
        let (who, clear) = (input.choice(), input.spelt());
        let sealed = self
            .participant(who)
            .and_then(|p| p.forger.as_mut()?.seal_rtcp(clear));
        self.inject(who, sealed);
    }

    /// Media that it spells out and seals, behind the header of what it sent last, so many numbers ahead.
    fn send(&mut self, input: &mut Input<'_>) {
        let (who, ahead, payload) = (input.choice(), input.choice(), input.spelt());
        let sealed = self.participant(who).and_then(|p| {
            let header = header_of(p.media.as_deref()?)?.to_vec();
            let last = u16::from_be_bytes(*header.get(2..4)?.first_chunk()?);
            let sequence = SeqNo(u64::from(last) + u64::from(ahead));
            p.forger.as_mut()?.seal_rtp(&header, sequence, payload)
        });
        self.has_leapt |= sealed.is_some();
        self.inject(who, sealed);
    }

    fn inject_spelt(&mut self, input: &mut Input<'_>) {
        let (who, bytes) = (input.choice(), input.spelt().to_vec());
        if who % 4 == 3 {
            self.world.inject(STRANGER, bytes);
        } else {
            self.inject(who, Some(bytes));
        }
    }

    /// A message of a worker that nobody sent, as after one was restarted.
    fn link(&mut self, input: &mut Input<'_>) {
        let (what, number) = (input.choice(), u64::from(input.choice()));
        let room = RoomId::parse(ROOM).expect("a room name");
        let message = match what % 4 {
            0 => LinkMessage::Subscribe {
                room,
                mark: RoomMark(number),
            },
            1 => LinkMessage::Unsubscribe { room },
            2 => LinkMessage::RoomEnded { room },
            _ => LinkMessage::RequestKeyframe {
                room,
                request: KeyframeRequest {
                    track: TrackId(number),
                    encoding: EncodingId(number),
                    reason: KeyframeReason::Recovery,
                },
            },
        };
        let (from, to) = (WorkerId(what >> 2 & 1), WorkerId(what >> 3 & 1));
        let now = self.world.now();
        if let Some(worker) = self.world.node().worker(to) {
            worker.handle_link(from, message, now);
        }
    }

    fn assert_promises(&mut self) {
        let mut validated = BTreeSet::new();
        let mut closed = BTreeSet::new();
        for (_, _, event) in self.world.events() {
            match event {
                Event::AddressValidated { address, .. } => {
                    validated.insert(*address);
                }
                Event::SessionClosed { session, .. } => {
                    assert!(closed.insert(*session), "a session was closed twice");
                }
                Event::AddressForgotten { .. }
                | Event::SessionConnected { .. }
                | Event::FirstPacketSent { .. }
                | Event::RoomLive { .. }
                | Event::RoomSilent { .. } => {}
            }
        }
        assert_sent_only_to(&validated, self.world.sent_to());
        for viewer in self.viewers() {
            for received in [&viewer.audio, &viewer.video] {
                match continuity::check_sender(received, BOUNDS) {
                    Ok(()) => {}
                    Err(Violation::TimeWentBack(_)) if self.has_leapt => {}
                    Err(violation) => unreachable!("a viewer hears one sender: {violation:?}"),
                }
            }
        }
        for (_, worker) in self.world.node().workers() {
            assert_eq!(worker.stats().invariants_violated, 0);
        }
    }
}

fn assert_sent_only_to(
    validated: &BTreeSet<SocketAddr>,
    mut destinations: impl Iterator<Item = SocketAddr>,
) {
    assert!(
        destinations.all(|destination| validated.contains(&destination)),
        "sent to an address that has not passed ICE"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULCAST: u8 = 0;

    #[test]
    #[should_panic(expected = "has not passed ICE")]
    fn a_node_that_sends_to_a_stranger_is_found() {
        let stage = Stage::new(SIMULCAST);
        assert_sent_only_to(&BTreeSet::new(), stage.world.sent_to());
    }
}
