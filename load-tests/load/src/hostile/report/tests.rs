use super::*;
use crate::hostile::Attacked;
use crate::latency::Histogram;
use crate::proc::Scheduled;

fn set_ups(n_connected: usize, took_ms: u64) -> SetUps {
    SetUps {
        n_wanted: 200,
        n_connected,
        took: vec![Duration::from_millis(took_ms); n_connected],
    }
}

fn watched(latency_us: u64, ran_ms: u64) -> Watched {
    let mut latency = Histogram::default();
    latency.record(Duration::from_micros(latency_us));
    Watched {
        latency,
        n_packets: 1,
        server: Scheduled {
            ran: Duration::from_millis(ran_ms),
            waited: Duration::ZERO,
        },
        grown_bytes: 100_000,
        lasted: Duration::from_secs(10),
    }
}

fn flood(per_second: u32) -> Flood {
    let n = u64::from(per_second) * 10;
    Flood {
        wanted_per_second: per_second,
        attacked: Attacked {
            n_sent: n,
            n_refused: 0,
            n_answers: 0,
            lasted: Duration::from_secs(10),
        },
        n_rejected: n,
    }
}

fn good() -> Outcome {
    Outcome {
        set_ups: Pair {
            calm: set_ups(200, 100),
            flooded: set_ups(200, 149),
        },
        hellos: flood(5_000),
        watched: Pair {
            calm: watched(500, 1_000),
            flooded: watched(2_000, 1_400),
        },
        requests: flood(20_000),
        n_sessions: (51, 51),
    }
}

#[test]
fn a_good_run_passes_and_a_request_costs_what_the_server_used_more() {
    let report = Report::new(&good(), Bars::default());
    assert!(report.passed(), "{report}");
    assert!((report.cpu_us_per_rejected - 2.0).abs() < 1e-9);
    assert!(!report.to_string().contains("FAILED"));
}

#[test]
fn each_bar_can_be_missed() {
    let misses: [fn(&mut Outcome); 14] = [
        |o| o.set_ups.calm = set_ups(199, 100),
        |o| o.set_ups.flooded = set_ups(199, 100),
        |o| o.set_ups.flooded = set_ups(200, 151),
        |o| o.watched.flooded = watched(2_600, 1_400),
        |o| o.watched.flooded.latency = Histogram::default(),
        |o| {
            o.watched.calm = watched(3_000_000, 1_000);
            o.watched.flooded = watched(3_000_000, 1_400);
        },
        |o| o.watched.calm.server.waited = Duration::from_secs(3),
        |o| o.watched.flooded = watched(500, 1_700),
        |o| o.watched.flooded.grown_bytes += 2 << 20,
        |o| o.n_sessions.1 = 52,
        |o| o.hellos.attacked.n_answers = 1,
        |o| o.requests.attacked.n_answers = 1,
        |o| o.requests.attacked.lasted = Duration::from_secs(11),
        |o| o.hellos.n_rejected = 1,
    ];
    for (n, miss) in misses.into_iter().enumerate() {
        let mut outcome = good();
        miss(&mut outcome);
        let report = Report::new(&outcome, Bars::default());
        assert!(!report.passed(), "number {n}");
        assert!(report.to_string().contains("FAILED"), "number {n}");
    }
}

#[test]
fn a_percentile_beyond_the_histogram_is_no_number() {
    let last_but_one = watched(1_999_980, 1_000);
    assert_eq!(latency_ms(&last_but_one, 99), Some(1_999.99));
    assert_eq!(latency_ms(&watched(1_999_990, 1_000), 99), None);
    assert_eq!(latency_ms(&watched(9_000_000, 1_000), 99), None);
}

#[test]
fn a_server_may_wait_for_a_quarter_of_a_core_while_calm_and_longer_while_flooded() {
    let failures = |calm_ms: u64, flooded_ms: u64| {
        let mut outcome = good();
        outcome.watched.calm.server.waited = Duration::from_millis(calm_ms);
        outcome.watched.flooded.server.waited = Duration::from_millis(flooded_ms);
        Report::new(&outcome, Bars::default()).failures()
    };
    assert_eq!(failures(2_500, 5_000), Vec::<&str>::new());
    let busy = "the machine is too busy with something else";
    assert_eq!(failures(2_501, 0), [busy]);
}
