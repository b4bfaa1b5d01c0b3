//! What `/metrics` says about the media plane. Counters come from the workers' snapshots, at most a second old.

mod capture_delay;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use sfu_core::capture_delays::CaptureDelays;
use sfu_core::event::Role;
use sfu_model::drop_reason::DropReason;

use crate::shared::Shared;
use crate::stats::WorkerStats;

/// Puts everything into a registry.
pub(crate) fn register(shared: &Arc<Shared>, registry: &mut Registry) {
    registry.register(
        "sfu_join_duration_seconds",
        "From a viewer's offer to the first media packet it was sent",
        shared.durations.join.clone(),
    );
    registry.register(
        "sfu_connect_duration_seconds",
        "From a session's offer to its transport being up",
        shared.durations.connect.clone(),
    );
    registry.register_collector(Box::new(Snapshots(Arc::clone(shared))));
}

#[derive(Debug)]
struct Snapshots(Arc<Shared>);

impl Collector for Snapshots {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let workers: Vec<WorkerStats> = self.0.snapshots().iter().flatten().cloned().collect();
        let n_rooms = self.0.placement().rooms().len();
        let requests_limit_hits = self.0.requests_limit_hits();
        let mut page = Page {
            encoder,
            workers: &workers,
            requests_limit_hits,
        };
        page.rooms(n_rooms)?;
        page.sessions()?;
        let help = "Sessions that ended, by why";
        let closed = self.0.closed_sessions.counts();
        page.counters("sfu_sessions_closed", help, "reason", closed)?;
        page.traffic()?;
        let delays = workers.iter().map(|worker| worker.core.capture_delays);
        let delays = delays.fold(CaptureDelays::default(), |sum, more| sum.plus(&more));
        capture_delay::encode(&mut page.encoder, &delays)?;
        page.drops()?;
        page.keyframe_requests()?;
        page.limits()?;
        page.threads()
    }
}

struct Page<'e, 'w> {
    encoder: DescriptorEncoder<'e>,
    workers: &'w [WorkerStats],
    requests_limit_hits: u64,
}

impl Page<'_, '_> {
    fn sum(&self, of: impl Fn(&WorkerStats) -> u64) -> u64 {
        self.workers.iter().map(of).fold(0, u64::saturating_add)
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, None, kind)
    }

    /// One counter for each value of a label.
    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        for (value, n) in values {
            let labels = [(label, value)];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabels, _, u64>(&n, None)?;
        }
        Ok(())
    }

    fn rooms(&mut self, n_rooms: usize) -> fmt::Result {
        let mut family = self.family("sfu_rooms", "Rooms with a session", MetricType::Gauge)?;
        family.encode_gauge(&gauge(n_rooms))
    }

    fn sessions(&mut self) -> fmt::Result {
        let publishers = self
            .workers
            .iter()
            .map(|worker| worker.core.n_publishers)
            .sum();
        let subscribers = self
            .workers
            .iter()
            .map(|worker| worker.core.n_subscribers)
            .sum();
        let n_connections = self.workers.iter().map(|worker| worker.n_connections).sum();
        let mut family = self.family("sfu_sessions", "Sessions by role", MetricType::Gauge)?;
        for (role, n) in [
            (Role::Publisher, publishers),
            (Role::Subscriber, subscribers),
        ] {
            let labels = [("role", role.label())];
            family.encode_family(&labels)?.encode_gauge(&gauge(n))?;
        }
        let mut family = self.family(
            "sfu_tcp_connections",
            "ICE-TCP connections",
            MetricType::Gauge,
        )?;
        family.encode_gauge(&gauge(n_connections))
    }

    fn traffic(&mut self) -> fmt::Result {
        let packets = [
            ("in", self.sum(|worker| worker.core.packets_in)),
            ("out", self.sum(|worker| worker.core.packets_out)),
        ];
        let repairs = [
            ("asked", self.sum(|worker| worker.core.repairs_out)),
            ("copy", self.sum(|worker| worker.core.copies_out)),
            ("probe", self.sum(|worker| worker.core.probes_out)),
        ];
        let bytes = [
            ("in", self.sum(|worker| worker.core.bytes_in)),
            ("out", self.sum(|worker| worker.core.bytes_out)),
        ];
        let calls = [
            ("in", self.sum(|worker| worker.sockets.calls_in)),
            ("out", self.sum(|worker| worker.sockets.calls_out)),
        ];
        let help = "Media packets from publishers and to viewers";
        self.counters("sfu_packets", help, "direction", packets)?;
        let help = "Media packets sent to viewers again: because they asked, as a further copy of that where much is lost, \
                    or to probe what a path carries";
        self.counters("sfu_repairs", help, "reason", repairs)?;
        let recovered = self.sum(|worker| worker.core.audio_recovered);
        let help = "Packets of sound that publishers' own redundancy brought back";
        self.counters(
            "sfu_audio_recovered",
            help,
            "direction",
            [("in", recovered)],
        )?;
        let help = "Payload bytes of media packets from publishers and to viewers";
        self.counters("sfu_bytes", help, "direction", bytes)?;
        let help = "System calls that read or sent datagrams";
        self.counters("sfu_socket_calls", help, "direction", calls)?;
        let cut = [("hand", self.sum(|worker| worker.sockets.runs_cut_by_hand))];
        let help = "Runs of datagrams sent one by one because the network refused to cut them";
        self.counters("sfu_socket_runs_cut", help, "by", cut)?;
        let links = [("link", self.sum(|worker| worker.core.packets_linked))];
        self.counters(
            "sfu_packets_linked",
            "Media packets to other workers",
            "over",
            links,
        )?;
        let strays = [("out", self.sum(|worker| worker.thread.strays_out))];
        let help = "Datagrams that the kernel gave to another worker than theirs";
        self.counters("sfu_strays", help, "direction", strays)
    }

    fn drops(&mut self) -> fmt::Result {
        let count = |reason: &DropReason| {
            (
                reason.label(),
                self.sum(|worker| worker.core.drops.get(*reason)),
            )
        };
        let drops: Vec<(&str, u64)> = DropReason::ALL.iter().map(count).collect();
        let help = "Datagrams and packets that went nowhere";
        self.counters("sfu_packets_dropped", help, "reason", drops)
    }

    fn keyframe_requests(&mut self) -> fmt::Result {
        let sides = [
            (
                "subscriber",
                self.sum(|worker| worker.core.keyframe_requests_received),
            ),
            (
                "publisher",
                self.sum(|worker| worker.core.keyframe_requests_sent),
            ),
        ];
        let help = "Keyframe requests by viewers, and to publishers";
        self.counters("sfu_keyframe_requests", help, "side", sides)
    }

    fn limits(&mut self) -> fmt::Result {
        let hits = [
            ("sessions", self.sum(|worker| worker.core.sessions_max_hits)),
            ("rooms", self.sum(|worker| worker.core.rooms_max_hits)),
            ("events", self.sum(|worker| worker.core.events_max_hits)),
            (
                "addresses",
                self.sum(|worker| worker.core.addresses_max_hits),
            ),
            (
                "keyframe_requests",
                self.sum(|worker| worker.core.keyframe_requests_max_hits),
            ),
            (
                "track_changes",
                self.sum(|worker| worker.core.track_changes_max_hits),
            ),
            (
                "encodings",
                self.sum(|worker| worker.core.encodings_max_hits),
            ),
            (
                "link_backlog",
                self.sum(|worker| worker.thread.backlog_limit_hits),
            ),
            (
                "tcp_connections",
                self.sum(|worker| worker.thread.connections_limit_hits),
            ),
            ("tcp_time", self.sum(|worker| worker.thread.tcp_time_hits)),
            ("tcp_stall", self.sum(|worker| worker.thread.tcp_stall_hits)),
            (
                "descriptors",
                self.sum(|worker| worker.thread.descriptors_limit_hits),
            ),
            (
                "notices",
                self.sum(|worker| worker.thread.notices_limit_hits),
            ),
            ("requests", self.requests_limit_hits),
        ];
        let help = "Times that a limit of the media plane was met";
        self.counters("sfu_limit_hits", help, "limit", hits)?;
        let invariants = [("core", self.sum(|worker| worker.core.invariants_violated))];
        let help = "Sessions closed because of an impossible state";
        self.counters("sfu_invariants_violated", help, "site", invariants)
    }

    fn threads(&mut self) -> fmt::Result {
        let workers = self.workers;
        let named: Vec<(String, &WorkerStats)> = workers
            .iter()
            .map(|worker| (worker.worker.to_string(), worker))
            .collect();
        let help = "Share of the last second that a worker did not sleep";
        let mut family = self.family("sfu_worker_busy_ratio", help, MetricType::Gauge)?;
        for (name, worker) in &named {
            let labels = [("worker", name.as_str())];
            family
                .encode_family(&labels)?
                .encode_gauge(&worker.thread.busy_ratio)?;
        }
        let help = "Control messages that wait in a worker for other workers";
        let mut family = self.family("sfu_worker_mailbox_backlog", help, MetricType::Gauge)?;
        for (name, worker) in &named {
            let labels = [("worker", name.as_str())];
            family
                .encode_family(&labels)?
                .encode_gauge(&gauge(worker.thread.n_backlog))?;
        }
        let restarts = named
            .iter()
            .map(|(name, worker)| (name.as_str(), worker.thread.restarts));
        self.counters(
            "sfu_worker_restarts",
            "Times a worker failed and began again",
            "worker",
            restarts,
        )
    }
}

type NoLabels = [(&'static str, &'static str); 0];

fn gauge(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
