//! Somebody on the path of a session forges, tampers with and replays its packets: nothing of that is forwarded, asks for
//! anything or ends anything. Everything that is decided is what is decided without it.

use std::time::Duration;

use freshet_sim::forger::header_of;
use freshet_sim::oracle::{continuity, player};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::trace;
use freshet_sim::world::{BrowserId, World};
use sfu_core::demux::{self, PacketKind};
use sfu_core::rtcp::{write_bye, write_nack, write_pli};
use sfu_model::drop_reason::DropReason;
use sfu_model::rtp::Ssrc;

/// How long the attack goes on.
const ATTACK: Duration = Duration::from_secs(4);
/// One turn of it.
const TURN: Duration = Duration::from_millis(5);

/// Whose path the attacker is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Publisher,
    Viewer,
}

/// From what was overheard in this turn, and before: what is sent in the victim's name.
type Attack = fn(&[Vec<u8>], &[Vec<u8>], u64) -> Vec<Vec<u8>>;

struct Run {
    world: World,
    viewer: BrowserId,
    decisions: u64,
    n_keyframe_requests: usize,
    n_attacks: u64,
    n_refused: u64,
}

fn refused(world: &mut World) -> u64 {
    let reasons = [DropReason::RtcpRefused, DropReason::UnwantedMedia];
    let of_worker = |stats: sfu_core::stats::Stats| -> u64 {
        reasons.iter().map(|reason| stats.drops.get(*reason)).sum()
    };
    let workers = world.node().workers();
    workers.map(|(_, worker)| of_worker(worker.stats())).sum()
}

fn run(seed: u64, victim: Victim, attack: Option<Attack>) -> Run {
    let mut world = World::new(seed, 1);
    let camera = Camera::new(VIDEO_CODECS[seed as usize % VIDEO_CODECS.len()]);
    let publisher = world.publish("demo", camera.simulcast()).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    let target = match victim {
        Victim::Publisher => publisher,
        Victim::Viewer => viewer,
    };
    let address = world.browser(target).address;
    let mut before = world.overhear(target);
    // The viewer's own request is there to be replayed.
    let ssrc = world.viewer(viewer).video.last().unwrap().ssrc;
    world
        .browser_mut(viewer)
        .engine()
        .request_keyframe(ssrc.into());
    let from = world.now();
    let mut n_attacks = 0;
    for turn in 0_u64.. {
        if world.now() - from >= ATTACK {
            break;
        }
        world.run_for(TURN);
        let heard = world.overhear(target);
        if let Some(attack) = attack {
            for forged in attack(&heard, &before, turn) {
                n_attacks += 1;
                world.inject(address, forged);
            }
        }
        before.extend(heard);
    }
    world.run_for(Duration::from_millis(100));
    let publisher = world.browser_mut(publisher).publisher().unwrap();
    Run {
        n_keyframe_requests: publisher.keyframe_requests.len(),
        decisions: trace::decisions(&world),
        n_refused: refused(&mut world),
        world,
        viewer,
        n_attacks,
    }
}

fn of_kind(heard: &[Vec<u8>], kind: PacketKind) -> impl Iterator<Item = &Vec<u8>> {
    heard
        .iter()
        .filter(move |bytes| demux::kind_of(bytes) == Some(kind))
}

/// Packets that the victim could have sent next, sealed with nothing.
fn forge_media(heard: &[Vec<u8>], _: &[Vec<u8>], turn: u64) -> Vec<Vec<u8>> {
    let forge = |bytes: &Vec<u8>| {
        let mut forged = header_of(bytes)?.to_vec();
        let sequence = u16::from_be_bytes([forged[2], forged[3]]).wrapping_add(1 + turn as u16 % 9);
        forged[2..4].copy_from_slice(&sequence.to_be_bytes());
        forged.extend(bytes.iter().skip(forged.len()));
        Some(forged)
    };
    of_kind(heard, PacketKind::Rtp).filter_map(forge).collect()
}

/// What was sent, with one bit changed: in the header, which makes another number, another sender or another time of it,
/// in the payload, in the tag.
fn tamper(heard: &[Vec<u8>], _: &[Vec<u8>], turn: u64) -> Vec<Vec<u8>> {
    let flip = |bytes: &Vec<u8>| {
        let mut tampered = bytes.clone();
        let places = [2, 3, 4, 7, 9, 11, bytes.len() / 2, bytes.len() - 1];
        tampered[places[turn as usize % places.len()]] ^= 1 << (turn % 8);
        tampered
    };
    let reports = of_kind(heard, PacketKind::Rtcp).map(flip);
    of_kind(heard, PacketKind::Rtp)
        .map(flip)
        .chain(reports)
        .collect()
}

/// Everything again, and once more what was sent some time ago.
fn replay(heard: &[Vec<u8>], before: &[Vec<u8>], turn: u64) -> Vec<Vec<u8>> {
    let is_sealed = |bytes: &&Vec<u8>| {
        matches!(
            demux::kind_of(bytes),
            Some(PacketKind::Rtp | PacketKind::Rtcp)
        )
    };
    let back = before.len().saturating_sub(40 * (1 + turn as usize % 20));
    let old = before.iter().skip(back).take(20);
    heard.iter().chain(old).filter(is_sealed).cloned().collect()
}

/// Goodbyes and requests in the victim's name, in the clear and with bytes in the place of a seal.
fn spoof_reports(_: &[Vec<u8>], before: &[Vec<u8>], turn: u64) -> Vec<Vec<u8>> {
    let reporter = of_kind(before, PacketKind::Rtcp).last();
    let ssrc = reporter.and_then(|bytes| Some(*bytes.get(4..8)?.first_chunk()?));
    let ssrc = Ssrc(u32::from_be_bytes(ssrc.unwrap_or_default()));
    let media = of_kind(before, PacketKind::Rtp).last();
    let media = media.and_then(|bytes| Some(*bytes.get(8..12)?.first_chunk()?));
    let media = Ssrc(u32::from_be_bytes(media.unwrap_or_default()));
    let mut clear = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    write_bye(&mut clear[0], &[ssrc], "freshet");
    write_bye(&mut clear[1], &[media], "freshet");
    write_pli(&mut clear[2], ssrc, media);
    write_nack(&mut clear[3], ssrc, media, 0..100);
    let sealed = clear.clone().map(|mut bytes| {
        bytes.extend([0x5a; 16]);
        bytes.extend((0x8000_0000 | (turn as u32 + 1_000)).to_be_bytes());
        bytes
    });
    clear.into_iter().chain(sealed).collect()
}

fn assert_that_nothing_comes_of(seed: u64, victim: Victim, attack: Attack) -> Run {
    let quiet = run(seed, victim, None);
    let attacked = run(seed, victim, Some(attack));
    assert!(attacked.n_attacks > 50, "{} packets", attacked.n_attacks);
    for browser in attacked.world.browsers() {
        assert_eq!((browser.close_reason, browser.was_closed), (None, false));
    }
    let seen = attacked.world.viewer(attacked.viewer);
    let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
    assert_eq!(verdict, Ok(()));
    assert!(seen.video.len() > 300, "{} packets", seen.video.len());
    assert_eq!(attacked.n_keyframe_requests, quiet.n_keyframe_requests);
    assert_eq!(
        attacked.decisions, quiet.decisions,
        "something was forwarded otherwise"
    );
    attacked
}

#[test]
fn forged_media_of_a_publisher_is_not_forwarded() {
    for seed in 320..324 {
        assert_that_nothing_comes_of(seed, Victim::Publisher, forge_media);
    }
}

#[test]
fn what_was_tampered_with_is_not_forwarded() {
    for seed in 324..328 {
        assert_that_nothing_comes_of(seed, Victim::Publisher, tamper);
    }
}

#[test]
fn what_is_replayed_is_forwarded_once() {
    for seed in 328..332 {
        assert_that_nothing_comes_of(seed, Victim::Publisher, replay);
    }
}

#[test]
fn a_goodbye_that_somebody_else_says_ends_nothing() {
    for victim in [Victim::Publisher, Victim::Viewer] {
        assert_that_nothing_comes_of(332, victim, spoof_reports);
    }
}

#[test]
fn reports_of_a_viewer_that_are_forged_or_come_again_are_refused_and_counted() {
    for attack in [tamper as Attack, replay, spoof_reports] {
        let attacked = assert_that_nothing_comes_of(333, Victim::Viewer, attack);
        assert_eq!(attacked.n_refused, attacked.n_attacks);
    }
}
