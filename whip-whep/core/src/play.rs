//! The WHEP endpoint: a player's offer in, answer and session URL out.

use signaling_auth::grant::Grant;

use crate::ask::{Ask, Step};
use crate::endpoint::WhipWhep;
use crate::problem::Problem;
use crate::request::Request;

impl WhipWhep {
    /// Unlike publishing, playing has no limit per holder: a public stream has one holder, everybody.
    pub(crate) fn play(&mut self, request: &Request<'_>, grant: Grant) -> Result<Step, Problem> {
        let admitted = self.admit(request)?;
        let ask = Ask::Play {
            session: request.fresh_session,
            room: grant.stream.clone(),
            offer: admitted.engine_offer,
        };
        self.open(request, grant, (admitted.layout, admitted.ice, None), ask)
    }
}
