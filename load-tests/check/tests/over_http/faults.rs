//! What proxies, caches and other origins do to a stream.

use bridge_origin::cache_policy::CachePolicy;
use bridge_origin::response::{Response, Status};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Directives never arrive: a cache drops queries.
    AnswersEarly,
    /// What is not there yet is 404.
    RefusesHints,
    /// No other page may read.
    ForgetsCors,
    /// Segments lose their last byte.
    TruncatesSegments,
    /// `_HLS_part` alone is let through.
    AnswersPartWithoutMsn,
}

impl Fault {
    /// The query that the origin is shown.
    pub(crate) fn query(self, query: Option<&str>) -> Option<&str> {
        let is_part_alone = query.is_some_and(|query| query.starts_with("_HLS_part"));
        let is_lost = match self {
            Self::AnswersEarly => query.is_some_and(|query| !query.contains("skip")),
            Self::AnswersPartWithoutMsn => is_part_alone,
            Self::RefusesHints | Self::ForgetsCors | Self::TruncatesSegments => false,
        };
        query.filter(|_| !is_lost)
    }

    /// The answer instead of a wait.
    pub(crate) fn instead_of_wait(self, path: &str) -> Option<Response> {
        let is_media = path.ends_with(".m4s");
        (self == Self::RefusesHints && is_media)
            .then(|| Response::bare(Status::NotFound, CachePolicy::NoStore))
    }

    pub(crate) fn cuts(self, path: &str) -> bool {
        let n_dots = path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .matches('.')
            .count();
        self == Self::TruncatesSegments && path.ends_with(".m4s") && n_dots == 1
    }
}
