//! One core with the real media engine behind it, driven by hand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use sfu_model::id::{RoomId, SessionId};
use sfu_model::time::Instant;
use signaling_auth::grant::{Grant, Refusal, Subject};
use str0m::change::SdpOffer;
use str0m::{Candidate, Rtc};
use whip_whep_core::ask::{Ask, Reply, SfuRefusal, Step, Ticket};
use whip_whep_core::endpoint::{Config, WhipWhep};
use whip_whep_core::ice::IceCredentials;
use whip_whep_core::news::News;
use whip_whep_core::pull::Pull;
use whip_whep_core::request::{BodyRefusal, Endpoint, Headers, Method, Request, Target};
use whip_whep_core::response::Response;

/// A client's address that no test cares about.
pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A request as a test writes it: everything that does not matter has a good value.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) content_encoding: Option<&'static str>,
    pub(crate) if_match: Option<String>,
    pub(crate) origin: Option<&'static str>,
    pub(crate) takeover: bool,
    pub(crate) players_max: Option<usize>,
    pub(crate) client: IpAddr,
    pub(crate) subject: Result<Subject, Refusal>,
    pub(crate) body: Result<String, BodyRefusal>,
}

impl Sent {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            content_type: None,
            content_encoding: None,
            if_match: None,
            origin: None,
            takeover: false,
            players_max: None,
            client: CLIENT,
            subject: Ok(Subject::KeyHolder),
            body: Ok(String::new()),
        }
    }

    pub(crate) fn post(path: &str, offer: &str) -> Self {
        let mut sent = Self::new(Method::Post, path);
        sent.content_type = Some("application/sdp");
        sent.body = Ok(offer.to_owned());
        sent
    }

    pub(crate) fn patch(path: &str, if_match: &str, fragment: &str) -> Self {
        let mut sent = Self::new(Method::Patch, path);
        sent.content_type = Some("application/trickle-ice-sdpfrag");
        sent.if_match = Some(if_match.to_owned());
        sent.body = Ok(fragment.to_owned());
        sent
    }

    /// A POST of JSON to a place below a session URL.
    pub(crate) fn json(path: &str, body: &str) -> Self {
        let mut sent = Self::new(Method::Post, path);
        sent.content_type = Some("application/json");
        sent.body = Ok(body.to_owned());
        sent
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// The core, the engine, and the time.
pub(crate) struct Node {
    pub(crate) core: WhipWhep,
    pub(crate) now: Instant,
    n_sessions: u128,
    /// What the engine was asked last.
    pub(crate) last_ask: Option<Ask>,
    /// Who began to listen last.
    pub(crate) last_pull: Option<Pull>,
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            core: WhipWhep::new(config),
            now: Instant::START + Duration::from_secs(1_000),
            n_sessions: 0,
            last_ask: None,
            last_pull: None,
        }
    }

    /// Sends a request and lets the engine answer.
    pub(crate) fn send(&mut self, sent: &Sent) -> Response {
        self.send_to(sent, engine)
    }

    /// Sends a request and answers for the SFU.
    pub(crate) fn send_to(
        &mut self,
        sent: &Sent,
        mut sfu: impl FnMut(&Ask) -> Result<Reply, SfuRefusal>,
    ) -> Response {
        let mut step = self.begin(sent);
        loop {
            match step {
                Step::Done(response) => return response,
                Step::Pull(response, pull) => {
                    self.last_pull = Some(pull);
                    return response;
                }
                Step::Ask(ask, ticket) => {
                    let reply = sfu(&ask);
                    self.last_ask = Some(ask);
                    step = self.core.handle_reply(ticket, reply);
                }
            }
        }
    }

    /// Sends a request and leaves the SFU's answer to the caller.
    pub(crate) fn begin(&mut self, sent: &Sent) -> Step {
        let (endpoint, rest) = match sent.path.strip_prefix("/whip/") {
            Some(rest) => (Endpoint::Whip, rest),
            None => (Endpoint::Whep, sent.path.strip_prefix("/whep/").unwrap()),
        };
        let target = Target::parse(endpoint, rest);
        let grant = |subject: &Subject| Grant {
            subject: subject.clone(),
            stream: RoomId::parse(target.stream).unwrap_or(RoomId::parse("none").unwrap()),
            verb: endpoint.verb(),
            expires: None,
        };
        self.n_sessions += 1;
        let request = Request {
            method: sent.method,
            target,
            headers: Headers {
                content_type: sent.content_type,
                content_encoding: sent.content_encoding,
                if_match: sent.if_match.as_deref(),
                origin: sent.origin,
            },
            takeover: sent.takeover,
            players_max: sent.players_max,
            client: sent.client,
            authorization: sent.subject.as_ref().map(grant).map_err(|refusal| *refusal),
            fresh_session: SessionId::from_random(self.n_sessions),
            body: sent
                .body
                .as_ref()
                .map(String::as_bytes)
                .map_err(|refusal| *refusal),
        };
        self.core.handle_request(&request, self.now)
    }

    /// Opens a session and gives its URL and entity tag.
    pub(crate) fn open(&mut self, path: &str, offer: &str) -> (String, String) {
        let response = self.send(&Sent::post(path, offer));
        assert_eq!(response.status.code(), 201, "{}", response.body);
        (header(&response, "location"), header(&response, "etag"))
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

/// A question that is left open.
pub(crate) fn ticket_of(step: Step) -> (Ask, Ticket) {
    match step {
        Step::Ask(ask, ticket) => (ask, ticket),
        Step::Done(response) | Step::Pull(response, _) => {
            panic!("answered at once: {response:?}")
        }
    }
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    let value = response.header_value(name);
    value
        .unwrap_or_else(|| panic!("no {name} in {response:?}"))
        .to_owned()
}

/// The `code` of a refusal; every refusal must be a whole problem document.
pub(crate) fn problem_code(response: &Response) -> String {
    assert_eq!(header(response, "content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(problem["status"], response.status.code());
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], response.status.phrase());
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    problem["code"].as_str().unwrap().to_owned()
}

/// The engine as the SFU configures it, with one host candidate.
pub(crate) fn engine(ask: &Ask) -> Result<Reply, SfuRefusal> {
    match ask {
        Ask::Publish { offer, .. } | Ask::Play { offer, .. } => answer(offer).map(Reply::Answer),
        Ask::RestartIce { .. } => Ok(Reply::Restarted {
            local: IceCredentials::parse("newfrag0", "0123456789012345678901").unwrap(),
            candidates: vec!["candidate:1 1 udp 2130706431 192.0.2.9 8189 typ host".into()],
        }),
        Ask::Describe { .. } => Ok(Reply::Described(News::default())),
        Ask::SelectLayer { .. } => Ok(Reply::Selected),
        Ask::Close { .. } => Ok(Reply::Closed),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is built with the system's clock"
)]
fn answer(offer: &str) -> Result<String, SfuRefusal> {
    let builder = Rtc::builder().set_rtp_mode(true).set_ice_lite(true);
    let mut rtc = builder.build(std::time::Instant::now());
    let address: SocketAddr = "192.0.2.9:8189".parse().unwrap();
    let candidate = Candidate::host(address, "udp").unwrap();
    rtc.add_local_candidate(candidate).unwrap();
    let malformed = |error: &dyn std::fmt::Display| SfuRefusal::MalformedOffer(error.to_string());
    let offer = SdpOffer::from_sdp_string(offer).map_err(|error| malformed(&error))?;
    let answer = rtc
        .sdp_api()
        .accept_offer(offer)
        .map_err(|error| malformed(&error))?;
    Ok(answer.to_sdp_string())
}
