//! Participants come and go, over WHIP and WHEP. Their requests take no time here: what they cost is tested where HTTP is.

use std::net::SocketAddr;

use sfu_core::command::{CloseReason, Command, CommandResult, Play, Publish, Reply};
use sfu_core::error::CommandError;
use sfu_model::id::{RoomId, SessionId, WorkerId};
use whip_whep_core::request::Method;
use whip_whep_core::response::Response;

use crate::browser::{Birth, Browser};
use crate::chance::draw;
use crate::descriptor;
use crate::publisher::Camera;
use crate::signaling::{self, Refused, Sent};
use crate::world::{BrowserId, World};

/// Why a participant could not join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// An endpoint refused it.
    Refused(Refused),
    /// A worker refused it, which was asked without an endpoint.
    RefusedByWorker(CommandError),
    /// The browser's engine does not take the answer.
    AnswerUnusable,
}

impl JoinError {
    /// What the problem document of an endpoint's refusal calls it.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.code),
            Self::RefusedByWorker(_) | Self::AnswerUnusable => None,
        }
    }
}

impl World {
    /// A participant publishes.
    pub fn publish(&mut self, room: &str, camera: Camera) -> Result<BrowserId, JoinError> {
        self.join(room, Some((camera, false)), |offer| offer)
    }

    /// A participant publishes in place of the one that does.
    pub fn take_over(&mut self, room: &str, camera: Camera) -> Result<BrowserId, JoinError> {
        self.join(room, Some((camera, true)), |offer| offer)
    }

    /// A participant plays.
    pub fn watch(&mut self, room: &str) -> Result<BrowserId, JoinError> {
        self.join(room, None, |offer| offer)
    }

    /// A participant plays that knows of no Dependency Descriptors, as in Firefox.
    pub fn watch_without_descriptors(&mut self, room: &str) -> Result<BrowserId, JoinError> {
        self.join(room, None, |offer| {
            let lines = offer.split_inclusive('\n');
            lines
                .filter(|line| !line.contains(descriptor::URI))
                .collect()
        })
    }

    /// A participant joins with an offer that was tampered with.
    pub fn join(
        &mut self,
        room: &str,
        publishing: Option<(Camera, bool)>,
        tamper: impl FnOnce(String) -> String,
    ) -> Result<BrowserId, JoinError> {
        let (mut browser, offer) = self.newcomer(room, publishing.map(|(camera, _)| camera));
        let endpoint = publishing.map_or("whep", |_| "whip");
        let sent = Sent {
            method: Method::Post,
            path: &format!("/{endpoint}/{room}"),
            if_match: None,
            takeover: publishing.is_some_and(|(_, takeover)| takeover),
            client: browser.address.ip(),
            fresh_session: browser.session,
            body: &tamper(offer),
        };
        let response = self.request(&sent).map_err(JoinError::Refused)?;
        browser.url = signaling::session_url(&response);
        self.admit(browser, &response.body)
    }

    /// A participant joins with an offer that no endpoint has looked at: what a worker makes of whatever it is given.
    pub fn join_at_worker(
        &mut self,
        room: &str,
        publishing: Option<(Camera, bool)>,
        tamper: impl FnOnce(String) -> String,
    ) -> Result<BrowserId, JoinError> {
        let (browser, offer) = self.newcomer(room, publishing.map(|(camera, _)| camera));
        let (session, room, offer) = (browser.session, browser.room.clone(), tamper(offer));
        let now = self.node_now();
        let (worker, result) = match publishing {
            Some((_, takeover)) => {
                let publish = Publish {
                    session,
                    room,
                    offer,
                    takeover,
                };
                self.node.publish(publish, now)
            }
            None => {
                let play = Play {
                    session,
                    room,
                    origin: WorkerId(0),
                    codecs: Vec::new(),
                    offer,
                };
                self.node.play(play, now)
            }
        };
        self.settle_worker(worker);
        match result.map_err(JoinError::RefusedByWorker)? {
            Reply::Answer { sdp } => self.admit(browser, &sdp),
            Reply::Restarted { .. } | Reply::Wanted { .. } | Reply::Done => {
                Err(JoinError::AnswerUnusable)
            }
        }
    }

    fn newcomer(&self, room: &str, camera: Option<Camera>) -> (Browser, String) {
        let number = u32::try_from(self.browsers.len()).unwrap_or(u32::MAX);
        Browser::new(self.birth(room, number), camera, self.now)
    }

    fn admit(&mut self, mut browser: Browser, answer: &str) -> Result<BrowserId, JoinError> {
        if !browser.accept(answer) {
            return Err(JoinError::AnswerUnusable);
        }
        let id = BrowserId(self.browsers.len());
        self.by_address.insert(browser.address, id);
        self.browsers.push(browser);
        self.settle_browser(id);
        Ok(id)
    }

    /// Somebody with the stream's key sends a request, and those who had to do with it do what they have to.
    pub fn request(&mut self, sent: &Sent<'_>) -> Result<Response, Refused> {
        let now = self.node_now();
        let answered = self.node.request(sent, now);
        #[expect(clippy::expect_used, reason = "a script sends to endpoints")]
        let (response, workers) = answered.expect("a path of an endpoint");
        for worker in workers {
            self.settle_worker(worker);
        }
        signaling::refused(&response).map_or(Ok(response), Err)
    }

    /// A request of somebody who has joined, to its session URL.
    fn request_own(
        &mut self,
        browser: BrowserId,
        method: Method,
        body: &str,
    ) -> Result<Response, Refused> {
        let (session, client) = {
            let browser = self.browser(browser);
            (browser.session, browser.address.ip())
        };
        let url = self.browser(browser).url.clone();
        #[expect(
            clippy::expect_used,
            reason = "whoever joined at a worker has no URL to speak to"
        )]
        let url = url.expect("a session that an endpoint opened");
        self.request(&Sent {
            method,
            path: &url.path,
            if_match: Some(&url.entity_tag),
            takeover: false,
            client,
            fresh_session: session,
            body,
        })
    }

    fn birth(&self, room: &str, number: u32) -> Birth {
        let [_, high, middle, low] = number.to_be_bytes();
        let bits = u128::from(draw(self.seed, &[9, u64::from(number)])) << 64
            | u128::from(draw(self.seed, &[8, u64::from(number)]));
        #[expect(clippy::expect_used, reason = "a script names rooms that can be")]
        let room = RoomId::parse(room).expect("a room name");
        Birth {
            number,
            address: SocketAddr::from(([10, high, middle, low], 5_000)),
            session: SessionId::from_random(bits),
            room,
            seed: self.seed,
            clock: self.newcomers_clock,
        }
    }

    /// The participant's client deletes its session (RFC 9725 section 4.2), and its page closes the transport.
    pub fn leave(&mut self, browser: BrowserId) -> Result<(), Refused> {
        self.browser_mut(browser).close();
        self.settle_browser(browser);
        if self.browser(browser).url.is_some() {
            return self.request_own(browser, Method::Delete, "").map(|_| ());
        }
        let session = self.browser(browser).session;
        let reason = CloseReason::Requested;
        // It may be closed already, and then there is nothing left to do.
        let _ = self.command(session, Command::Close { session, reason });
        Ok(())
    }

    /// The participant comes from a new address, restarts ICE and tells the node by PATCH (RFC 9725 section 4.3.3). False when
    /// its engine does not take the answer.
    pub fn roam(&mut self, browser: BrowserId) -> Result<bool, Refused> {
        let old = self.browser(browser).address;
        let address = SocketAddr::new(old.ip(), old.port().wrapping_add(1));
        let remote = self.browser_mut(browser).engine().restart_ice();
        self.by_address.insert(address, browser);
        self.browser_mut(browser).address = address;
        let fragment = signaling::restart_fragment(&remote);
        let response = self.request_own(browser, Method::Patch, &fragment)?;
        let Some((local, candidates)) = signaling::restarted(&response.body) else {
            return Ok(false);
        };
        if let (Some(url), Some(tag)) = (
            &mut self.browser_mut(browser).url,
            response.header_value("etag"),
        ) {
            url.entity_tag = tag.to_owned();
        }
        let engine = self.browser_mut(browser).engine();
        let accepted = engine.accept_restart(&local, &candidates, address);
        self.settle_browser(browser);
        Ok(accepted)
    }

    /// The router before a participant forgets its mapping: the node sees another address, and nobody tells anybody. Returns
    /// that address.
    pub fn rebind(&mut self, browser: BrowserId) -> SocketAddr {
        let own = self.browser(browser).address;
        self.network.rebind(own)
    }

    /// Gives a command to the worker that has a session.
    pub fn command(&mut self, session: SessionId, command: Command) -> CommandResult {
        let now = self.node_now();
        let (worker, result) = self.node.command_session(session, command, now);
        self.settle_worker(worker);
        result
    }
}
