//! Keyframe requests reach a publisher with a distance, for each of its encodings.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;

/// Two requests for one encoding that came too close to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooClose {
    /// The rank of the encoding.
    pub rank: u8,
    /// When the second came.
    pub at: Instant,
    /// How long after the first.
    pub after: Duration,
}

/// Looks at the requests that reached a publisher over a path without jitter, in the order in which they came.
pub fn check(requests: &[(Instant, u8)], interval_min: Duration) -> Result<(), TooClose> {
    let mut last: BTreeMap<u8, Instant> = BTreeMap::new();
    for (at, rank) in requests.iter().copied() {
        if let Some(before) = last.insert(rank, at) {
            let after = at - before;
            if after < interval_min {
                return Err(TooClose { rank, at, after });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_of_one_encoding_too_close_fail() {
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let requests = [(at(0), 0), (at(10), 1), (at(250), 0), (at(259), 1)];
        let bound = Duration::from_millis(250);
        let verdict = check(&requests, bound);
        assert_eq!(
            verdict.map_err(|e| (e.rank, e.after.as_millis())),
            Err((1, 249))
        );
        assert_eq!(check(&requests[..3], bound), Ok(()));
    }
}
