//! The page as a scraper sees it.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use sfu_core::command::CloseReason;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_net::udp::SocketStats;

use super::*;
use crate::stats::ThreadStats;

fn worker(number: u8) -> WorkerStats {
    let mut core = sfu_core::stats::Stats {
        n_publishers: 1,
        n_subscribers: 20,
        packets_in: 100,
        packets_out: 2_000,
        repairs_out: 7,
        copies_out: 4,
        probes_out: 2,
        keyframe_requests_sent: 3,
        capture_delays: CaptureDelays {
            beyond: 3,
            sum: Duration::from_secs(9),
            implausible: 1,
            ..CaptureDelays::default()
        },
        ..Default::default()
    };
    core.drops.add(DropReason::MailboxFull, 5);
    let thread = ThreadStats {
        busy_ratio: 0.25,
        restarts: 1,
        notices_limit_hits: 4,
        tcp_time_hits: 3,
        tcp_stall_hits: 2,
        ..ThreadStats::default()
    };
    let sockets = SocketStats {
        runs_cut_by_hand: 3,
        ..SocketStats::default()
    };
    WorkerStats {
        worker: WorkerId(number),
        core,
        sockets,
        n_connections: 2,
        thread,
    }
}

fn page(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::default();
    register(shared, &mut registry);
    let mut page = String::new();
    encode(&mut page, &registry).unwrap();
    page
}

#[test]
fn counters_are_added_up_over_the_workers() {
    let shared = Arc::new(Shared::new(2));
    *shared.snapshots() = vec![Some(worker(0)), Some(worker(1))];
    let session = SessionId::from_random(1);
    shared
        .placement()
        .seat_publisher(session, &RoomId::parse("demo").unwrap())
        .unwrap();
    shared.count_requests_limit_hit();
    let page = page(&shared);
    for line in [
        "sfu_rooms 1",
        "sfu_sessions{role=\"publisher\"} 2",
        "sfu_sessions{role=\"subscriber\"} 40",
        "sfu_tcp_connections 4",
        "sfu_capture_delay_seconds_bucket{le=\"2.5\"} 0",
        "sfu_capture_delay_seconds_bucket{le=\"+Inf\"} 6",
        "sfu_capture_delay_seconds_count 6",
        "sfu_capture_delay_seconds_sum 18.0",
        "sfu_capture_delay_implausible_total 2",
        "sfu_packets_total{direction=\"in\"} 200",
        "sfu_packets_total{direction=\"out\"} 4000",
        "sfu_repairs_total{reason=\"asked\"} 14",
        "sfu_repairs_total{reason=\"copy\"} 8",
        "sfu_repairs_total{reason=\"probe\"} 4",
        "sfu_socket_runs_cut_total{by=\"hand\"} 6",
        "sfu_bytes_total{direction=\"out\"} 0",
        "sfu_packets_dropped_total{reason=\"mailbox_full\"} 10",
        "sfu_keyframe_requests_total{side=\"publisher\"} 6",
        "sfu_limit_hits_total{limit=\"requests\"} 1",
        "sfu_limit_hits_total{limit=\"notices\"} 8",
        "sfu_limit_hits_total{limit=\"tcp_time\"} 6",
        "sfu_limit_hits_total{limit=\"tcp_stall\"} 4",
        "sfu_worker_busy_ratio{worker=\"1\"} 0.25",
        "sfu_worker_mailbox_backlog{worker=\"0\"} 0",
        "sfu_worker_restarts_total{worker=\"0\"} 1",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line} is missing:\n{page}"
        );
    }
}

#[test]
fn every_reason_has_a_line_from_the_start() {
    let page = page(&Arc::new(Shared::new(1)));
    for reason in DropReason::ALL {
        let line = format!(
            "sfu_packets_dropped_total{{reason=\"{}\"}} 0",
            reason.label()
        );
        assert!(page.lines().any(|found| found == line), "{line} is missing");
    }
    for reason in CloseReason::ALL {
        let line = format!(
            "sfu_sessions_closed_total{{reason=\"{}\"}} 0",
            reason.label()
        );
        assert!(page.lines().any(|found| found == line), "{line} is missing");
    }
}

#[test]
fn a_join_lands_in_its_bucket() {
    let shared = Arc::new(Shared::new(1));
    let session = SessionId::from_random(1);
    let after = Duration::from_millis(180);
    shared
        .durations
        .observe(&sfu_core::event::Event::FirstPacketSent { session, after });
    let page = page(&shared);
    assert!(
        page.contains("sfu_join_duration_seconds_bucket{le=\"0.15\"} 0"),
        "{page}"
    );
    assert!(
        page.contains("sfu_join_duration_seconds_bucket{le=\"0.2\"} 1"),
        "{page}"
    );
    assert!(
        page.contains("sfu_connect_duration_seconds_count 0"),
        "{page}"
    );
}
