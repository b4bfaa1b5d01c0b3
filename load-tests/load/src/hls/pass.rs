//! Time that passes.

use std::time::Duration;

/// Waits so long.
pub(super) async fn pass(time: Duration) {
    // An interval's second tick is one period after its first.
    let mut interval = tokio::time::interval(time.max(Duration::from_millis(1)));
    interval.tick().await;
    interval.tick().await;
}
