//! Participants come and go. Signaling takes no time here: what it costs is tested where HTTP is.

use std::net::SocketAddr;

use sfu_core::command::{CloseReason, Command, CommandResult, Play, Publish, Reply};
use sfu_core::error::CommandError;
use sfu_model::id::{RoomId, SessionId, WorkerId};

use crate::browser::{Birth, Browser};
use crate::chance::draw;
use crate::descriptor;
use crate::publisher::Camera;
use crate::world::{BrowserId, World};

/// Why a participant could not join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// The node refused it.
    Refused(CommandError),
    /// The browser's engine does not take the answer.
    AnswerUnusable,
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
        let number = u32::try_from(self.browsers.len()).unwrap_or(u32::MAX);
        let birth = self.birth(room, number);
        let (session, room, address) = (birth.session, birth.room.clone(), birth.address);
        let camera = publishing.map(|(camera, _)| camera);
        let (mut browser, offer) = Browser::new(birth, camera, self.now);
        let offer = tamper(offer);
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
                let origin = WorkerId(0);
                let play = Play {
                    session,
                    room,
                    origin,
                    codecs: Vec::new(),
                    offer,
                };
                self.node.play(play, now)
            }
        };
        self.settle_worker(worker);
        let accepted = match result.map_err(JoinError::Refused)? {
            Reply::Answer { sdp } => browser.accept(&sdp),
            Reply::Restarted { .. } | Reply::Wanted { .. } | Reply::Done => false,
        };
        if !accepted {
            return Err(JoinError::AnswerUnusable);
        }
        let id = BrowserId(self.browsers.len());
        self.browsers.push(browser);
        self.by_address.insert(address, id);
        self.settle_browser(id);
        Ok(id)
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

    /// The participant's client deletes its session (DELETE), and its page closes the transport.
    pub fn leave(&mut self, browser: BrowserId) -> CommandResult {
        let session = self.browser(browser).session;
        self.browser_mut(browser).close();
        self.settle_browser(browser);
        self.command(
            session,
            Command::Close {
                session,
                reason: CloseReason::Requested,
            },
        )
    }

    /// The participant comes from a new address, restarts ICE and tells the node by PATCH (RFC 9725 section 4.3.3). False when
    /// its engine does not take the answer.
    pub fn roam(&mut self, browser: BrowserId) -> Result<bool, CommandError> {
        let old = self.browser(browser).address;
        let address = SocketAddr::new(old.ip(), old.port().wrapping_add(1));
        let remote = self.browser_mut(browser).engine().restart_ice();
        self.by_address.insert(address, browser);
        self.browser_mut(browser).address = address;
        let session = self.browser(browser).session;
        let reply = self.command(session, Command::RestartIce { session, remote })?;
        let accepted = match reply {
            Reply::Restarted { local, candidates } => self
                .browser_mut(browser)
                .engine()
                .accept_restart(&local, &candidates, address),
            Reply::Answer { .. } | Reply::Wanted { .. } | Reply::Done => false,
        };
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
