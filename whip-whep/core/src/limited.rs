//! What a client is told that met a limit of its own: why, how long to wait, what to do, and which limit it is, under the
//! name that the operator's metrics know it by.

use std::time::Duration;

use crate::limits::Limit;

/// The text of a 503 of a stream that has all the players it may have.
pub(crate) const AUDIENCE_FULL: &str = "The stream has as many players as it may have. Play it by HLS, or POST again after Retry-After. The limit is players_per_stream.";

/// Whole seconds (RFC 9110 section 10.2.3), rounded up: a client that obeys must not be refused again.
pub(crate) const fn seconds(wait: Duration) -> u128 {
    let seconds = wait.as_millis().div_ceil(1_000);
    if seconds == 0 { 1 } else { seconds }
}

/// The text of a 429.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few limits are of one client; those that are stand here"
)]
pub(crate) fn detail(limit: Limit, wait: Duration) -> String {
    let (why, what_to_do) = match limit {
        Limit::PostsPerClient => ("This address sends too many POSTs.", "POST again"),
        Limit::PatchesPerClient => ("This address sends too many PATCHes.", "PATCH again"),
        Limit::DeletesPerClient => ("This address sends too many DELETEs.", "DELETE again"),
        Limit::FailedAuthsPerClient => (
            "Wrong credentials for this stream came from this address too often; for now not even right ones are looked at.",
            "correct the stream key or the token and try again",
        ),
        Limit::StreamStarts => (
            "This client has started the stream too often.",
            "start it again, and then leave it running",
        ),
        Limit::PublishSessionsPerHolder => (
            "Too many sessions publish with this key. DELETE one, or let one expire.",
            "POST again",
        ),
        Limit::EventStreamsPerSession => (
            "The session has too many event streams. DELETE one.",
            "POST again",
        ),
        _ => ("Too many requests.", "try again"),
    };
    let (seconds, name) = (seconds(wait), limit.label());
    format!("{why} Wait {seconds} s, then {what_to_do}. The limit is {name}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_whole_seconds_that_suffice() {
        for (millis, said) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (6_000, 6)] {
            assert_eq!(seconds(Duration::from_millis(millis)), said, "{millis}");
        }
    }

    #[test]
    fn each_limit_of_a_client_has_a_reason_of_its_own() {
        let limits = [
            Limit::PostsPerClient,
            Limit::PatchesPerClient,
            Limit::DeletesPerClient,
            Limit::FailedAuthsPerClient,
            Limit::StreamStarts,
            Limit::PublishSessionsPerHolder,
            Limit::EventStreamsPerSession,
        ];
        for limit in limits {
            let text = detail(limit, Duration::from_millis(5_500));
            assert!(!text.starts_with("Too many requests."), "{text}");
            assert!(text.contains("Wait 6 s, then "), "{text}");
            assert!(text.contains(limit.label()), "{text}");
        }
    }
}
