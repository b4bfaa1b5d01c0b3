//! Whether what a process has of its card still works: asked when a slot leaves the card, which may have failed at that stream
//! alone. A fault of CUDA's stays with its context, which all slots of the process share, and another process has its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::line::Reason;
use super::outlet::Outlet;
use super::trial;
use crate::message::from_worker::FromWorker;
use crate::plan::{Card, Plan};

/// A few pictures take milliseconds where a driver is loaded already; a card that has died may keep whoever touches it for ever.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// One of a process, whose slots have the same.
#[derive(Clone, Debug, Default)]
pub(super) struct CardCheck {
    is_running: Arc<AtomicBool>,
}

impl CardCheck {
    /// Sends pictures through the card's memory, on a thread of its own, and tells the server if they do not come back. Its
    /// encoder is left out: one that has no session left is nobody else's fault.
    pub(super) fn begin(&self, plan: &Arc<Plan>, outlet: &Outlet) {
        if !plan.route().scale.is_card() || self.is_running.swap(true, Ordering::Relaxed) {
            return;
        }
        let (plan, outlet) = (Arc::clone(plan), outlet.clone());
        let check = self.clone();
        let thread = std::thread::Builder::new().name("card-check".into());
        let started = thread.spawn(move || {
            if let Err(why) = ask(plan) {
                tracing::error!(%why, "what this process has of its card does not work any more");
                outlet.tell(&FromWorker::CardLost(why));
            }
            check.is_running.store(false, Ordering::Relaxed);
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to look at the card");
            self.is_running.store(false, Ordering::Relaxed);
        }
    }
}

fn ask(plan: Arc<Plan>) -> Result<(), Reason> {
    let (answer, answered) = sync_channel(1);
    let thread = std::thread::Builder::new().name("card-trial".into());
    // Whoever gave it up does not hear it any more.
    let trial = move || drop(answer.send(trial::encode(&plan, Card::EncoderLeft)));
    thread.spawn(trial).map_err(|error| error.to_string())?;
    answered
        .recv_timeout(ANSWERS_WITHIN)
        .unwrap_or_else(|_| Err("a trial of it has not ended".into()))
}
