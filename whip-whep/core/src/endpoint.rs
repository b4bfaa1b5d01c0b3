//! Both endpoints: rate limits, authorization, and the table of `lib.rs`. No arm does more than call its owner.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::time::Instant;

use crate::ask::{Ask, Purpose, Reply, SfuRefusal, Step, Ticket, ticket};
use crate::client_budgets::ClientBudgets;
use crate::cors::AllowedOrigins;
use crate::event_streams::EventStreams;
use crate::limits::{Limit, LimitHits, Limits};
use crate::link_header::IceServer;
use crate::options::options;
use crate::problem::Problem;
use crate::rate::ClientPrefix;
use crate::refusals::Refusals;
use crate::request::{Endpoint, Method, Request, Target};
use crate::response::{Response, SDP, SDP_FRAGMENT};
use crate::sessions::Sessions;
use crate::starts::Starts;
use crate::status::Status;

/// What an operator chooses.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Told to clients in the 201.
    pub ice_servers: Vec<IceServer>,
    /// Which web pages may use the endpoints.
    pub allowed_origins: AllowedOrigins,
    /// Takes PATCHes of old clients: without `If-Match`, with a tag without quotes, without ICE credentials, or as JSON.
    pub lenient_patch: bool,
    /// How much.
    pub limits: Limits,
}

/// Both endpoints and all their sessions.
#[derive(Debug)]
pub struct WhipWhep {
    pub(crate) config: Config,
    pub(crate) sessions: Sessions,
    pub(crate) starts: Starts,
    pub(crate) budgets: ClientBudgets,
    refusals: Refusals,
    pub(crate) n_lenient_patches: u64,
    pub(crate) events: EventStreams,
    pub(crate) is_draining: bool,
}

/// What a session URL takes.
const SESSION_METHODS: &str = "GET, HEAD, PATCH, DELETE, OPTIONS";

/// What an endpoint takes.
const ENDPOINT_METHODS: &str = "GET, HEAD, POST, OPTIONS";

impl WhipWhep {
    /// Endpoints without sessions.
    pub fn new(config: Config) -> Self {
        let limits = config.limits;
        Self {
            sessions: Sessions::default(),
            starts: Starts::new(&limits),
            budgets: ClientBudgets::new(&limits),
            refusals: Refusals::default(),
            n_lenient_patches: 0,
            events: EventStreams::default(),
            is_draining: false,
            config,
        }
    }

    /// Decides about a request.
    pub fn handle_request(&mut self, request: &Request<'_>, now: Instant) -> Step {
        let origin = request.headers.origin;
        let decided = self.decide(request, now);
        self.conclude(decided, origin)
    }

    /// Takes what the SFU answered. It may have to be asked again.
    pub fn handle_reply(&mut self, ticket: Ticket, reply: Result<Reply, SfuRefusal>) -> Step {
        let origin = ticket.origin.clone();
        let step = match (ticket.purpose, reply) {
            (
                Purpose::Open {
                    layout,
                    remote,
                    start,
                },
                reply,
            ) => {
                let opening = (layout, remote, start);
                self.on_opened(ticket.session, opening, reply, ticket.origin)
            }
            (Purpose::Restart { remote }, reply) => self
                .on_restarted(ticket.session, remote, reply)
                .map(Step::Done),
            (Purpose::MakeStream { kinds }, reply) => self
                .on_described(ticket.session, kinds, reply)
                .map(Step::Done),
            (Purpose::SelectLayer, Ok(_)) => Ok(Step::Done(Response::empty(Status::Ok))),
            (Purpose::SelectLayer, Err(refusal)) => Err(refusal.into()),
            // A session that is gone already is closed as well.
            (Purpose::Close, _) => Ok(Step::Done(Response::empty(Status::Ok))),
            (Purpose::Abandon(response), _) => Ok(Step::Done(response)),
        };
        self.conclude(step, origin.as_deref())
    }

    fn conclude(&mut self, step: Result<Step, Problem>, origin: Option<&str>) -> Step {
        match step {
            Ok(Step::Done(response)) => Step::Done(self.finish(origin, response)),
            Ok(Step::Pull(response, pull)) => Step::Pull(self.finish(origin, response), pull),
            Ok(Step::Ask(ask, ticket)) => Step::Ask(ask, ticket),
            Err(problem) => {
                let response = self.refuse(&problem);
                Step::Done(self.finish(origin, response))
            }
        }
    }

    /// The SFU closed a session: its URL is 404 from here on.
    pub fn handle_session_closed(&mut self, session: SessionId, now: Instant) {
        self.events.close_session(session);
        if let Some(session) = self.sessions.remove(session)
            && session.endpoint == Endpoint::Whip
        {
            self.starts.lose(session.room, session.grant.subject, now);
        }
    }

    /// New sessions are refused from here on; those that are open go on, and players that listen are told to come again.
    pub fn drain(&mut self) {
        self.is_draining = true;
        self.events.on_reconnect();
    }

    /// How many sessions an endpoint has.
    pub fn n_sessions(&self, endpoint: Endpoint) -> usize {
        self.sessions.n_of(endpoint)
    }

    /// How often each limit was met.
    pub fn limit_hits(&self) -> LimitHits {
        let mut hits = self.refusals.limit_hits();
        let n_shared = self.budgets.n_shared() + self.starts.n_shared();
        hits.add(Limit::Clients, n_shared);
        hits.add(Limit::StreamReloads, self.starts.n_reloads_over());
        hits
    }

    /// How often each problem was said.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// How many PATCHes were taken only because of `lenient_patch`.
    pub const fn n_lenient_patches(&self) -> u64 {
        self.n_lenient_patches
    }

    fn decide(&mut self, request: &Request<'_>, now: Instant) -> Result<Step, Problem> {
        let target = &request.target;
        if let Some(below) = target.below {
            let session = target.session.unwrap_or_default();
            return self.decide_below(request, (session, below), now);
        }
        match (request.method, target.session) {
            (Method::Options, Some(_)) => {
                let response = options(SESSION_METHODS).header("accept-patch", SDP_FRAGMENT);
                Ok(Step::Done(response))
            }
            (Method::Options, None) => {
                let response = options(ENDPOINT_METHODS).header("accept-post", SDP);
                Ok(Step::Done(response))
            }
            (Method::Get | Method::Head, _) => self.read(target).map(Step::Done),
            (Method::Post, None) => self.post(request, now),
            (Method::Patch, Some(session)) => self.patch(request, session, now),
            (Method::Delete, Some(session)) => self.delete(request, session, now),
            (_, Some(_)) => Err(Problem::Method(SESSION_METHODS)),
            // No stream has this name, so nothing is there to take another method.
            (_, None) if RoomId::parse(target.stream).is_err() => Err(Problem::StreamName),
            (_, None) => Err(Problem::Method(ENDPOINT_METHODS)),
        }
    }

    /// GET and HEAD say nothing that their caller does not know.
    fn read(&self, target: &Target<'_>) -> Result<Response, Problem> {
        let room = RoomId::parse(target.stream).map_err(|_| Problem::StreamName)?;
        let Some(session) = target.session else {
            return Ok(match target.endpoint {
                // RFC 9725 section 4.1: success without content.
                Endpoint::Whip => Response::empty(Status::NoContent),
                // The draft's discovery: 200 and the type that POST takes, without content.
                Endpoint::Whep => Response::empty(Status::Ok).header("content-type", SDP),
            });
        };
        let found = SessionId::parse(session).and_then(|id| self.sessions.get(id));
        match found {
            Some(found) if found.room == room && found.endpoint == target.endpoint => {
                Ok(Response::empty(Status::NoContent))
            }
            _ => Err(Problem::NoSession),
        }
    }

    fn post(&mut self, request: &Request<'_>, now: Instant) -> Result<Step, Problem> {
        let client = ClientPrefix::from(request.client);
        let spent = self.budgets.posts.spend(client, now);
        spent.map_err(|wait| Problem::Limited(Limit::PostsPerClient, wait))?;
        if self.is_draining {
            return Err(Problem::Draining);
        }
        let grant = self.authorize(request, now)?;
        match request.target.endpoint {
            Endpoint::Whip => self.publish(request, grant, now),
            Endpoint::Whep => self.play(request, grant),
        }
    }

    fn delete(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<Step, Problem> {
        let client = ClientPrefix::from(request.client);
        let spent = self.budgets.deletes.spend(client, now);
        spent.map_err(|wait| Problem::Limited(Limit::DeletesPerClient, wait))?;
        // RFC 9725 section 4.3.1: an If-Match is ignored here.
        let (id, grant) = self.session_of(request, session, now)?;
        self.sessions.remove(id);
        self.events.close_session(id);
        if request.target.endpoint == Endpoint::Whip {
            self.starts.stop(grant.stream, grant.subject, now);
        }
        let ticket = ticket(request, id, Purpose::Close);
        Ok(Step::Ask(Ask::Close { session: id }, ticket))
    }

    /// The response that says a problem, counted.
    pub(crate) fn refuse(&mut self, problem: &Problem) -> Response {
        self.refusals.count(problem);
        problem.response()
    }

    fn finish(&self, origin: Option<&str>, response: Response) -> Response {
        self.config.allowed_origins.expose(origin, response)
    }
}
