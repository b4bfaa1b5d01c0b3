//! One request's way: the core decides, the SFU is asked, the core decides again.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use sfu_model::id::SessionId;
use sfu_model::time::Instant;
use sfu_net::clock::{Clock, unix_now};
use sfu_server::Sfu;
use signaling_auth::grant::{Grant, Refusal};
use tracing::{debug, info};
use whip_whep_core::ask::{Ask, Step, Ticket};
use whip_whep_core::endpoint::{Config, WhipWhep as Core};
use whip_whep_core::problem::Problem;
use whip_whep_core::pull::Pull;
use whip_whep_core::request::{Method, Request, Target};
use whip_whep_core::response::Response;

use crate::access::Access;
use crate::pulls::Pulls;
use crate::sfu;

/// What a request was and how it ended. Every label has few values, and a client can invent none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    endpoint: &'static str,
    verb: &'static str,
    status: u16,
}

/// Counts requests.
pub(crate) type Requests = Family<RequestLabels, Counter>;

/// What all requests share.
pub(crate) struct Exchange {
    core: Mutex<Core>,
    sfu: Sfu,
    access: Arc<Access>,
    clock: Clock,
    requests: Requests,
    pulls: Pulls,
}

/// What a request is answered with.
pub(crate) struct Answered {
    pub(crate) response: Response,
    /// What the client listens to from here on.
    pub(crate) pull: Option<Pull>,
}

impl Exchange {
    pub(crate) fn new(config: Config, sfu: Sfu, access: Arc<Access>) -> Self {
        Self {
            core: Mutex::new(Core::new(config)),
            sfu,
            access,
            clock: Clock::start(),
            requests: Requests::default(),
            pulls: Pulls::default(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The core, for as long as a decision takes. A panic inside leaves at worst one session half noted, which its own
    /// requests then meet as 404: better than a node that answers nothing.
    pub(crate) fn with_core<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut core);
        while let Some(number) = core.poll_awoken() {
            self.pulls.wake(number);
        }
        result
    }

    pub(crate) const fn sfu(&self) -> &Sfu {
        &self.sfu
    }

    pub(crate) const fn pulls(&self) -> &Pulls {
        &self.pulls
    }

    /// What a bearer permits at this target.
    pub(crate) fn authorize(
        &self,
        target: &Target<'_>,
        bearer: Option<&str>,
    ) -> Result<Grant, Refusal> {
        let verb = target.endpoint.verb();
        let stream = target.stream;
        match target.session {
            None => self.access.authorize(stream, verb, bearer, unix_now()),
            Some(_) => (self.access).authorize_again(stream, verb, bearer, unix_now()),
        }
    }

    /// How many may play the target's stream by WHEP, where it says so itself.
    pub(crate) fn players_max(&self, target: &Target<'_>) -> Option<usize> {
        self.access.players_max(target.stream)
    }

    /// Answers a request.
    pub(crate) async fn respond(self: &Arc<Self>, request: &Request<'_>) -> Answered {
        let now = self.now();
        let step = self.with_core(|core| core.handle_request(request, now));
        let answered = match step {
            Step::Done(response) => response.into(),
            Step::Pull(response, pull) => Answered {
                response,
                pull: Some(pull),
            },
            Step::Ask(ask, ticket) => self.carry_through(ask, ticket).await,
        };
        self.note(request.method, &request.target, &answered.response);
        answered
    }

    /// In a task of its own: a client that hangs up cancels its request, but not what the SFU was asked for it.
    async fn carry_through(self: &Arc<Self>, ask: Ask, ticket: Ticket) -> Answered {
        let this = Arc::clone(self);
        let task = tokio::spawn(async move { this.ask_until_done(ask, ticket).await });
        match task.await {
            Ok(answered) => answered,
            // The task was aborted with its runtime, or panicked; either way nobody else will answer.
            Err(_) => Problem::Internal.response().into(),
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
        self.requests.get_or_create(&labels).inc();
        debug!(endpoint, verb, status, "answered");
    }

    async fn ask_until_done(&self, mut ask: Ask, mut ticket: Ticket) -> Answered {
        loop {
            let said = lifecycle(&ask);
            let reply = sfu::ask(&self.sfu, ask).await;
            if let (Some((what, session)), Ok(_)) = (said, &reply) {
                info!(?session, "{what}");
            }
            match self.with_core(|core| core.handle_reply(ticket, reply)) {
                Step::Done(response) => return response.into(),
                Step::Pull(response, pull) => {
                    return Answered {
                        response,
                        pull: Some(pull),
                    };
                }
                Step::Ask(next, next_ticket) => (ask, ticket) = (next, next_ticket),
            }
        }
    }
}

impl From<Response> for Answered {
    fn from(response: Response) -> Self {
        Self {
            response,
            pull: None,
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
        Ask::Describe { .. } | Ask::SelectLayer { .. } => None,
    }
}
