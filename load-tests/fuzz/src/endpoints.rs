//! Both HTTP endpoints with a worker behind them, a publisher's and a player's session open, and what they promise to whoever
//! sends requests.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use sfu_core::Sfu;
use sfu_core::event::Event;
use sfu_model::id::{RoomId, SessionId};
use sfu_model::time::Instant;
use signaling_auth::grant::{Grant, Refusal, Subject};
use whip_whep_core::ask::{Ask, Step};
use whip_whep_core::endpoint::{Config, WhipWhep};
use whip_whep_core::pull::Pulled;
use whip_whep_core::request::{BodyRefusal, Endpoint, Headers, Method, Request, Target};
use whip_whep_core::response::{PROBLEM, Response};
use whip_whep_core::status::Status;

use crate::asked::answer;
use crate::connected::{OFFER, new_sfu};

/// How far time goes with each request: budgets refill, and the worker's timers run.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);

/// Most questions of one request: an offer that the engine took and that cannot be answered is closed again.
const ASKS_MAX: usize = 2;

/// Where everybody is.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    /// `{publisher}` and `{player}` in it stand for the URLs of the open sessions.
    pub(crate) path: &'a str,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) content_encoding: Option<&'a str>,
    /// `{tag}` in it stands for the player's entity tag.
    pub(crate) if_match: Option<&'a str>,
    pub(crate) origin: Option<&'a str>,
    pub(crate) subject: Result<Subject, Refusal>,
    pub(crate) body: &'a [u8],
}

/// The endpoints.
pub(crate) struct Endpoints {
    core: WhipWhep,
    sfu: Sfu,
    now: Instant,
    n_requests: u128,
    publisher_url: String,
    player_url: String,
    player_tag: String,
    /// Who opened each session that the worker was ever asked for.
    openers: BTreeMap<SessionId, Subject>,
}

impl Endpoints {
    /// Somebody publishes, and somebody plays.
    pub(crate) fn new(lenient_patch: bool) -> Self {
        let config = Config {
            lenient_patch,
            ..Config::default()
        };
        let mut endpoints = Self {
            core: WhipWhep::new(config),
            sfu: new_sfu(),
            now: Instant::START,
            n_requests: 0,
            publisher_url: String::new(),
            player_url: String::new(),
            player_tag: String::new(),
            openers: BTreeMap::new(),
        };
        let played = OFFER.replace("a=sendonly", "a=recvonly");
        (endpoints.publisher_url, _) = endpoints.open("/whip/demo", OFFER);
        (endpoints.player_url, endpoints.player_tag) = endpoints.open("/whep/demo", &played);
        endpoints
    }

    /// Opens a session, and gives its URL and its entity tag.
    fn open(&mut self, path: &str, offer: &str) -> (String, String) {
        let sent = Sent {
            method: Method::Post,
            path,
            content_type: Some("application/sdp"),
            content_encoding: None,
            if_match: None,
            origin: None,
            subject: Ok(Subject::KeyHolder),
            body: offer.as_bytes(),
        };
        let response = self.request(&sent).expect("a path of ours");
        let value = |name| response.header_value(name).unwrap_or_default().to_owned();
        assert_eq!(response.status, Status::Created, "{response:?}");
        (value("location"), value("etag"))
    }

    /// Sends a request, and holds what comes back to what is promised. `None` for a path that is neither endpoint's.
    pub(crate) fn request(&mut self, sent: &Sent<'_>) -> Option<Response> {
        self.now += BETWEEN_REQUESTS;
        self.sfu.handle_timeout(self.now);
        self.settle();
        let path = sent.path.replace("{publisher}", &self.publisher_url);
        let path = path.replace("{player}", &self.player_url);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let (endpoint, rest) = match path.strip_prefix("/whip/") {
            Some(rest) => (Endpoint::Whip, rest),
            None => (Endpoint::Whep, path.strip_prefix("/whep/")?),
        };
        let target = Target::parse(endpoint, rest);
        let if_match = sent
            .if_match
            .map(|tag| tag.replace("{tag}", &self.player_tag));
        self.n_requests += 1;
        // Whoever reads bodies stops at what the target takes.
        let is_whole = sent.body.len() <= target.body_bytes_max(sent.method);
        let request = Request {
            method: sent.method,
            target,
            headers: Headers {
                content_type: sent.content_type,
                content_encoding: sent.content_encoding,
                if_match: if_match.as_deref(),
                origin: sent.origin,
            },
            takeover: query == "takeover=1",
            players_max: None,
            client: CLIENT,
            authorization: grant(&sent.subject, &target),
            fresh_session: SessionId::from_random(self.n_requests),
            body: is_whole.then_some(sent.body).ok_or(BodyRefusal::TooLarge),
        };
        let n_before = self.n_sessions();
        let response = self.decide(&request);
        check_response(&response);
        if !request.method.needs_grant() {
            assert_eq!(n_before, self.n_sessions(), "reading changes nothing");
        }
        self.settle();
        Some(response)
    }

    fn decide(&mut self, request: &Request<'_>) -> Response {
        let mut step = self.core.handle_request(request, self.now);
        for _ in 0..=ASKS_MAX {
            match step {
                Step::Done(response) => return response,
                Step::Pull(response, pull) => {
                    if let Pulled::Events(text) = self.core.take_events(&pull) {
                        check_events(&text);
                    }
                    self.core.end_pull(&pull);
                    return response;
                }
                Step::Ask(ask, ticket) => {
                    self.check_ask(&ask, request);
                    let reply = answer(&mut self.sfu, ask, self.now);
                    step = self.core.handle_reply(ticket, reply);
                }
            }
        }
        unreachable!("a request asks without an end: {request:?}")
    }

    /// Nobody does anything to a session but who opened it.
    fn check_ask(&mut self, ask: &Ask, request: &Request<'_>) {
        let asker = request.authorization.as_ref().map(|grant| &grant.subject);
        let asker = asker.expect("nobody without a grant reaches the worker");
        match ask {
            Ask::Publish { session, .. } | Ask::Play { session, .. } => {
                self.openers.insert(*session, asker.clone());
            }
            Ask::RestartIce { session, .. }
            | Ask::Describe { session, .. }
            | Ask::SelectLayer { session, .. }
            | Ask::Close { session } => {
                assert_eq!(self.openers.get(session), Some(asker), "{ask:?}");
            }
        }
    }

    fn settle(&mut self) {
        while let Some(event) = self.sfu.poll_event() {
            match event {
                Event::SessionClosed { session, .. } => {
                    self.core.handle_session_closed(session, self.now);
                }
                Event::AddressValidated { .. }
                | Event::AddressForgotten { .. }
                | Event::SessionConnected { .. }
                | Event::FirstPacketSent { .. }
                | Event::RoomLive { .. }
                | Event::RoomSilent { .. } => {}
            }
        }
        while self.sfu.poll_link().is_some() {}
        let stats = self.sfu.stats();
        let held = (stats.n_publishers, stats.n_subscribers);
        assert_eq!(self.n_sessions(), held, "a session has a URL, and no other");
    }

    /// Publishers and players that have a URL.
    fn n_sessions(&self) -> (usize, usize) {
        let n_of = |endpoint| self.core.n_sessions(endpoint);
        (n_of(Endpoint::Whip), n_of(Endpoint::Whep))
    }
}

/// The grant that a verified credential gives at this path. A path that names no stream has none to give, and is refused first.
fn grant(subject: &Result<Subject, Refusal>, target: &Target<'_>) -> Result<Grant, Refusal> {
    let stream = RoomId::parse(target.stream).or_else(|_| RoomId::parse("none"));
    Ok(Grant {
        subject: subject.clone()?,
        stream: stream.expect("a room name"),
        verb: target.endpoint.verb(),
        expires: None,
    })
}

fn check_response(response: &Response) {
    let code = response.status.code();
    for header in &response.headers {
        assert!(
            header.value.bytes().all(|b| (0x20..0x7f).contains(&b)),
            "no header field: {header:?}"
        );
    }
    assert_ne!(response.status, Status::InternalServerError, "{response:?}");
    if code >= 400 {
        assert_eq!(response.header_value("content-type"), Some(PROBLEM));
        assert!(response.body.contains(&format!("\"status\":{code}")));
    }
    if response.status == Status::Created {
        assert!(response.header_value("location").is_some());
    }
}

/// Events are two lines and an empty one each (the HTML standard, "Server-sent events").
fn check_events(text: &str) {
    for event in text.split_terminator("\n\n") {
        let lines: Vec<&str> = event.split('\n').collect();
        assert!(
            matches!(lines[..], [name, data] if name.starts_with("event: ") && data.starts_with("data: {")),
            "no event: {event:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion(subject: Subject) -> Sent<'static> {
        Sent {
            method: Method::Delete,
            path: "{player}",
            content_type: None,
            content_encoding: None,
            if_match: None,
            origin: None,
            subject: Ok(subject),
            body: b"",
        }
    }

    #[test]
    fn a_session_is_closed_by_who_opened_it_and_its_url_with_it() {
        let mut endpoints = Endpoints::new(false);
        let status_of = |response: Option<Response>| response.unwrap().status;
        let stranger = deletion(Subject::Token("bob".into()));
        assert_eq!(status_of(endpoints.request(&stranger)), Status::NotFound);
        let holder = deletion(Subject::KeyHolder);
        assert_eq!(status_of(endpoints.request(&holder)), Status::Ok);
        assert_eq!(endpoints.n_sessions(), (1, 0));
    }

    #[test]
    #[should_panic(expected = "SelectLayer")]
    fn a_stranger_who_reaches_a_session_is_found() {
        let mut endpoints = Endpoints::new(false);
        let somebody = Subject::Token("alice".into());
        endpoints
            .openers
            .values_mut()
            .for_each(|opener| *opener = somebody.clone());
        let selection = Sent {
            method: Method::Post,
            path: "{player}/layer",
            content_type: Some("application/json"),
            body: b"{}",
            ..deletion(Subject::KeyHolder)
        };
        endpoints.request(&selection);
    }

    #[test]
    #[should_panic(expected = "has a URL, and no other")]
    fn a_session_that_keeps_its_url_too_long_is_found() {
        let mut endpoints = Endpoints::new(false);
        let publisher = SessionId::from_random(1);
        endpoints
            .core
            .handle_session_closed(publisher, endpoints.now);
        endpoints.settle();
    }
}
