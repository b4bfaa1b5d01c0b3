//! Every limit of the two endpoints: its number, its reason, its name in metrics, and how often it was met.

use std::time::Duration;

use crate::rate::Rate;

/// POSTs per client. A join costs a core about 1 ms (DTLS): one address that uses all of it takes 2 % of a core. The
/// burst lets a lecture hall behind one address in at once; those beyond it are let in at 20 a second.
pub const POSTS_PER_CLIENT: Rate = Rate::new(64, Duration::from_millis(3_200));

/// PATCHes per client. A browser with many interfaces sends about ten while it connects and two for a restart.
pub const PATCHES_PER_CLIENT: Rate = Rate::new(128, Duration::from_millis(3_200));

/// DELETEs per client: as many as it may open.
pub const DELETES_PER_CLIENT: Rate = Rate::new(64, Duration::from_millis(3_200));

/// Wrong credentials per client and stream. Ten typing errors a minute are a person; more are a guess at a key. At the bound the
/// client's credentials are not looked at (429) until the budget has grown again. A success pays one back.
pub const FAILED_AUTHS_PER_CLIENT: Rate = Rate::new(10, Duration::from_secs(60));

/// Stream starts per client and stream. Whoever watches sees each of them; a fourth within a minute is a script that
/// fails in a loop. A reconnect within [`RECONNECT_GRACE`] is no start, and neither is a reload within [`RELOAD_GRACE`].
pub const STREAM_STARTS: Rate = Rate::new(3, Duration::from_secs(60));

/// A publisher that lost its session without a DELETE and is back within this time goes on with the same start: as long
/// as the SFU keeps its players.
pub const RECONNECT_GRACE: Duration = Duration::from_secs(60);

/// A publisher that ended its session with a DELETE and is back within this time has reloaded its page: the page stops
/// its session when it goes, and needs seconds to load, open the camera and POST again. Later it is a new start.
pub const RELOAD_GRACE: Duration = Duration::from_secs(10);

/// Reloads per client and stream. Ten in a row are an impatient person; one every three seconds, for as long as they
/// like, is as fast as a camera opens. At the bound a reload counts as a start: a script that POSTs and DELETEs in a
/// loop has used up both within a second.
pub const STREAM_RELOADS: Rate = Rate::new(10, Duration::from_secs(30));

/// Most open publishing sessions of one holder of a grant on one stream. One is live and a second takes it over, which is all
/// that the SFU keeps; two more are being opened by a client that tries again before it has its answer. The fifth is 429.
pub const PUBLISH_SESSIONS_PER_HOLDER_MAX: usize = 4;

/// Most session URLs of a node, all streams together. The SFU's workers hold 8,192 sessions each; a URL costs this crate
/// about 1 KB. Past it a POST is 503.
pub const SESSION_URLS_MAX: usize = 65_536;

/// Most players of one stream by WHEP, where neither the stream nor the operator says less: as many as the node has places.
/// Past it a POST is 503, and whoever plays HLS too watches by that.
pub const PLAYERS_PER_STREAM_MAX: usize = SESSION_URLS_MAX;

/// Most event streams of a session. A page has one; a second is made when it has lost the first, and two more are slack. The
/// next is 429 until one is DELETEd.
pub const EVENT_STREAMS_PER_SESSION_MAX: usize = 4;

/// Most clients that listen to their event stream at once. Each holds a connection for as long as it watches, of 10,000 that
/// a node takes at first: more than half of them must be left for those who come. The next GET is 503, and its page does
/// without.
pub const EVENT_PULLS_MAX: usize = 4_096;

/// Longest body of a POST below a session URL, in bytes: a list of all events is 60, a selection with every field 200. Past
/// it the POST is 413.
pub const JSON_BYTES_MAX: usize = 4_096;

/// How long a body may take after its head: an SDP is 20 KB, which a phone on 2G sends in three seconds. Past it the
/// request is 408: whoever sends a byte a minute must not hold a connection.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a client is told to wait when a number has no better source.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

const _: () = assert!(RELOAD_GRACE.as_secs() < RECONNECT_GRACE.as_secs());
const _: () = assert!(POSTS_PER_CLIENT.burst as usize > PUBLISH_SESSIONS_PER_HOLDER_MAX);

/// The limits that an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// [`POSTS_PER_CLIENT`]
    pub posts_per_client: Rate,
    /// [`PATCHES_PER_CLIENT`]
    pub patches_per_client: Rate,
    /// [`DELETES_PER_CLIENT`]
    pub deletes_per_client: Rate,
    /// [`FAILED_AUTHS_PER_CLIENT`]
    pub failed_auths_per_client: Rate,
    /// [`STREAM_STARTS`]
    pub stream_starts: Rate,
    /// [`STREAM_RELOADS`]
    pub stream_reloads: Rate,
    /// [`PUBLISH_SESSIONS_PER_HOLDER_MAX`]
    pub publish_sessions_per_holder: usize,
    /// [`SESSION_URLS_MAX`]
    pub sessions: usize,
    /// [`PLAYERS_PER_STREAM_MAX`], of streams that say nothing.
    pub players_per_stream: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            posts_per_client: POSTS_PER_CLIENT,
            patches_per_client: PATCHES_PER_CLIENT,
            deletes_per_client: DELETES_PER_CLIENT,
            failed_auths_per_client: FAILED_AUTHS_PER_CLIENT,
            stream_starts: STREAM_STARTS,
            stream_reloads: STREAM_RELOADS,
            publish_sessions_per_holder: PUBLISH_SESSIONS_PER_HOLDER_MAX,
            sessions: SESSION_URLS_MAX,
            players_per_stream: PLAYERS_PER_STREAM_MAX,
        }
    }
}

/// The name of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// [`POSTS_PER_CLIENT`]
    PostsPerClient,
    /// [`PATCHES_PER_CLIENT`]
    PatchesPerClient,
    /// [`DELETES_PER_CLIENT`]
    DeletesPerClient,
    /// [`FAILED_AUTHS_PER_CLIENT`]
    FailedAuthsPerClient,
    /// [`STREAM_STARTS`]
    StreamStarts,
    /// [`STREAM_RELOADS`]: a reload counted as a start.
    StreamReloads,
    /// [`PUBLISH_SESSIONS_PER_HOLDER_MAX`]
    PublishSessionsPerHolder,
    /// [`SESSION_URLS_MAX`]
    Sessions,
    /// [`PLAYERS_PER_STREAM_MAX`], or what the stream says.
    PlayersPerStream,
    /// [`EVENT_STREAMS_PER_SESSION_MAX`]
    EventStreamsPerSession,
    /// [`EVENT_PULLS_MAX`]
    EventPulls,
    /// [`JSON_BYTES_MAX`]
    JsonBytes,
    /// [`BODY_TIMEOUT`]
    BodyTime,
    /// [`TOKEN_BYTES_MAX`](signaling_auth::limits::TOKEN_BYTES_MAX), of any credential.
    TokenBytes,
    /// [`CLIENTS_MAX`](crate::rate::CLIENTS_MAX): a newcomer met the budget that newcomers share.
    Clients,
    /// [`SDP_BYTES_MAX`](sfu_model::limits::SDP_BYTES_MAX)
    SdpBytes,
    /// [`SDP_MEDIA_LINES_MAX`](sfu_model::limits::SDP_MEDIA_LINES_MAX)
    SdpMediaLines,
    /// [`SDP_CANDIDATES_MAX`](sfu_model::limits::SDP_CANDIDATES_MAX)
    SdpCandidates,
    /// [`SDP_LINE_BYTES_MAX`](sfu_model::limits::SDP_LINE_BYTES_MAX)
    SdpLineBytes,
    /// [`SDP_LINES_MAX`](crate::sdp::SDP_LINES_MAX)
    SdpLines,
    /// [`ENCODINGS_PER_TRACK_MAX`](sfu_model::limits::ENCODINGS_PER_TRACK_MAX)
    EncodingsPerTrack,
    /// [`PAYLOAD_TYPES_MAX`](crate::offer::PAYLOAD_TYPES_MAX)
    PayloadTypes,
    /// [`SSRCS_MAX`](crate::offer::SSRCS_MAX)
    Ssrcs,
}

impl Limit {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 23] = [
        Self::PostsPerClient,
        Self::PatchesPerClient,
        Self::DeletesPerClient,
        Self::FailedAuthsPerClient,
        Self::StreamStarts,
        Self::StreamReloads,
        Self::PublishSessionsPerHolder,
        Self::Sessions,
        Self::PlayersPerStream,
        Self::EventStreamsPerSession,
        Self::EventPulls,
        Self::JsonBytes,
        Self::BodyTime,
        Self::TokenBytes,
        Self::Clients,
        Self::SdpBytes,
        Self::SdpMediaLines,
        Self::SdpCandidates,
        Self::SdpLineBytes,
        Self::SdpLines,
        Self::EncodingsPerTrack,
        Self::PayloadTypes,
        Self::Ssrcs,
    ];

    /// Its label in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PostsPerClient => "posts_per_client",
            Self::PatchesPerClient => "patches_per_client",
            Self::DeletesPerClient => "deletes_per_client",
            Self::FailedAuthsPerClient => "failed_auths_per_client",
            Self::StreamStarts => "stream_starts",
            Self::StreamReloads => "stream_reloads",
            Self::PublishSessionsPerHolder => "publish_sessions_per_holder",
            Self::Sessions => "sessions",
            Self::PlayersPerStream => "players_per_stream",
            Self::EventStreamsPerSession => "event_streams_per_session",
            Self::EventPulls => "event_pulls",
            Self::JsonBytes => "json_bytes",
            Self::BodyTime => "body_time",
            Self::TokenBytes => "token_bytes",
            Self::Clients => "clients",
            Self::SdpBytes => "sdp_bytes",
            Self::SdpMediaLines => "sdp_media_lines",
            Self::SdpCandidates => "sdp_candidates",
            Self::SdpLineBytes => "sdp_line_bytes",
            Self::SdpLines => "sdp_lines",
            Self::EncodingsPerTrack => "encodings_per_track",
            Self::PayloadTypes => "payload_types",
            Self::Ssrcs => "ssrcs",
        }
    }
}

/// How often each limit was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitHits([u64; Limit::ALL.len()]);

impl LimitHits {
    /// Counts one.
    pub(crate) fn count(&mut self, limit: Limit) {
        self.add(limit, 1);
    }

    /// Counts so many.
    pub(crate) fn add(&mut self, limit: Limit, more: u64) {
        if let Some(n) = self.0.get_mut(limit as usize) {
            *n = n.saturating_add(more);
        }
    }

    /// How often this one was met.
    pub fn of(&self, limit: Limit) -> u64 {
        self.0.get(limit as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_counter_of_its_own() {
        let mut hits = LimitHits::default();
        for (n, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, n);
            hits.count(limit);
            assert_eq!(hits.of(limit), 1);
        }
    }
}
