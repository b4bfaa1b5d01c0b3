//! A viewer floods and lies in reports that authenticate: it pays for that itself. What reaches everybody else is, packet by
//! packet, what reaches them without it.

use std::time::Duration;

use freshet_sim::forger::Forger;
use freshet_sim::network::Direction;
use freshet_sim::offer::with_own_estimate;
use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::viewer::Received;
use freshet_sim::world::{BrowserId, World};
use sfu_core::rtcp::{Arrivals, write_nack, write_pli, write_remb, write_transport_feedback};
use sfu_model::drop_reason::DropReason;
use sfu_model::id::WorkerId;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

/// How long it goes on.
const FLOOD: Duration = Duration::from_secs(6);
/// By then everybody has the best encoding, of which whoever comes to it later makes a keyframe for all; and no try of it, in
/// which an estimate is not believed, goes on (`TRY` of the server's estimate by reports).
const SETTLED: Duration = Duration::from_secs(30);
/// When what had been saved up for repairs before has been spent.
const SAVINGS_GONE: Duration = Duration::from_secs(1);
/// One turn of the flood.
const TURN: Duration = Duration::from_millis(1);
/// Its reports are of a sender that its engine does not have: each sender's are counted for themselves.
const REPORTER: Ssrc = Ssrc(0x6666);

/// What it knows of what it gets.
struct Liar {
    forger: Forger,
    media: Ssrc,
    newest: u16,
    turn: u64,
}

/// What it says in one turn, each a packet of its own.
type Lies = fn(&mut Liar) -> Vec<Vec<u8>>;

struct Run {
    world: World,
    publisher: BrowserId,
    viewers: Vec<BrowserId>,
    from: Instant,
    /// Bytes that reached the liar while it lied.
    liar_bytes: u64,
    /// Of which these came after the savings were gone.
    steady_bytes: u64,
    /// What its path was estimated to carry at most, where it was.
    estimate_most: Option<Bitrate>,
    repairs: u64,
}

fn run(seed: u64, camera: Camera, lies: Option<Lies>) -> Run {
    run_with((seed, |offer| offer), camera, lies)
}

/// The same, where the liar's offer is tampered with.
fn run_with(
    (seed, tamper): (u64, fn(String) -> String),
    camera: Camera,
    lies: Option<Lies>,
) -> Run {
    let mut world = World::new(seed, 1);
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let mut viewers = vec![world.join("demo", None, tamper).unwrap()];
    viewers.extend((0..3).map(|_| world.watch("demo").unwrap()));
    world.run_for(SETTLED);
    let liar = viewers[0];
    let (from, address) = (world.now(), world.browser(liar).address);
    let carried = |world: &mut World| world.network().carried(address, Direction::Down).bytes;
    let bytes_before = carried(&mut world);
    let (mut bytes_steady, mut estimate_most) = (bytes_before, None);
    let session = world.browser(liar).session;
    let repairs_before = repairs(&mut world);
    let mut state = Liar {
        forger: world.browser_mut(liar).engine().forger().unwrap(),
        media: Ssrc(world.viewer(liar).video.last().unwrap().ssrc),
        newest: 0,
        turn: 0,
    };
    while world.now() - from < FLOOD {
        world.run_for(TURN);
        if world.now() - from <= SAVINGS_GONE {
            bytes_steady = carried(&mut world);
        }
        let worker = world.node().worker(WorkerId(0)).unwrap();
        let path = worker.subscriber(session).unwrap().path;
        estimate_most = estimate_most.max(path.map(|path| path.estimate));
        state.turn += 1;
        state.newest = world.viewer(liar).video.last().unwrap().sequence as u16;
        for clear in lies.map(|lies| lies(&mut state)).unwrap_or_default() {
            let sealed = state.forger.seal_rtcp(&clear).unwrap();
            world.inject(address, sealed);
        }
    }
    let bytes = carried(&mut world);
    Run {
        liar_bytes: bytes - bytes_before,
        steady_bytes: bytes - bytes_steady,
        estimate_most,
        repairs: repairs(&mut world) - repairs_before,
        world,
        publisher,
        viewers,
        from,
    }
}

fn repairs(world: &mut World) -> u64 {
    let workers = world.node().workers();
    workers.map(|(_, worker)| worker.stats().repairs_out).sum()
}

impl Run {
    /// What reached the others.
    fn others(&self) -> Vec<(&[Received], &[Received])> {
        let seen = self.viewers[1..].iter().map(|id| self.world.viewer(*id));
        seen.map(|v| (v.audio.as_slice(), v.video.as_slice()))
            .collect()
    }

    fn assert_that_the_liar_lives(&self) {
        let liar = self.world.browser(self.viewers[0]);
        assert_eq!((liar.close_reason, liar.was_closed), (None, false));
        let heard_last = liar.viewer().unwrap().audio.last().unwrap().at;
        assert!(
            self.world.now() - heard_last < Duration::from_millis(100),
            "its sound goes on"
        );
    }

    /// What lies were worth in repairs, as a share of what reaches the liar without them: over all of the flood, and once its
    /// savings were gone.
    fn shares(&self, quiet: &Self) -> (f64, f64) {
        let share = |with: u64, without: u64| (with as f64 - without as f64) / without as f64;
        (
            share(self.liar_bytes, quiet.liar_bytes),
            share(self.steady_bytes, quiet.steady_bytes),
        )
    }

    /// Nothing that reached the others differs from a run in which nobody lied.
    fn assert_unnoticed(&self, quiet: &Self) {
        self.assert_that_the_liar_lives();
        assert!(self.others() == quiet.others(), "others noticed");
        let sent = self.others().iter().map(|(_, video)| video.len()).min();
        assert!(sent > Some(1_000), "{sent:?} packets of video");
    }
}

/// Five in a turn, 5,000 a second, each for 17 packets of the last 340.
fn nacks(liar: &mut Liar) -> Vec<Vec<u8>> {
    let of_number = |n: u64| {
        let back = (liar.turn * 5 + n) % 20 * 17;
        let oldest = liar.newest.wrapping_sub(back as u16 + 17);
        let mut clear = Vec::new();
        let packets = (0..17).map(|k| oldest.wrapping_add(k));
        write_nack(&mut clear, REPORTER, liar.media, packets);
        clear
    };
    (0..5).map(of_number).collect()
}

/// A hundred times a second, for every fourth of the last hundred packets: a loss of 25 %, which repairs could mend.
fn nacks_of_a_quarter(liar: &mut Liar) -> Vec<Vec<u8>> {
    if !liar.turn.is_multiple_of(10) {
        return Vec::new();
    }
    let latest = (0..100).rev().map(|back| liar.newest.wrapping_sub(back));
    let mut clear = Vec::new();
    let claimed = latest.filter(|number| number.is_multiple_of(4));
    write_nack(&mut clear, REPORTER, liar.media, claimed);
    vec![clear]
}

fn plis(liar: &mut Liar) -> Vec<Vec<u8>> {
    let mut clear = Vec::new();
    write_pli(&mut clear, REPORTER, liar.media);
    vec![clear]
}

fn one_bit_per_second(liar: &mut Liar) -> Vec<Vec<u8>> {
    let mut clear = Vec::new();
    let rate = Bitrate::of(1, Duration::from_secs(8)).unwrap();
    write_remb(&mut clear, REPORTER, rate, &[liar.media]);
    vec![clear]
}

/// In turn: everything came at one moment; nothing came; what was never sent came; and each came before the one before it.
fn feedback(liar: &mut Liar) -> Vec<Vec<u8>> {
    let tick = (liar.turn * 4) as i64;
    let ticks: Vec<Option<i64>> = (0..100_i64)
        .map(|n| match liar.turn % 4 {
            0 | 2 => Some(tick),
            1 => None,
            _ => Some(tick + 20_000 - n * 50),
        })
        .collect();
    let ahead = if liar.turn % 4 == 2 { 30_000 } else { 0 };
    let arrivals = Arrivals {
        base: (liar.turn as u16).wrapping_mul(7).wrapping_add(ahead),
        feedback_count: liar.turn as u8,
        ticks: &ticks,
    };
    let mut clear = Vec::new();
    write_transport_feedback(&mut clear, REPORTER, liar.media, arrivals);
    vec![clear]
}

/// Two datagrams, each full of feedback each of which tells of 65,528 lost packets in 36 bytes: 55,000 lines.
fn feedback_by_the_dozen(liar: &mut Liar) -> Vec<Vec<u8>> {
    let mut clear = Vec::new();
    while clear.len() + 36 < DATAGRAM_BYTES_MAX - 40 {
        clear.extend([0x8f, 205, 0, 8]);
        clear.extend(REPORTER.0.to_be_bytes());
        clear.extend(liar.media.0.to_be_bytes());
        clear.extend((liar.turn as u16).to_be_bytes());
        clear.extend([0xff, 0xf8, 0, 0, 0, 0]);
        // Eight runs of 8,191.
        clear.extend([0x1f, 0xff].repeat(8));
    }
    vec![clear.clone(), clear]
}

/// How many datagrams of the node went nowhere for this reason.
fn drops(world: &mut World, reason: DropReason) -> u64 {
    let workers = world.node().workers();
    workers.map(|(_, w)| w.stats().drops.get(reason)).sum()
}

#[test]
fn feedback_that_claims_much_in_few_bytes_is_heard_no_further_than_a_receiver_has_to_say() {
    let camera = Camera::live(H264).simulcast();
    let quiet = run(308, camera, None);
    let mut flooded = run(308, camera, Some(feedback_by_the_dozen));
    flooded.assert_unnoticed(&quiet);
    let n_cut = drops(&mut flooded.world, DropReason::FeedbackFlood);
    // The last ones are on their way.
    let n_sent = 2 * FLOOD.as_millis() as u64;
    assert!((n_sent - 50..=n_sent).contains(&n_cut), "{n_cut} were cut");
}

#[test]
fn a_datagram_longer_than_any_of_webrtc_is_dropped_unread() {
    let mut world = World::new(309, 1);
    world.publish("demo", Camera::live(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    let address = world.browser(viewer).address;
    let mut forger = world.browser_mut(viewer).engine().forger().unwrap();
    let of_length = |forger: &mut Forger, length: usize| {
        let mut clear = Vec::new();
        // Packets of an application, which mean nothing (RFC 3550 section 6.7).
        while clear.len() + 12 <= length {
            clear.extend([0x80, 204, 0, 2, 0, 0, 0, 9]);
            clear.extend(*b"none");
        }
        forger.seal_rtcp(&clear).unwrap()
    };
    let taken = of_length(&mut forger, DATAGRAM_BYTES_MAX - 40);
    let long = of_length(&mut forger, DATAGRAM_BYTES_MAX + 12);
    assert!(taken.len() <= DATAGRAM_BYTES_MAX && long.len() > DATAGRAM_BYTES_MAX);
    for bytes in [taken, long, vec![0x80; 65_507]] {
        world.inject(address, bytes);
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!(drops(&mut world, DropReason::DatagramTooLong), 2);
    assert_eq!(drops(&mut world, DropReason::RtcpRefused), 0);
}

/// What repairs had been saved up for at most (`SAVED_BYTES_MAX` of the server's repair budget): a burst of real losses needs
/// it, and a liar gets it once.
const SAVED_BYTES: u64 = 48 * 1_024;

#[test]
fn a_flood_of_nacks_is_repaired_within_a_quarter_of_the_liars_rate() {
    let camera = Camera::live(H264);
    let quiet = run(301, camera, None);
    let flooded = run(301, camera, Some(nacks));
    flooded.assert_unnoticed(&quiet);
    assert!(flooded.repairs > 100, "{} repairs", flooded.repairs);
    let (all, steady) = flooded.shares(&quiet);
    println!(
        "all is lost: {} repairs, {steady:.3} of its rate, {all:.3} with what was saved up",
        flooded.repairs
    );
    assert!(steady <= 0.25, "{steady}");
    let saved = SAVED_BYTES as f64 / quiet.liar_bytes as f64;
    assert!(all <= 0.25 + saved, "{all}, of which {saved} was saved up");
}

/// On one encoding, where nothing is estimated, a loss that repairs can mend earns half: of 20 % lost they cost a quarter even
/// if each is sent once. Whether it is true nobody can know but the receiver, who pays for it.
#[test]
fn a_loss_that_could_be_true_is_repaired_within_half_of_the_liars_rate() {
    let camera = Camera::live(H264);
    let quiet = run(310, camera, None);
    let lied_to = run(310, camera, Some(nacks_of_a_quarter));
    lied_to.assert_unnoticed(&quiet);
    let (all, steady) = lied_to.shares(&quiet);
    println!(
        "a quarter is lost: {} repairs, {steady:.3} of its rate, {all:.3} with what was saved up",
        lied_to.repairs
    );
    assert!((0.25..=0.5).contains(&steady), "{steady}");
}

/// There the budget is a quarter of what the path carries, sent to or not: of a path that carries more than is sent it can be
/// more than a quarter of what is sent.
#[test]
fn the_same_over_an_estimated_path_is_repaired_within_a_quarter_of_the_estimate() {
    let camera = Camera::live(H264).simulcast();
    let quiet = run(311, camera, None);
    let lied_to = run(311, camera, Some(nacks_of_a_quarter));
    lied_to.assert_unnoticed(&quiet);
    let (_, of_rate) = lied_to.shares(&quiet);
    let repairs = (lied_to.steady_bytes - quiet.steady_bytes) * 8;
    let estimate = lied_to.estimate_most.unwrap();
    let carried = estimate.as_bps() * (FLOOD - SAVINGS_GONE).as_secs();
    let of_path = repairs as f64 / carried as f64;
    println!(
        "a quarter is lost of {estimate:?}: {} repairs, {of_path:.3} of it, {of_rate:.3} of what is sent",
        lied_to.repairs
    );
    assert!(lied_to.repairs > 100, "{} repairs", lied_to.repairs);
    assert!(of_path <= 0.25, "{of_path}");
}

#[test]
fn a_flood_of_nacks_over_an_estimated_path_costs_the_others_nothing() {
    let camera = Camera::live(H264).simulcast();
    let quiet = run(302, camera, None);
    let flooded = run(302, camera, Some(nacks));
    flooded.assert_unnoticed(&quiet);
}

/// What a flood of keyframe requests may cost a publisher in any second.
const KEYFRAMES_PER_SECOND_MAX: usize = 2;

/// And over all of it: eight at once, and one more in each two and a half seconds.
const KEYFRAMES_MAX: usize = 8 + FLOOD.as_millis() as usize / 2_500;

#[test]
fn a_flood_of_keyframe_requests_costs_the_publisher_eight_and_then_few() {
    for (seed, camera) in [
        (303, Camera::live(H264)),
        (304, Camera::live(H264).simulcast()),
    ] {
        let mut flooded = run(seed, camera, Some(plis));
        flooded.assert_that_the_liar_lives();
        let publisher = flooded.world.browser_mut(flooded.publisher).publisher();
        let requests = publisher.unwrap().keyframe_requests.clone();
        let moments: Vec<Instant> = requests
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| *at >= flooded.from)
            .collect();
        let expected = KEYFRAMES_MAX - 2..=KEYFRAMES_MAX;
        assert!(expected.contains(&moments.len()), "{moments:?}");
        for window in moments.windows(KEYFRAMES_PER_SECOND_MAX + 1) {
            let lasted = window[KEYFRAMES_PER_SECOND_MAX] - window[0];
            assert!(lasted >= Duration::from_millis(999), "{lasted:?}");
        }
        let workers = flooded.world.node().workers();
        let refused: u64 = workers
            .map(|(_, w)| w.stats().keyframe_requests_max_hits)
            .sum();
        assert!(refused > 5_000, "{refused} were refused");
        for viewer in &flooded.viewers[1..] {
            let seen = flooded.world.viewer(*viewer);
            let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
            assert_eq!(verdict, Ok(()));
            let (from, until) = (flooded.from, flooded.world.now());
            let smooth = freeze::check(&seen.decoder.shown, from, until, Duration::from_millis(75));
            assert_eq!(smooth, Ok(()));
        }
    }
}

/// Beside transport-wide feedback nobody would believe it.
#[test]
fn an_estimate_of_one_bit_per_second_costs_the_others_nothing() {
    let tamper: fn(String) -> String = |offer| with_own_estimate(&offer);
    let one = run_with((305, tamper), Camera::live(H264), Some(one_bit_per_second));
    one.assert_unnoticed(&run_with((305, tamper), Camera::live(H264), None));
    let camera = Camera::live(H264).simulcast();
    let quiet = run_with((306, tamper), camera, None);
    let lied_to = run_with((306, tamper), camera, Some(one_bit_per_second));
    lied_to.assert_unnoticed(&quiet);
    println!("{} bytes, {} quiet", lied_to.liar_bytes, quiet.liar_bytes);
    assert!(lied_to.liar_bytes < quiet.liar_bytes / 2, "it is believed");
}

#[test]
fn feedback_that_lies_costs_the_others_nothing_and_frees_no_rate() {
    let camera = Camera::live(H264).simulcast();
    let quiet = run(307, camera, None);
    let lied_to = run(307, camera, Some(feedback));
    lied_to.assert_unnoticed(&quiet);
    println!("{} bytes, {} quiet", lied_to.liar_bytes, quiet.liar_bytes);
    assert!(
        lied_to.liar_bytes <= quiet.liar_bytes * 2,
        "{} bytes, {} without lies",
        lied_to.liar_bytes,
        quiet.liar_bytes
    );
}
