//! A slot as its owner holds it.

use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;
use tokio::sync::mpsc;

use super::Supervisor;
use super::event::SlotEvent;
use super::request::Request;
use crate::gate::{Gate, Passage};
use crate::job::{RungSet, SlotId};

/// One stream's job. Dropped, it is closed.
#[derive(Debug)]
pub struct Slot {
    id: SlotId,
    supervisor: Supervisor,
    events: mpsc::Receiver<SlotEvent>,
    gate: Gate,
}

impl Slot {
    pub(super) const fn new(
        id: SlotId,
        supervisor: Supervisor,
        events: mpsc::Receiver<SlotEvent>,
    ) -> Self {
        Self {
            id,
            supervisor,
            events,
            gate: Gate::closed(),
        }
    }

    /// Its name in logs.
    pub const fn id(&self) -> SlotId {
        self.id
    }

    /// Gives it the publisher's next frame. It never waits. False: the frame was given up, and counted, because the supervisor
    /// is behind or was until the last keyframe.
    pub fn send(&mut self, frame: Frame) -> bool {
        let has_room = self.supervisor.requests.capacity() > 0;
        let is_sent = match self.gate.pass(frame.is_keyframe, has_room) {
            Passage::Dropped => false,
            Passage::Follows | Passage::FollowsHole => {
                let is_sent = self.supervisor.request(Request::Frame(self.id, frame));
                if !is_sent {
                    self.gate.close();
                }
                is_sent
            }
        };
        if !is_sent {
            self.supervisor.give_up_frame();
        }
        is_sent
    }

    /// Asks for a keyframe of all rungs, at the first picture at or after this time. False: the supervisor is behind.
    pub fn keyframe_at(&self, time: MediaTime) -> bool {
        self.supervisor.request(Request::KeyframeAt(self.id, time))
    }

    /// Says which rungs are wanted. False: the supervisor is behind; say it again.
    pub fn want(&self, rungs: RungSet) -> bool {
        self.supervisor.request(Request::Rungs(self.id, rungs))
    }

    /// What comes next. `None`: the slot is over.
    pub async fn next(&mut self) -> Option<SlotEvent> {
        self.events.recv().await
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Where there is no room, the task finds that nobody reads its events.
        self.supervisor.request(Request::Close(self.id));
    }
}
