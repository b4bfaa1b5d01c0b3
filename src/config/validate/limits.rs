//! Limits at which nobody would be served.

use super::Checks;
use crate::config::settings::Limits;

/// A limit of zero refuses everybody, which is never meant: who wants to serve nobody stops the server.
pub(super) fn check(limits: &Limits, checks: &mut Checks<'_>) {
    const CONNECT: &str = "nobody could connect";
    const PUBLISH: &str = "nobody could publish";
    const JOIN: &str = "nobody could publish or play";
    let of_count = [
        ("connections", limits.connections, CONNECT),
        (
            "connections_per_address",
            limits.connections_per_address,
            CONNECT,
        ),
        ("sessions", limits.sessions, JOIN),
        (
            "players_per_stream",
            limits.players_per_stream,
            "nobody could play by WHEP",
        ),
        (
            "publish_sessions_per_holder",
            limits.publish_sessions_per_holder,
            PUBLISH,
        ),
    ];
    let of_rate = [
        (
            "stream_starts_per_minute",
            limits.stream_starts_per_minute,
            PUBLISH,
        ),
        (
            "failed_auths_per_minute",
            limits.failed_auths_per_minute,
            "no credential would be looked at",
        ),
        (
            "joins_per_second_and_client",
            limits.joins_per_second_and_client,
            JOIN,
        ),
    ];
    let counts = of_count.map(|(name, limit, effect)| (name, limit == 0, effect));
    let rates = of_rate.map(|(name, limit, effect)| (name, limit == 0, effect));
    for (name, is_zero, effect) in counts.into_iter().chain(rates) {
        if is_zero {
            checks.refuse(&format!("limits.{name}"), effect, "write 1 or more");
        }
    }
}
