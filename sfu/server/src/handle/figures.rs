//! What the media plane says of itself.

use prometheus_client::registry::Registry;
use tokio::sync::oneshot;

use super::Sfu;
use crate::metrics;
use crate::request::Request;
use crate::stats::WorkerStats;

impl Sfu {
    /// The counters of every worker that answers.
    pub async fn stats(&self) -> Vec<WorkerStats> {
        let mut all = Vec::with_capacity(self.inner.doors.len());
        for door in &self.inner.doors {
            let (reply, answer) = oneshot::channel();
            if door.ask(Request::Stats { reply }).await.is_ok()
                && let Ok(stats) = answer.await
            {
                all.push(stats);
            }
        }
        all
    }

    /// Puts the media plane's metrics into a registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        metrics::register(&self.inner.shared, registry);
    }
}
