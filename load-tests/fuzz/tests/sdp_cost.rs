//! What a hostile offer costs: at most [`BAR`] of CPU, whatever it holds, admitted or not.

#![expect(
    clippy::expect_used,
    reason = "a kernel that counts no time fails the test"
)]

use std::fs;
use std::time::Duration;

use freshet_fuzz::bombs::sdp_bombs;
use freshet_fuzz::connected::{PUBLISHER, new_sfu, publish};
use sfu_core::Sfu;
use sfu_model::limits::SDP_BYTES_MAX;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use whip_whep_core::offer::{OfferRefusal, admit};
use whip_whep_core::request::Endpoint;

/// CPU time of one offer, engine included, in every profile that tests run in.
const BAR: Duration = Duration::from_millis(5);

/// Of so many runs the cheapest counts: what interrupts the others is not the offer's.
const RUNS: usize = 5;

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    // The kernel brings the count up to date when it schedules, not when it is asked.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts");
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is nanoseconds"))
}

/// What the HTTP side does with a body: refuses one that is too long unread, admits the rest, and asks the engine.
fn handle(sfu: &mut Sfu, body: &[u8]) -> Result<(), OfferRefusal> {
    let admitted = admit(body, Endpoint::Whip)?;
    // The engine may refuse too, and must be as quick about it.
    let _ = sfu.handle_command(publish(PUBLISHER, &admitted.engine_offer), Instant::START);
    Ok(())
}

fn cost(body: &[u8]) -> Duration {
    let runs = (0..RUNS).map(|_| {
        let mut sfu = new_sfu();
        let before = cpu_time();
        let _ = std::hint::black_box(handle(&mut sfu, body));
        cpu_time() - before
    });
    runs.min().unwrap_or_default()
}

#[test]
fn no_offer_costs_more_than_five_milliseconds() {
    let mut costs: Vec<(Duration, &str)> = Vec::new();
    for (name, body) in sdp_bombs() {
        let read = body.get(..SDP_BYTES_MAX.min(body.len())).unwrap();
        // Beyond the cap nothing is read; what a client gets in below it is the longest part of the bomb, too.
        costs.push((cost(read).max(cost(&body)), name));
    }
    costs.sort_unstable();
    for (cost, name) in &costs {
        println!("{:>8} us  {name}", cost.as_micros());
    }
    let (worst, name) = costs.last().unwrap();
    assert!(*worst <= BAR, "{name} costs {worst:?}");
}

#[test]
fn the_clock_of_this_test_counts_every_microsecond() {
    let before = cpu_time();
    let wall = Clock::start();
    while wall.now().saturating_since(Instant::START) < Duration::from_micros(500) {
        std::hint::spin_loop();
    }
    let counted = cpu_time() - before;
    assert!(
        counted >= Duration::from_micros(1) && counted < Duration::from_millis(50),
        "{counted:?}"
    );
}

#[test]
fn every_hostile_offer_that_breaks_a_rule_is_refused_by_name() {
    use OfferRefusal as Refused;
    let is_expected = |name: &str, refused: Refused| match name {
        "10,000 m-lines" => matches!(refused, Refused::TooManyMediaLines | Refused::Malformed(_)),
        "100,000 candidates" | "candidates that fill a body" => {
            matches!(refused, Refused::TooManyCandidates | Refused::Malformed(_))
        }
        "a line of 64 KB" | "NULs" | "line ends only" | "a megabyte" => {
            matches!(refused, Refused::Malformed(_))
        }
        "duplicate mids" => refused == Refused::DuplicateMid,
        "no fingerprint" => refused == Refused::NoFingerprint,
        "an empty fingerprint" => refused == Refused::BadFingerprint,
        "two fingerprints" => refused == Refused::ConflictingFingerprints,
        "plain RTP" => refused == Refused::PlainRtp,
        // Longer than the rules of its kind allow: which of them is met first is the reader's affair.
        fill => fill.ends_with("fill a body"),
    };
    for (name, body) in sdp_bombs() {
        let admitted = admit(&body, Endpoint::Whip);
        let must_be_refused = !name.ends_with("fill a body") || name.starts_with("candidates");
        assert!(admitted.is_err() || !must_be_refused, "{name} was admitted");
        if let Err(refused) = admitted {
            assert!(is_expected(name, refused), "{name}: {refused}");
        }
    }
}
