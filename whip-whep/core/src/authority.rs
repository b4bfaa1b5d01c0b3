//! Who may do what: the grant of a request, and the session that is its holder's.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::time::Instant;
use signaling_auth::grant::{Grant, Refusal, Subject};

use crate::endpoint::WhipWhep;
use crate::limits::Limit;
use crate::problem::Problem;
use crate::rate::ClientPrefix;
use crate::request::Request;

impl WhipWhep {
    /// The session at a URL, for the one who opened it. For anybody else there is none.
    pub(crate) fn session_of(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<(SessionId, Grant), Problem> {
        let id = SessionId::parse(session);
        if let (Some(id), Ok(grant)) = (id, &request.authorization)
            && self.is_session_of(id, request, grant)
        {
            // Nobody guesses a session's URL: whoever has it and the right credential is not kept from it by the guesses of
            // others behind the same address.
            return Ok((id, grant.clone()));
        }
        match self.authorize(request, now) {
            // Whoever ended the stream ended its sessions: a client that says so too is told that it is done.
            Ok(_) | Err(Problem::Unauthorized(Refusal::Ended)) => Err(Problem::NoSession),
            Err(problem) => Err(problem),
        }
    }

    fn is_session_of(&self, id: SessionId, request: &Request<'_>, grant: &Grant) -> bool {
        self.sessions.get(id).is_some_and(|found| {
            found.endpoint == request.target.endpoint
                && found.room == grant.stream
                && found.grant.subject == grant.subject
        })
    }

    /// The grant, unless the client guessed too often: then even a right credential is not looked at, or a guesser
    /// would learn which one it was.
    pub(crate) fn authorize(
        &mut self,
        request: &Request<'_>,
        now: Instant,
    ) -> Result<Grant, Problem> {
        let Ok(stream) = RoomId::parse(request.target.stream) else {
            return Err(Problem::StreamName);
        };
        let client = (ClientPrefix::from(request.client), stream);
        let limited = |wait| Problem::Limited(Limit::FailedAuthsPerClient, wait);
        let failed = &mut self.budgets.failed_auths;
        match &request.authorization {
            Ok(grant) if grant.subject == Subject::Anonymous => Ok(grant.clone()),
            Ok(grant) => {
                failed.check(&client, now).map_err(limited)?;
                failed.pay_back(&client);
                Ok(grant.clone())
            }
            Err(Refusal::Invalid) => {
                failed.spend(client, now).map_err(limited)?;
                Err(Problem::Unauthorized(Refusal::Invalid))
            }
            Err(refusal) => Err(Problem::Unauthorized(*refusal)),
        }
    }
}
