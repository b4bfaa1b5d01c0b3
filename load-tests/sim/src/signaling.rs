//! WHIP and WHEP between a browser and the node: the endpoints' real core without HTTP. A request takes no time here; what it
//! costs is tested where HTTP is.

use std::net::IpAddr;

use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{
    CloseReason, Command, CommandResult, IceCredentials, Play, Publish, Reply as Done,
};
use sfu_core::error::CommandError;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use signaling_auth::grant::{Grant, Subject};
use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::ice::IceCredentials as Credentials;
use whip_whep_core::news::News;
use whip_whep_core::request::{Endpoint, Headers, Method, Request, Target};
use whip_whep_core::response::{Response, SDP, SDP_FRAGMENT};

/// A response that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its status.
    pub status: u16,
    /// The member `code` of its problem document.
    pub code: String,
}

/// A session URL, as its POST gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUrl {
    /// Its path.
    pub path: String,
    /// The entity tag of its ICE session (RFC 9725 section 4.3.1).
    pub entity_tag: String,
}

/// What a browser sends.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The method.
    pub method: Method,
    /// The path of an endpoint or of a session URL.
    pub path: &'a str,
    /// The entity tag that a PATCH is about.
    pub if_match: Option<&'a str>,
    /// `?takeover=1`
    pub takeover: bool,
    /// Where it comes from.
    pub client: IpAddr,
    /// The name of the session that it may open.
    pub fresh_session: SessionId,
    /// An offer or a fragment.
    pub body: &'a str,
}

impl<'a> Sent<'a> {
    /// The request, by somebody who holds the stream's key. `None` where the path is of no stream's endpoint.
    pub fn request(&self) -> Option<Request<'a>> {
        let (endpoint, rest) = match self.path.strip_prefix("/whip/") {
            Some(rest) => (Endpoint::Whip, rest),
            None => (Endpoint::Whep, self.path.strip_prefix("/whep/")?),
        };
        let target = Target::parse(endpoint, rest);
        let grant = Grant {
            subject: Subject::KeyHolder,
            stream: RoomId::parse(target.stream).ok()?,
            verb: endpoint.verb(),
            expires: None,
        };
        let content_type = match self.method {
            Method::Post => Some(SDP),
            Method::Patch => Some(SDP_FRAGMENT),
            Method::Get | Method::Head | Method::Options | Method::Delete | Method::Other => None,
        };
        Some(Request {
            method: self.method,
            target,
            headers: Headers {
                content_type,
                content_encoding: None,
                if_match: self.if_match,
                origin: None,
            },
            takeover: self.takeover,
            players_max: None,
            client: self.client,
            authorization: Ok(grant),
            fresh_session: self.fresh_session,
            body: Ok(self.body.as_bytes()),
        })
    }
}

/// What a response refuses, if it does.
pub fn refused(response: &Response) -> Option<Refused> {
    let status = response.status.code();
    let code = || {
        let problem: serde_json::Value = serde_json::from_str(&response.body).ok()?;
        Some(problem.get("code")?.as_str()?.to_owned())
    };
    (status >= 400).then(|| Refused {
        status,
        code: code().unwrap_or_default(),
    })
}

/// The session URL that a 201 names.
pub fn session_url(response: &Response) -> Option<SessionUrl> {
    Some(SessionUrl {
        path: response.header_value("location")?.to_owned(),
        entity_tag: response.header_value("etag")?.to_owned(),
    })
}

/// What a PATCH says that restarts ICE (RFC 9725 section 4.3.3).
pub fn restart_fragment(credentials: &IceCredentials) -> String {
    let IceCredentials { ufrag, password } = credentials;
    format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n")
}

/// What the answer to such a PATCH says: the node's credentials, and its candidates as `candidate:...`.
pub fn restarted(fragment: &str) -> Option<(IceCredentials, Vec<String>)> {
    let attributes = || fragment.lines().filter_map(|line| line.strip_prefix("a="));
    let value = |name: &str| attributes().find_map(|attribute| attribute.strip_prefix(name));
    let credentials = IceCredentials {
        ufrag: value("ice-ufrag:")?.to_owned(),
        password: value("ice-pwd:")?.to_owned(),
    };
    let candidates = attributes().filter(|attribute| attribute.starts_with("candidate:"));
    Some((credentials, candidates.map(str::to_owned).collect()))
}

/// Puts what the endpoints ask to a worker. Whoever takes the command knows on which worker a room has its publisher.
pub fn answer(
    ask: Ask,
    command: impl FnOnce(Command) -> CommandResult,
) -> Result<Reply, SfuRefusal> {
    let is_close = matches!(ask, Ask::Close { .. });
    let Some(asked) = command_of(ask) else {
        // There is no media plane to describe where nobody listens to it.
        return Ok(Reply::Described(News::default()));
    };
    let result = command(asked);
    // One that is gone already is closed.
    if is_close {
        return Ok(Reply::Closed);
    }
    match result.map_err(refusal)? {
        Done::Answer { sdp } => Ok(Reply::Answer(sdp)),
        Done::Restarted { local, candidates } => {
            let local = Credentials::parse(&local.ufrag, &local.password);
            let local = local.ok_or(SfuRefusal::Internal)?;
            Ok(Reply::Restarted { local, candidates })
        }
        Done::Wanted { .. } | Done::Done => Ok(Reply::Selected),
    }
}

/// What an ask is to a worker, as the server puts it. `None`: it is for none.
pub fn command_of(ask: Ask) -> Option<Command> {
    Some(match ask {
        Ask::Publish {
            session,
            room,
            offer,
            takeover,
        } => Command::Publish(Publish {
            session,
            room,
            offer,
            takeover,
        }),
        Ask::Play {
            session,
            room,
            offer,
        } => Command::Play(Play {
            session,
            room,
            origin: WorkerId(0),
            codecs: Vec::new(),
            offer,
        }),
        Ask::RestartIce { session, remote } => Command::RestartIce {
            session,
            remote: IceCredentials {
                ufrag: remote.ufrag,
                password: remote.password,
            },
        },
        Ask::Describe { .. } => return None,
        Ask::SelectLayer { session, selection } => Command::ChooseLayer {
            session,
            choice: LayerChoice {
                rid: selection.rid,
                spatial: selection.spatial,
                spatial_max: selection.spatial_max,
                temporal: selection.temporal,
                temporal_max: selection.temporal_max,
                width_max: selection.width_max,
                height_max: selection.height_max,
            },
        },
        Ask::Close { session } => Command::Close {
            session,
            reason: CloseReason::Requested,
        },
    })
}

/// What an endpoint makes of a worker's refusal, as the server does.
pub fn refusal(error: CommandError) -> SfuRefusal {
    match error {
        CommandError::MalformedOffer(why) => SfuRefusal::MalformedOffer(why),
        CommandError::NoCommonCodec(kind) => SfuRefusal::NoCommonCodec(kind),
        CommandError::CannotDecode(codec) => SfuRefusal::CannotDecode(codec.name()),
        CommandError::NothingAccepted => SfuRefusal::NothingAccepted,
        CommandError::RoomBusy => SfuRefusal::RoomBusy,
        CommandError::RoomEmpty => SfuRefusal::RoomEmpty,
        CommandError::UnknownLayer => SfuRefusal::UnknownLayer,
        CommandError::UnknownSession => SfuRefusal::UnknownSession,
        CommandError::Exhausted { .. } => SfuRefusal::Exhausted,
        CommandError::ShuttingDown => SfuRefusal::ShuttingDown,
        CommandError::DuplicateSession | CommandError::Internal => SfuRefusal::Internal,
    }
}
