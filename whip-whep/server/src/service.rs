//! Both endpoints, ready to be mounted.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use prometheus_client::registry::Registry;
use sfu_model::id::SessionId;
use sfu_net::clock::{Clock, unix_now};
use sfu_server::Sfu;
use signaling_auth::grant::{Grant, Refusal};
use tracing::{debug, info};
use whip_whep_core::ask::{Ask, Step, Ticket};
use whip_whep_core::endpoint::{Config, WhipWhep as Core};
use whip_whep_core::request::{Method, Request, Target};
use whip_whep_core::response::Response;

use crate::authorize::Authorize;
use crate::metrics::{self, RequestLabels, Requests};
use crate::{router, sfu};

/// The WHIP and WHEP endpoints of a node. Clones share everything.
#[derive(Clone)]
pub struct WhipWhep {
    shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    core: Mutex<Core>,
    sfu: Sfu,
    authorizer: Arc<dyn Authorize>,
    clock: Clock,
    requests: Requests,
}

impl WhipWhep {
    /// Endpoints that open their sessions on this SFU.
    pub fn new(config: Config, sfu: Sfu, authorizer: Arc<dyn Authorize>) -> Self {
        let shared = Shared {
            core: Mutex::new(Core::new(config)),
            sfu,
            authorizer,
            clock: Clock::start(),
            requests: Requests::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// `/whip/...` and `/whep/...`. Each request needs a [`ClientAddr`](crate::client_addr::ClientAddr) extension.
    pub fn router(&self) -> Router {
        router::router(self.clone())
    }

    /// The SFU closed this session: its URL is 404 from here on.
    pub fn session_closed(&self, session: SessionId) {
        let now = self.shared.clock.now();
        self.shared
            .with_core(|core| core.handle_session_closed(session, now));
    }

    /// POSTs are 503 from here on; open sessions go on.
    pub fn set_draining(&self) {
        self.shared.with_core(Core::drain);
    }

    /// Puts `whip_whep_*` into the registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        metrics::register(
            registry,
            &self.shared.requests,
            Arc::downgrade(&self.shared),
        );
    }

    /// What a bearer permits at this target.
    pub(crate) fn authorize(
        &self,
        target: &Target<'_>,
        bearer: Option<&str>,
    ) -> Result<Grant, Refusal> {
        let verb = target.endpoint.verb();
        let authorizer = &self.shared.authorizer;
        authorizer.authorize(target.stream, verb, bearer, unix_now())
    }

    /// Answers a request.
    pub(crate) async fn respond(&self, request: &Request<'_>) -> Response {
        let now = self.shared.clock.now();
        let step = self
            .shared
            .with_core(|core| core.handle_request(request, now));
        let response = match step {
            Step::Done(response) => response,
            Step::Ask(ask, ticket) => self.carry_through(ask, ticket).await,
        };
        self.note(request.method, &request.target, &response);
        response
    }

    /// In a task of its own: a client that hangs up cancels its request, but not what the SFU was asked for it.
    async fn carry_through(&self, ask: Ask, ticket: Ticket) -> Response {
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move { shared.ask_until_done(ask, ticket).await });
        match task.await {
            Ok(response) => response,
            // The task was aborted with its runtime, or panicked; either way nobody else will answer.
            Err(_) => whip_whep_core::problem::Problem::Internal.response(),
        }
    }

    fn note(&self, method: Method, target: &Target<'_>, response: &Response) {
        let (endpoint, verb) = (target.endpoint.label(), method.label());
        let status = response.status.code();
        let labels = RequestLabels {
            endpoint,
            verb,
            status,
        };
        self.shared.requests.get_or_create(&labels).inc();
        debug!(endpoint, verb, status, "answered");
    }
}

impl Shared {
    /// The core, for as long as a decision takes. A panic inside leaves at worst one session half noted, which its own
    /// requests then meet as 404: better than a node that answers nothing.
    pub(crate) fn with_core<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        act(&mut self.core.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn ask_until_done(&self, mut ask: Ask, mut ticket: Ticket) -> Response {
        loop {
            let said = lifecycle(&ask);
            let reply = sfu::ask(&self.sfu, ask).await;
            if let (Some((what, session)), Ok(_)) = (said, &reply) {
                info!(?session, "{what}");
            }
            match self.with_core(|core| core.handle_reply(ticket, reply)) {
                Step::Done(response) => return response,
                Step::Ask(next, next_ticket) => (ask, ticket) = (next, next_ticket),
            }
        }
    }
}

/// What the log says when the SFU has done it.
fn lifecycle(ask: &Ask) -> Option<(&'static str, SessionId)> {
    match ask {
        Ask::Publish { session, .. } => Some(("a publisher has its answer", *session)),
        Ask::Play { session, .. } => Some(("a player has its answer", *session)),
        Ask::RestartIce { session, .. } => Some(("ICE is restarted", *session)),
        Ask::Close { session } => Some(("a session is closed", *session)),
    }
}
