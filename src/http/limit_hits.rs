//! How often each limit of the HTTP listeners was met.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::gate::Refused;

/// A limit that a stranger can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `limits.connections`
    Connections,
    /// `limits.connections_per_address`
    ConnectionsPerAddress,
    /// The operating system's, of open files.
    OpenFiles,
    /// [`HEAD_TIMEOUT`](super::HEAD_TIMEOUT), of a TLS handshake.
    HandshakeTime,
    /// [`HTTP1_HEAD_BYTES_MAX`](super::HTTP1_HEAD_BYTES_MAX), [`HTTP1_HEADERS_MAX`](super::HTTP1_HEADERS_MAX) or
    /// [`HTTP2_HEADER_LIST_BYTES_MAX`](super::header_list::HTTP2_HEADER_LIST_BYTES_MAX): 431, or 414 where it is the URL alone.
    Head,
    /// [`HEAD_TIMEOUT`](super::HEAD_TIMEOUT), of a request's head that has begun, or of the first one.
    HeadTime,
    /// [`REQUEST_TIMEOUT`](super::REQUEST_TIMEOUT)
    RequestTime,
    /// [`BODY_PATIENCE`](super::BODY_PATIENCE): a client did not take the body that it asked for.
    AnswerTime,
    /// [`HTTP2_STREAMS_MAX`](super::HTTP2_STREAMS_MAX): a connection came to have as many requests open as it may.
    Http2Streams,
    /// [`HTTP2_PENDING_RESETS_MAX`](super::HTTP2_PENDING_RESETS_MAX), or CONTINUATION frames without end: whatever HTTP/2
    /// ends a connection for with ENHANCE_YOUR_CALM (RFC 9113 section 7).
    Http2Calm,
}

impl Limit {
    const ALL: [Self; 10] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::OpenFiles,
        Self::HandshakeTime,
        Self::Head,
        Self::HeadTime,
        Self::RequestTime,
        Self::AnswerTime,
        Self::Http2Streams,
        Self::Http2Calm,
    ];

    /// Its label in metrics.
    const fn label(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::OpenFiles => "open_files",
            Self::HandshakeTime => "handshake_time",
            Self::Head => "head",
            Self::HeadTime => "head_time",
            Self::RequestTime => "request_time",
            Self::AnswerTime => "answer_time",
            Self::Http2Streams => "http2_streams",
            Self::Http2Calm => "http2_calm",
        }
    }
}

impl From<Refused> for Limit {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full => Self::Connections,
            Refused::TooManyFromOne => Self::ConnectionsPerAddress,
        }
    }
}

/// One counter per limit, which every clone shares.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitHits(Family<[(&'static str, &'static str); 1], Counter>);

impl LimitHits {
    /// Counts one.
    pub(crate) fn count(&self, limit: Limit) {
        self.0.get_or_create(&[("limit", limit.label())]).inc();
    }

    /// How often this one was met.
    #[cfg(test)]
    pub(crate) fn of(&self, limit: Limit) -> u64 {
        self.0.get_or_create(&[("limit", limit.label())]).get()
    }

    /// Every limit is there from the start, at zero: an alert needs a number before the first hit.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for limit in Limit::ALL {
            drop(self.0.get_or_create(&[("limit", limit.label())]));
        }
        let help = "How often a limit of the HTTP listeners was met";
        registry.register("http_limit_hits", help, self.0.clone());
    }
}
