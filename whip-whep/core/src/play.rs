//! The WHEP endpoint: a player's offer in, answer and session URL out.

use signaling_auth::grant::Grant;

use crate::ask::{Ask, Step};
use crate::endpoint::WhipWhep;
use crate::limits::Limit;
use crate::problem::Problem;
use crate::request::Request;

impl WhipWhep {
    /// Unlike publishing, playing has no limit per holder: a public stream has one holder, everybody. A session counts from
    /// its POST until it is closed; a restart of its ICE is the same session, and a publisher that is replaced changes none.
    pub(crate) fn play(&mut self, request: &Request<'_>, grant: Grant) -> Result<Step, Problem> {
        let admitted = self.admit(request)?;
        let node_wide = self.config.limits.players_per_stream;
        if self.sessions.n_players(&grant.stream) >= request.players_max.unwrap_or(node_wide) {
            return Err(Problem::Full(Limit::PlayersPerStream));
        }
        let ask = Ask::Play {
            session: request.fresh_session,
            room: grant.stream.clone(),
            offer: admitted.engine_offer,
        };
        self.open(request, grant, (admitted.layout, admitted.ice, None), ask)
    }
}
