//! Virtual time for an engine that counts in the standard library's type.

use std::sync::OnceLock;
use std::time::Duration;

use sfu_model::time::Instant;

static ANCHOR: OnceLock<std::time::Instant> = OnceLock::new();

/// The standard library's moment at [`Instant::START`]: the same for every world of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine's type can only be made by reading a clock; nothing depends on what it says"
)]
pub fn anchor() -> std::time::Instant {
    *ANCHOR.get_or_init(std::time::Instant::now)
}

/// A moment of the world, in the engine's type.
pub fn to_engine(now: Instant) -> std::time::Instant {
    anchor() + Duration::from_nanos(now.as_nanos())
}

/// A moment of the engine in the world's type; `None` for its "never".
pub fn from_engine(at: std::time::Instant) -> Option<Instant> {
    const NEVER: Duration = Duration::from_secs(3_600 * 24 * 365);
    let since = at.saturating_duration_since(anchor());
    (since < NEVER).then(|| Instant::START + since)
}
