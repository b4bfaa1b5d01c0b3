//! Every refusal: its status, its stable code, and what to do about it. This is the one table from error to HTTP status.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use signaling_auth::grant::Refusal;

use crate::ask::SfuRefusal;
use crate::event::BadEventList;
use crate::layer_selection::BadSelection;
use crate::limited;
use crate::limits::{JSON_BYTES_MAX, Limit};
use crate::offer::OfferRefusal;
use crate::request::BodyRefusal;
use crate::sdp_fragment::MalformedFragment;
use crate::status::Status;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The path names no stream.
    StreamName,
    /// Nothing is at this path.
    NoPath,
    /// No session at this URL, or one of somebody else.
    NoSession,
    /// The URL does not take this method; it takes those.
    Method(&'static str),
    /// No grant.
    Unauthorized(Refusal),
    /// A limit of this client; wait so long.
    Limited(Limit, Duration),
    /// A limit of this node, or of one of its streams.
    Full(Limit),
    /// The body is longer than [`SDP_BYTES_MAX`], or late.
    Body(BodyRefusal),
    /// The body is of another type; the header that says which is taken, and its value.
    ContentType(&'static str, &'static str),
    /// The body is compressed, or coded in another way.
    ContentEncoding,
    /// The offer breaks a rule.
    Offer(OfferRefusal),
    /// The engine cannot read the offer.
    EngineOffer(String),
    /// Nothing in common.
    NoCommonCodec(Option<MediaKind>),
    /// The stream comes in this codec, which the player does not offer.
    CannotDecode(&'static str),
    /// Somebody publishes this stream.
    Busy,
    /// Nobody publishes this stream.
    Offline,
    /// A PATCH without `If-Match`.
    IfMatchMissing,
    /// A PATCH for another ICE session.
    IfMatchStale,
    /// The fragment breaks a rule.
    Fragment(MalformedFragment),
    /// Only one of ufrag and password is new.
    HalfRestart,
    /// One restart at a time.
    Restarting,
    /// No event stream at this URL, or not any more.
    NoEventStream,
    /// The video has no such layer.
    NoLayer,
    /// The body lists no events.
    Events(BadEventList),
    /// The body selects no layer.
    Selection(BadSelection),
    /// The body is longer than [`JSON_BYTES_MAX`].
    JsonTooLong,
    /// The SFU is full.
    Overloaded,
    /// The node is going away.
    Draining,
    /// The session ended before it was answered.
    EndedEarly,
    /// Our bug.
    Internal,
}

impl Problem {
    /// Its status.
    pub const fn status(&self) -> Status {
        match self {
            Self::StreamName
            | Self::NoPath
            | Self::NoSession
            | Self::NoEventStream
            | Self::NoLayer => Status::NotFound,
            Self::Method(_) => Status::MethodNotAllowed,
            Self::Unauthorized(Refusal::WrongVerb | Refusal::Ended) => Status::Forbidden,
            Self::Unauthorized(_) => Status::Unauthorized,
            Self::Limited(..) => Status::TooManyRequests,
            Self::Full(_) | Self::Overloaded | Self::Draining | Self::EndedEarly => {
                Status::ServiceUnavailable
            }
            Self::Body(BodyRefusal::TooLarge) | Self::JsonTooLong => Status::PayloadTooLarge,
            Self::Events(_) | Self::Selection(_) => Status::BadRequest,
            Self::Body(BodyRefusal::Broken) => Status::BadRequest,
            Self::Body(BodyRefusal::Stalled) => Status::RequestTimeout,
            Self::ContentType(..) | Self::ContentEncoding => Status::UnsupportedMediaType,
            // As in an offer: it can be read, and is too much.
            Self::Fragment(MalformedFragment::TooManyCandidates) => Status::UnprocessableContent,
            Self::Offer(OfferRefusal::Malformed(_)) | Self::EngineOffer(_) | Self::Fragment(_) => {
                Status::BadRequest
            }
            Self::Offer(_) | Self::NoCommonCodec(_) | Self::CannotDecode(_) | Self::HalfRestart => {
                Status::UnprocessableContent
            }
            Self::Busy | Self::Offline | Self::Restarting => Status::Conflict,
            Self::IfMatchMissing => Status::PreconditionRequired,
            Self::IfMatchStale => Status::PreconditionFailed,
            Self::Internal => Status::InternalServerError,
        }
    }

    /// Its stable name, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::StreamName => "bad-stream-name",
            Self::NoPath => "no-such-path",
            Self::NoSession => "no-such-session",
            Self::Method(_) => "method-not-allowed",
            Self::Unauthorized(Refusal::Missing) => "credential-missing",
            Self::Unauthorized(Refusal::Expired) => "token-expired",
            Self::Unauthorized(Refusal::TooLong) => "credential-too-long",
            Self::Unauthorized(Refusal::WrongVerb) => "wrong-verb",
            Self::Unauthorized(Refusal::Ended) => "stream-ended",
            Self::Unauthorized(_) => "credential-invalid",
            Self::Limited(Limit::PublishSessionsPerHolder, _) => "too-many-sessions",
            Self::Limited(Limit::EventStreamsPerSession, _) => "too-many-event-streams",
            Self::Limited(Limit::StreamStarts, _) => "too-many-starts",
            Self::Limited(Limit::FailedAuthsPerClient, _) => "too-many-failed-credentials",
            Self::Limited(..) => "too-many-requests",
            Self::Full(Limit::PlayersPerStream) => "audience-full",
            Self::Full(_) | Self::Overloaded => "overloaded",
            Self::Body(BodyRefusal::TooLarge) | Self::JsonTooLong => "body-too-large",
            Self::Body(BodyRefusal::Stalled) => "body-stalled",
            Self::Body(BodyRefusal::Broken) => "body-broken",
            Self::ContentType(..) => "content-type",
            Self::ContentEncoding => "content-encoding",
            Self::Offer(refusal) => refusal.code(),
            Self::EngineOffer(_) => "malformed-sdp",
            Self::NoCommonCodec(_) | Self::CannotDecode(_) => "no-common-codec",
            Self::Busy => "stream-busy",
            Self::Offline => "stream-offline",
            Self::IfMatchMissing => "if-match-missing",
            Self::IfMatchStale => "if-match-stale",
            Self::Fragment(MalformedFragment::TooManyCandidates) => "too-many-candidates",
            Self::Fragment(_) => "malformed-fragment",
            Self::HalfRestart => "half-restart",
            Self::Restarting => "restart-in-progress",
            Self::NoEventStream => "no-such-event-stream",
            Self::NoLayer => "no-such-layer",
            Self::Events(BadEventList::UnknownEvent) => "unknown-event",
            Self::Events(BadEventList::NoList) | Self::Selection(_) => "malformed-json",
            Self::Draining => "draining",
            Self::EndedEarly => "ended-early",
            Self::Internal => "internal",
        }
    }

    /// What happened and what to do, for whoever wrote the client.
    pub fn detail(&self) -> String {
        let text = match self {
            Self::StreamName => "A stream name is 1 to 64 letters, digits and hyphens.",
            Self::NoPath => "Nothing is at this path. POST an offer to the path of a stream.",
            Self::NoSession => "There is no such session, or not any more. POST a new offer.",
            Self::Method(allow) => return format!("This URL takes {allow}."),
            Self::Unauthorized(refusal) => return format!("Refused: {refusal}."),
            Self::Limited(limit, wait) => return limited::detail(*limit, *wait),
            Self::Full(Limit::PlayersPerStream) => limited::AUDIENCE_FULL,
            Self::Full(_) | Self::Overloaded => {
                "The node is full. Wait as long as Retry-After says, or use another node."
            }
            Self::Body(refusal) => return refusal.to_string(),
            Self::ContentType(_, accepted) => {
                return format!("The body must be sent as Content-Type: {accepted}.");
            }
            Self::ContentEncoding => "Send the body as it is, without Content-Encoding.",
            Self::Offer(refusal) => return refusal.to_string(),
            Self::EngineOffer(why) => {
                return format!(
                    "The offer cannot be read: {why}. POST what createOffer gives, unchanged."
                );
            }
            Self::NoCommonCodec(_) => {
                "An m-line has no codec in common. Offer Opus, and one of H264, VP8, VP9 and AV1."
            }
            Self::CannotDecode(codec) => {
                return format!(
                    "The stream comes in {codec}, which this player does not offer. Play it in another."
                );
            }
            Self::Busy => {
                "The stream has a publisher. Stop it, or POST with ?takeover=1 and the same key."
            }
            Self::Offline => "Nobody publishes this stream. POST again after Retry-After.",
            Self::IfMatchMissing => {
                "Send If-Match: with the ETag of the 201 to trickle, or * to restart ICE."
            }
            Self::IfMatchStale => {
                "The ETag is not that of the ICE session in use, quotes included. Restart with If-Match: *."
            }
            Self::Fragment(why) => return why.to_string(),
            Self::HalfRestart => {
                "A restart changes both a=ice-ufrag and a=ice-pwd (RFC 8839 section 4.4.3)."
            }
            Self::Restarting => "A restart is in progress. PATCH again after Retry-After.",
            Self::NoEventStream => {
                "There is no such event stream, or not any more. POST to the session's sse URL."
            }
            Self::NoLayer => {
                "The video has no such layer. The layers event lists those that it has."
            }
            Self::Events(refusal) => return refusal.to_string(),
            Self::Selection(refusal) => return refusal.to_string(),
            Self::JsonTooLong => {
                return format!(
                    "The body is longer than {JSON_BYTES_MAX} bytes. Ask for less at once."
                );
            }
            Self::Draining => {
                "The node is going away. POST to another node, or again after Retry-After."
            }
            Self::EndedEarly => "The session ended before it was answered. POST again.",
            Self::Internal => "The server failed. Its log says more.",
        };
        text.to_owned()
    }

    /// The limit that was met, if it is one.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few problems are a limit; those that are stand here"
    )]
    pub const fn limit(&self) -> Option<Limit> {
        match self {
            Self::Limited(limit, _) | Self::Full(limit) => Some(*limit),
            Self::Body(BodyRefusal::TooLarge) => Some(Limit::SdpBytes),
            Self::Body(BodyRefusal::Stalled) => Some(Limit::BodyTime),
            Self::JsonTooLong => Some(Limit::JsonBytes),
            Self::Unauthorized(Refusal::TooLong) => Some(Limit::TokenBytes),
            Self::Offer(refusal) => refusal.limit(),
            Self::Fragment(MalformedFragment::TooManyCandidates) => Some(Limit::SdpCandidates),
            _ => None,
        }
    }
}

impl From<OfferRefusal> for Problem {
    fn from(refusal: OfferRefusal) -> Self {
        Self::Offer(refusal)
    }
}

impl From<MalformedFragment> for Problem {
    fn from(refusal: MalformedFragment) -> Self {
        Self::Fragment(refusal)
    }
}

impl From<BadEventList> for Problem {
    fn from(refusal: BadEventList) -> Self {
        Self::Events(refusal)
    }
}

impl From<BadSelection> for Problem {
    fn from(refusal: BadSelection) -> Self {
        match refusal {
            BadSelection::NoObject => Self::Selection(refusal),
            BadSelection::NoLayer => Self::NoLayer,
        }
    }
}

impl From<SfuRefusal> for Problem {
    fn from(refusal: SfuRefusal) -> Self {
        match refusal {
            SfuRefusal::MalformedOffer(why) => Self::EngineOffer(why),
            SfuRefusal::NoCommonCodec(kind) => Self::NoCommonCodec(Some(kind)),
            SfuRefusal::CannotDecode(codec) => Self::CannotDecode(codec),
            SfuRefusal::NothingAccepted => Self::NoCommonCodec(None),
            SfuRefusal::RoomBusy => Self::Busy,
            SfuRefusal::RoomEmpty => Self::Offline,
            SfuRefusal::UnknownSession => Self::NoSession,
            SfuRefusal::UnknownLayer => Self::NoLayer,
            SfuRefusal::Exhausted => Self::Overloaded,
            SfuRefusal::ShuttingDown => Self::Draining,
            SfuRefusal::Internal => Self::Internal,
        }
    }
}
