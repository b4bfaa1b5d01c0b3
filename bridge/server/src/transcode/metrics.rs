//! What `/metrics` and the log say of the transcoder.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge_transcode::capabilities::{Capabilities, Role, State};
use bridge_transcode::message::from_worker::Trouble;
use bridge_transcode::place::Place;
use bridge_transcode::plan::Plan;
use bridge_transcode::supervisor::Supervisor;
use bridge_transcode::supervisor::snapshot::Snapshot;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::time::sleep;
use tracing::{info, warn};

use super::card_use::Cards;
use super::job_metrics;

/// How often the supervisor is asked how it stands; what is scraped is as old at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the transcoder stood when it was last asked. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    seen: Arc<Mutex<Seen>>,
    cards: Cards,
}

#[derive(Debug, Default)]
struct Seen {
    snapshot: Snapshot,
    capabilities: Option<Capabilities>,
}

impl Watched {
    /// Asks for as long as there is a supervisor, and says what this machine can do: once, and when a card is given up.
    pub(crate) async fn watch(self, supervisor: Supervisor) {
        while let Some(snapshot) = supervisor.snapshot().await {
            let before = std::mem::replace(&mut self.seen().snapshot, snapshot);
            let is_other = before.cards_given_up != snapshot.cards_given_up;
            if (is_other || self.seen().capabilities.is_none())
                && let Some(found) = supervisor.probe().await
            {
                tell(&found);
                if takes_nvidia(&found) {
                    self.cards.watch();
                }
                self.seen().capabilities = Some(found);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// A panic under the lock leaves figures that are whole: they change in one move.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn takes_nvidia(found: &Capabilities) -> bool {
    let plan = Plan::of(found);
    let mut taken = Role::ALL.into_iter().filter_map(|role| plan.taken(role));
    taken.any(|(_, place)| place == Place::Nvidia)
}

fn tell(found: &Capabilities) {
    let plan = Plan::of(found);
    for role in Role::ALL {
        let label = role.label();
        match plan.taken(role) {
            Some((element, place)) => {
                info!(
                    role = label,
                    element,
                    place = place.label(),
                    "the transcoder has found"
                );
            }
            None => warn!(role = label, "the transcoder has found nothing for this"),
        }
    }
    for element in found.elements.iter().filter(|e| e.place.is_card()) {
        if let State::Broken(why) = &element.state {
            let (name, why) = (&*element.name, &**why);
            warn!(
                element = name,
                why, "an element of a card's is there and does not serve"
            );
        }
    }
    for tried in &found.tried {
        let (route, encoder) = (tried.route, &*tried.encoder);
        match &tried.failure {
            None => info!(%route, encoder, "pictures go over a card"),
            Some(why) => warn!(%route, encoder, why = &**why, "a card was tried and is not used"),
        }
    }
}

fn found(found: &Capabilities, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let plan = Plan::of(found);
    let mut elements = encoder.encode_descriptor(
        "transcode_element",
        "The element that is taken for each role, and where it works; 0 where nothing serves",
        None,
        MetricType::Gauge,
    )?;
    for role in Role::ALL {
        let taken = plan.taken(role);
        let (element, place) =
            taken.map_or(("none", "none"), |(name, place)| (name, place.label()));
        let labels = [
            ("role", role.label()),
            ("element", element),
            ("place", place),
        ];
        let gauge = ConstGauge::new(u64::from(taken.is_some()));
        gauge.encode(elements.encode_family(&labels)?)?;
    }
    let mut trials = encoder.encode_descriptor(
        "transcode_trial",
        "What was tried over a card at the start; 1 where it works and is taken",
        None,
        MetricType::Gauge,
    )?;
    for tried in &found.tried {
        let labels = [
            ("scale", tried.route.scale.label()),
            ("encode", tried.route.encode.label()),
            ("element", &*tried.encoder),
        ];
        let gauge = ConstGauge::new(u64::from(tried.failure.is_none()));
        gauge.encode(trials.encode_family(&labels)?)?;
    }
    Ok(())
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let seen = self.seen();
        gauges(&seen.snapshot, &mut encoder)?;
        counters(&seen.snapshot, &mut encoder)?;
        job_metrics::encode(&seen.snapshot, &mut encoder)?;
        self.cards.encode(&mut encoder)?;
        let mut troubles = encoder.encode_descriptor(
            "transcode_troubles",
            "What was wrong with slots that went on",
            None,
            MetricType::Counter,
        )?;
        for (trouble, n) in Trouble::ALL.iter().zip(seen.snapshot.troubles) {
            let labels = [("trouble", trouble.label())];
            ConstCounter::new(n).encode(troubles.encode_family(&labels)?)?;
        }
        match &seen.capabilities {
            Some(capabilities) => found(capabilities, &mut encoder),
            None => Ok(()),
        }
    }
}

fn gauges(snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let census = snapshot.census;
    let rows = [
        (
            "transcode_workers_ready",
            "Worker processes that are ready",
            census.workers_ready as u64,
        ),
        (
            "transcode_slots",
            "Jobs that have a worker, or will soon",
            census.slots as u64,
        ),
        (
            "transcode_pixel_rate",
            "Pixels a second that the jobs may need",
            census.pixel_rate,
        ),
        (
            "transcode_lag_max_microseconds",
            "Longest way from a picture in to its frame out in the last second",
            snapshot.counts.lag_max_us,
        ),
    ];
    for (name, help, value) in rows {
        let gauge = ConstGauge::new(value);
        gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
    }
    Ok(())
}

fn counters(snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let of_workers = [
        (
            "transcode_worker_exits",
            "Workers that ended while they were needed",
            snapshot.worker_exits,
        ),
        (
            "transcode_workers_silent",
            "Workers that were ended because they said nothing",
            snapshot.workers_silent,
        ),
        (
            "transcode_workers_stuck",
            "Workers that were ended because they made nothing of what came",
            snapshot.workers_stuck,
        ),
        (
            "transcode_workers_card_lost",
            "Workers that were ended because what they had of a card failed",
            snapshot.workers_card_lost,
        ),
        (
            "transcode_cards_given_up",
            "Times that a card was given up until the next start",
            snapshot.cards_given_up,
        ),
        (
            "transcode_messages_malformed",
            "Messages of workers that were none",
            snapshot.messages_malformed,
        ),
        (
            "transcode_slots_queued",
            "Jobs that were told to wait",
            snapshot.slots_queued,
        ),
    ];
    for (name, help, value) in of_workers.into_iter().chain(of_frames(snapshot)) {
        let counter = ConstCounter::new(value);
        counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
    }
    Ok(())
}

fn of_frames(snapshot: &Snapshot) -> [(&'static str, &'static str, u64); 5] {
    let counts = snapshot.counts;
    let in_dropped = counts
        .frames_in_dropped
        .saturating_add(snapshot.frames_in_dropped);
    let out_dropped = counts
        .frames_out_dropped
        .saturating_add(snapshot.frames_out_dropped);
    [
        (
            "transcode_frames_in",
            "Frames of publishers that came to a worker",
            counts.frames_in,
        ),
        (
            "transcode_frames_in_dropped",
            "Frames of publishers that were given up",
            in_dropped,
        ),
        (
            "transcode_pictures_dropped",
            "Pictures that were not encoded, because an encoder was behind",
            counts.pictures_dropped,
        ),
        (
            "transcode_frames_out",
            "Frames that were encoded",
            counts.frames_out,
        ),
        (
            "transcode_frames_out_dropped",
            "Encoded frames that nobody read in time",
            out_dropped,
        ),
    ]
}
