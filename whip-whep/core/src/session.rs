//! The state of one session URL.

use sfu_model::id::RoomId;
use signaling_auth::grant::Grant;

use crate::answer::AnsweredIce;
use crate::entity_tag::EntityTag;
use crate::ice::IceCredentials;
use crate::request::Endpoint;

/// One session: from its POST until its DELETE, or until the SFU says that it is gone.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where its URL lies.
    pub endpoint: Endpoint,
    /// Its stream.
    pub room: RoomId,
    /// What it was opened with; PATCH and DELETE need a grant of the same subject.
    pub grant: Grant,
    /// The m-line of the answer that its video is in, counted from 0.
    pub video_index: Option<usize>,
    /// How far it is.
    pub state: State,
}

/// How far a session is.
#[derive(Clone, Debug)]
pub enum State {
    /// The SFU has the offer. Nobody knows the URL yet.
    Opening,
    /// The client has the answer.
    Open(IceSession),
}

/// What both sides use for ICE, and the tag that stands for it.
#[derive(Clone, Debug)]
pub struct IceSession {
    /// The entity tag of this ICE session.
    pub tag: EntityTag,
    /// How many ICE sessions there were, this one included.
    pub generation: u64,
    /// What the client uses.
    pub remote: IceCredentials,
    /// What a restart repeats of the answer.
    pub answered: AnsweredIce,
    /// The SFU is restarting: a second restart has to wait, or two answers could cross.
    pub is_restarting: bool,
}

impl IceSession {
    /// The ICE session that an answer begins.
    pub fn first(remote: IceCredentials, answered: AnsweredIce) -> Self {
        Self {
            tag: EntityTag::new(&answered.local_ufrag, 1),
            generation: 1,
            remote,
            answered,
            is_restarting: false,
        }
    }

    /// The ICE session that a restart begins. The old tag is stale from here on.
    pub fn restarted(&mut self, remote: IceCredentials, local_ufrag: &str) {
        self.generation = self.generation.saturating_add(1);
        self.tag = EntityTag::new(local_ufrag, self.generation);
        self.remote = remote;
        self.is_restarting = false;
    }
}
