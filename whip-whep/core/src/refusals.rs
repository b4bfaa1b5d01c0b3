//! How often which problem was said.

use std::collections::BTreeMap;

use crate::limits::LimitHits;
use crate::problem::Problem;

/// Refusals by their stable code, and those that were a limit by its name. A client can invent no code, so there are as
/// many counters as the code has problems.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    by_code: BTreeMap<&'static str, u64>,
    limit_hits: LimitHits,
}

impl Refusals {
    pub(crate) fn count(&mut self, problem: &Problem) {
        let n = self.by_code.entry(problem.code()).or_default();
        *n = n.saturating_add(1);
        if let Some(limit) = problem.limit() {
            self.limit_hits.count(limit);
        }
    }

    /// Every code that was said, and how often.
    pub fn by_code(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.by_code.iter().map(|(code, n)| (*code, *n))
    }

    /// How often a code was said.
    pub fn of(&self, code: &str) -> u64 {
        self.by_code.get(code).copied().unwrap_or(0)
    }

    pub(crate) const fn limit_hits(&self) -> LimitHits {
        self.limit_hits
    }
}
