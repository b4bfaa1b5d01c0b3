//! PATCH on a session URL: trickle or ICE restart (RFC 9725 section 4.3).
//!
//! The order of checks is that of RFC 9110 section 13.2.1: a precondition counts only for a request that would succeed
//! without it. So 415 and 400 come before 412; only 428 comes before 400, since it says what the client never does.

use sfu_model::id::SessionId;
use sfu_model::time::Instant;

use crate::ask::{Ask, Purpose, Reply, SfuRefusal, Step, ticket};
use crate::endpoint::WhipWhep;
use crate::entity_tag::IfMatch;
use crate::ice::IceCredentials;
use crate::limits::Limit;
use crate::problem::Problem;
use crate::publish::{check_encoding, is_type};
use crate::request::Request;
use crate::response::{JSON, Response, SDP_FRAGMENT};
use crate::sdp_fragment::{self, Fragment};
use crate::session::{IceSession, State};
use crate::status::Status;

impl WhipWhep {
    pub(crate) fn patch(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<Step, Problem> {
        let spent = self.budgets.patches.spend(request.client.into(), now);
        spent.map_err(|wait| Problem::Limited(Limit::PatchesPerClient, wait))?;
        let (id, _) = self.session_of(request, session, now)?;
        let is_lenient = self.config.lenient_patch;
        // What old clients send instead of a fragment: one candidate as `RTCIceCandidateInit`.
        let is_json = is_lenient && is_type(request.headers.content_type, JSON);
        if !is_json && !is_type(request.headers.content_type, SDP_FRAGMENT) {
            return Err(Problem::ContentType("accept-patch", SDP_FRAGMENT));
        }
        check_encoding(&request.headers)?;
        let body = request.body.map_err(Problem::Body)?;
        let ice = self.ice_session(id).ok_or(Problem::NoSession)?;
        let if_match = IfMatch::of(request.headers.if_match, &ice.tag, is_lenient);
        if if_match == IfMatch::Absent && !is_lenient {
            return Err(Problem::IfMatchMissing);
        }
        let credentials = match is_json {
            true => json_candidate(body)?,
            false => Fragment::parse(body)?.credentials,
        };
        if if_match == IfMatch::Stale {
            return Err(Problem::IfMatchStale);
        }
        let remote = match credentials {
            Some(remote) if remote != ice.remote => remote,
            None if !is_lenient => {
                return Err(sdp_fragment::MalformedFragment::BadCredentials.into());
            }
            credentials => {
                let is_lenient_only = credentials.is_none() || if_match == IfMatch::Absent;
                self.n_lenient_patches += u64::from(is_lenient_only);
                // Its candidates are of no use to an ICE-lite side: the client's checks arrive from them.
                return Ok(Step::Done(Response::empty(Status::NoContent)));
            }
        };
        self.restart(request, id, remote)
    }

    /// New credentials are a restart, whatever the tag (RFC 9725 section 4.3.3 overrides RFC 8840).
    fn restart(
        &mut self,
        request: &Request<'_>,
        id: SessionId,
        remote: IceCredentials,
    ) -> Result<Step, Problem> {
        let ice = self.ice_session(id).ok_or(Problem::NoSession)?;
        if remote.ufrag == ice.remote.ufrag || remote.password == ice.remote.password {
            return Err(Problem::HalfRestart);
        }
        if ice.is_restarting {
            return Err(Problem::Restarting);
        }
        ice.is_restarting = true;
        let ask = Ask::RestartIce {
            session: id,
            remote: remote.clone(),
        };
        Ok(Step::Ask(
            ask,
            ticket(request, id, Purpose::Restart { remote }),
        ))
    }

    /// The SFU answered a restart. If it refused, the session goes on with the ICE session that it has.
    pub(crate) fn on_restarted(
        &mut self,
        id: SessionId,
        remote: IceCredentials,
        reply: Result<Reply, SfuRefusal>,
    ) -> Result<Response, Problem> {
        let ice = self.ice_session(id).ok_or(Problem::NoSession)?;
        ice.is_restarting = false;
        match reply {
            Ok(Reply::Restarted { local, candidates }) => {
                ice.restarted(remote, &local.ufrag);
                let body = sdp_fragment::restarted(&ice.answered, &local, &candidates);
                let response = Response::with_body(Status::Ok, SDP_FRAGMENT, body)
                    .header("etag", ice.tag.to_string())
                    .header("cache-control", "no-store");
                Ok(response)
            }
            Ok(Reply::Answer(_) | Reply::Described(_) | Reply::Selected | Reply::Closed) => {
                Err(Problem::Internal)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    fn ice_session(&mut self, id: SessionId) -> Option<&mut IceSession> {
        match &mut self.sessions.get_mut(id)?.state {
            State::Opening => None,
            State::Open(ice) => Some(ice),
        }
    }
}

/// A candidate as JSON names no credentials. It is only checked to be one.
fn json_candidate(body: &[u8]) -> Result<Option<IceCredentials>, Problem> {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(body);
    match value.as_ref().map(|value| value.get("candidate")) {
        Ok(Some(_)) => Ok(None),
        Ok(None) | Err(_) => Err(sdp_fragment::MalformedFragment::BadCandidate.into()),
    }
}
