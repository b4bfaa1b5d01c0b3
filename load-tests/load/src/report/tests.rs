//! Reports of outcomes that were made up.

use super::*;
use crate::encodings::Encodings;
use crate::network::Profile;
use crate::proc::Scheduled;
use crate::publisher::Published;
use crate::stage::{Measured, ServerUse};
use crate::tally::{Join, Tallies, Tally};

const BARS: Bars = Bars {
    lost_max: 0,
    cpu_us_max: Some(3.5),
    limit_ratio_max: Some(2.0),
    join_p95_max: Some(Duration::from_millis(30)),
    keyframe_requests_max: Some(5),
    latency_p50_max: None,
    latency_p99_beyond_max: None,
    server_cores_max: None,
    server_bytes_per_viewer_max: None,
};

/// 2 us.
const LIMIT: Option<Spread> = Some(Spread {
    min: 1_900.0,
    median: 2_000.0,
    max: 2_100.0,
});

fn ran(seconds: u64) -> Scheduled {
    Scheduled {
        ran: Duration::from_secs(seconds),
        waited: Duration::ZERO,
    }
}

fn join(ms: u64) -> Join {
    Join {
        posted_at: Instant::START,
        took: Duration::from_millis(ms),
    }
}

fn good() -> Outcome {
    outcome(|_, _| ())
}

fn outcome(change: impl Fn(&mut Tally, &mut Tally)) -> Outcome {
    let mut window = Tally::default();
    window.window.n_packets = 1_000_000;
    window.window.n_bytes = 1_000;
    let mut settled = Tally {
        n_alive: 2,
        n_receiving: 2,
        joins: vec![join(30), join(10)],
        ..Tally::default()
    };
    change(&mut window, &mut settled);
    let clean = |tally| Tallies::from_iter([(Profile::Clean, tally)]);
    Outcome {
        n_viewers: 2,
        encodings: Encodings::One,
        published: Published::default(),
        measured: Measured {
            lasted: Duration::from_secs(10),
            window: clean(window),
            server: Some(ServerUse {
                scheduled: ran(3),
                resident_bytes: (1_000_000, 1_400_000),
            }),
            own: ran(5),
        },
        settled: clean(settled),
    }
}

#[test]
fn a_good_run_passes_and_its_figures_are_these() {
    let report = Report::new(&good(), BARS, LIMIT);
    assert!(report.passed(), "{report}");
    assert_eq!(report.server_cpu_us_per_packet, Some(3.0));
    assert_eq!(report.server_cpu_over_limit, Some(1.5));
    assert_eq!(report.server_bytes_per_viewer, Some(200_000));
    assert_eq!(
        (report.join_p50_ms, report.join_p95_ms),
        (Some(10), Some(30))
    );
    assert!(!report.to_string().contains("FAILED"));
}

#[test]
fn each_bar_can_be_missed() {
    let seen: [fn(&mut Tally, &mut Tally); 6] = [
        |_, settled| settled.joins = vec![join(31); 2],
        |_, settled| settled.joins.truncate(1),
        |_, settled| settled.n_lost = 1,
        |_, settled| settled.n_receiving = 1,
        |_, settled| settled.faults.misnumbered = 1,
        |window, _| window.window.n_packets = 0,
    ];
    let used: [fn(&mut Outcome); 3] = [
        |o| o.published.n_keyframe_requests = 6,
        |o| o.measured.server = None,
        |o| {
            if let Some(server) = &mut o.measured.server {
                server.scheduled = ran(4);
            }
        },
    ];
    let mut missed: Vec<_> = seen.into_iter().map(outcome).collect();
    for miss in used {
        let mut outcome = good();
        miss(&mut outcome);
        missed.push(outcome);
    }
    for (n, outcome) in missed.into_iter().enumerate() {
        let report = Report::new(&outcome, BARS, LIMIT);
        assert!(!report.passed(), "number {n}");
        assert!(report.to_string().contains("FAILED"), "number {n}");
    }
    let near = LIMIT.map(|limit| Spread {
        median: 1_000.0,
        ..limit
    });
    assert!(!Report::new(&good(), BARS, near).passed());
    assert!(!Report::new(&good(), BARS, None).passed());
}

#[test]
fn what_the_server_uses_and_how_late_it_is_has_bars_too() {
    let passes = |change: fn(&mut Bars)| {
        let mut bars = BARS;
        change(&mut bars);
        let timely = outcome(|window, _| {
            window.window.latency.record(Duration::from_micros(900));
        });
        Report::new(&timely, bars, LIMIT).passed()
    };
    assert!(passes(|bars| bars.server_cores_max = Some(0.3)));
    assert!(!passes(|bars| bars.server_cores_max = Some(0.29)));
    assert!(passes(
        |bars| bars.server_bytes_per_viewer_max = Some(200_000)
    ));
    assert!(!passes(
        |bars| bars.server_bytes_per_viewer_max = Some(199_999)
    ));
    assert!(passes(
        |bars| bars.latency_p50_max = Some(Duration::from_micros(910))
    ));
    assert!(!passes(
        |bars| bars.latency_p50_max = Some(Duration::from_micros(800))
    ));
}
