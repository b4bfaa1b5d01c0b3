//! The WHIP endpoint: offer in, answer and session URL out. What it shares with the WHEP endpoint lives here too.

use sfu_model::id::SessionId;
use sfu_model::time::Instant;
use signaling_auth::grant::Grant;

use crate::answer::{self, AnswerRefusal};
use crate::ask::{Ask, Purpose, Reply, SfuRefusal, Step, Ticket, ticket};
use crate::endpoint::WhipWhep;
use crate::extension_links;
use crate::ice::IceCredentials;
use crate::limits::{Limit, RETRY_AFTER};
use crate::offer::{self, Admitted, OfferedSection};
use crate::problem::Problem;
use crate::request::{Headers, Request};
use crate::response::{Response, SDP};
use crate::session::{IceSession, Session, State};
use crate::starts::Start;
use crate::status::Status;

/// What a POST remembers while the SFU has its offer.
type Opening = (Vec<OfferedSection>, IceCredentials, Option<Start>);

impl WhipWhep {
    pub(crate) fn publish(
        &mut self,
        request: &Request<'_>,
        grant: Grant,
        now: Instant,
    ) -> Result<Step, Problem> {
        let admitted = self.admit(request)?;
        let room = grant.stream.clone();
        let of_holder = |other: &&Grant| other.subject == grant.subject;
        let n_open = self.sessions.publishers(&room).filter(of_holder).count();
        if n_open >= self.config.limits.publish_sessions_per_holder {
            return Err(Problem::Limited(
                Limit::PublishSessionsPerHolder,
                RETRY_AFTER,
            ));
        }
        let may_replace = |other: &Grant| grant.may_replace(other);
        // Without the right to it, asking for a takeover is asking for an empty room.
        let takeover = request.takeover && self.sessions.publishers(&room).all(may_replace);
        let holder = (&room, &grant.subject);
        let start = self
            .starts
            .start(request.client.into(), holder, n_open > 0, now);
        let start = start.map_err(|wait| Problem::Limited(Limit::StreamStarts, wait))?;
        let ask = Ask::Publish {
            session: request.fresh_session,
            room,
            offer: admitted.engine_offer,
            takeover,
        };
        let opening = (admitted.layout, admitted.ice, Some(start));
        self.open(request, grant, opening, ask)
    }

    /// What both endpoints check before anything else is looked at.
    pub(crate) fn admit(&self, request: &Request<'_>) -> Result<Admitted, Problem> {
        if !is_type(request.headers.content_type, SDP) {
            return Err(Problem::ContentType("accept-post", SDP));
        }
        check_encoding(&request.headers)?;
        let body = request.body.map_err(Problem::Body)?;
        let admitted = offer::admit(body, request.target.endpoint)?;
        if self.sessions.len() >= self.config.limits.sessions {
            return Err(Problem::Full(Limit::Sessions));
        }
        Ok(admitted)
    }

    /// Notes the session and asks the SFU.
    pub(crate) fn open(
        &mut self,
        request: &Request<'_>,
        grant: Grant,
        (layout, remote, start): Opening,
        ask: Ask,
    ) -> Result<Step, Problem> {
        let session = Session {
            endpoint: request.target.endpoint,
            room: grant.stream.clone(),
            grant,
            video_index: None,
            state: State::Opening,
        };
        if self.sessions.contains(request.fresh_session) {
            // 128 bits drawn twice: whoever draws them is broken.
            return Err(Problem::Internal);
        }
        self.sessions.insert(request.fresh_session, session);
        let purpose = Purpose::Open {
            layout,
            remote,
            start,
        };
        let ticket = ticket(request, request.fresh_session, purpose);
        Ok(Step::Ask(ask, ticket))
    }

    /// The SFU answered a POST.
    pub(crate) fn on_opened(
        &mut self,
        id: SessionId,
        (layout, remote, start): Opening,
        reply: Result<Reply, SfuRefusal>,
        origin: Option<String>,
    ) -> Result<Step, Problem> {
        let problem = match reply {
            Ok(Reply::Answer(answer)) => match self.answer(id, &answer, &layout, remote) {
                Ok(response) => return Ok(Step::Done(response)),
                Err(problem) => problem,
            },
            Ok(Reply::Restarted { .. } | Reply::Described(_) | Reply::Selected | Reply::Closed) => {
                Problem::Internal
            }
            Err(refusal) => {
                self.abandon(id, start);
                return Err(refusal.into());
            }
        };
        self.abandon(id, start);
        let purpose = Purpose::Abandon(self.refuse(&problem));
        let ticket = Ticket {
            session: id,
            purpose,
            origin,
        };
        Ok(Step::Ask(Ask::Close { session: id }, ticket))
    }

    fn abandon(&mut self, id: SessionId, start: Option<Start>) {
        self.sessions.remove(id);
        if let Some(start) = start {
            self.starts.undo(&start);
        }
    }

    /// The 201 (RFC 9725 section 4.2).
    fn answer(
        &mut self,
        id: SessionId,
        engine_answer: &str,
        layout: &[OfferedSection],
        remote: IceCredentials,
    ) -> Result<Response, Problem> {
        let session = self.sessions.get_mut(id).ok_or(Problem::EndedEarly)?;
        let stream = session.room.as_str();
        let completed = answer::complete(engine_answer, layout, session.endpoint, stream);
        let completed = completed.map_err(|refusal| match refusal {
            AnswerRefusal::NoCommonCodec => Problem::NoCommonCodec(None),
            AnswerRefusal::Unusable => Problem::Internal,
        })?;
        // A relative reference: behind a proxy only the client knows the origin that it used.
        let location = format!("/{}/{stream}/{id}", session.endpoint.label());
        let ice = IceSession::first(remote, completed.ice);
        let mut response = Response::with_body(Status::Created, SDP, completed.sdp)
            .header("location", location.as_str())
            .header("etag", ice.tag.to_string())
            .header("cache-control", "no-store");
        let is_video = |section: &&OfferedSection| section.media == "video";
        let video = layout.iter().find(is_video).and_then(|v| v.mid.as_ref());
        let is_accepted = video.is_some_and(|mid| ice.answered.bundle.contains(mid));
        let video_index = layout.iter().position(|section| is_video(&section));
        session.video_index = video_index.filter(|_| is_accepted);
        for link in extension_links::links(&location, session) {
            response = response.header("link", link);
        }
        session.state = State::Open(ice);
        for server in &self.config.ice_servers {
            response = response.header("link", server.link());
        }
        Ok(response)
    }
}

/// Whether a `Content-Type` is this one, whatever its parameters (RFC 9110 section 8.3.1).
pub(crate) fn is_type(content_type: Option<&str>, expected: &str) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(expected))
}

/// Nothing is decompressed: a small body could be a large one. `identity` is the coding that is none (RFC 9110 section
/// 12.5.3).
pub(crate) fn check_encoding(headers: &Headers<'_>) -> Result<(), Problem> {
    let is_plain =
        |coding: &str| coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case("identity");
    let mut codings = headers.content_encoding.unwrap_or_default().split(',');
    codings
        .all(is_plain)
        .then_some(())
        .ok_or(Problem::ContentEncoding)
}
