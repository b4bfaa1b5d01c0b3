//! The rooms of this worker that somebody taps. To the core a tap is one more worker that wants the room.

use std::collections::BTreeMap;

use sfu_core::link::{LinkMessage, RoomMark, TAP};
use sfu_model::id::RoomId;
use sfu_model::time::Instant;

use super::Worker;
use crate::mailbox::Posted;
use crate::tap_end::TapEnd;

/// The taps of one worker, by what their packets are marked with.
#[derive(Debug, Default)]
pub(super) struct Taps {
    by_mark: BTreeMap<u64, (RoomId, TapEnd)>,
    last_mark: u64,
}

impl Taps {
    /// A room has one tap: a new one ends that before it.
    fn open(&mut self, room: RoomId, end: TapEnd) -> RoomMark {
        self.close(&room);
        self.last_mark += 1;
        self.by_mark.insert(self.last_mark, (room, end));
        RoomMark(self.last_mark)
    }

    fn close(&mut self, room: &RoomId) {
        self.by_mark.retain(|_, (tapped, _)| tapped != room);
    }

    /// Rooms whose taps nobody reads any more.
    fn take_gone(&mut self) -> Vec<RoomId> {
        let gone = self.by_mark.values().filter(|(_, end)| end.is_gone());
        let rooms: Vec<RoomId> = gone.map(|(room, _)| room.clone()).collect();
        self.by_mark.retain(|_, (_, end)| !end.is_gone());
        rooms
    }

    /// Takes what the core says to its taps.
    pub(super) fn post(&mut self, message: LinkMessage) -> Posted {
        match message {
            LinkMessage::Packet { mark, packet } => {
                // Nobody waits for what comes for a tap that was replaced.
                let tap = self.by_mark.get_mut(&mark.0);
                match tap.is_none_or(|(_, end)| end.push(packet)) {
                    true => Posted::Yes,
                    false => Posted::Dropped,
                }
            }
            LinkMessage::Tracks { room, tracks, .. } => {
                let tap = self.by_mark.values().find(|(tapped, _)| *tapped == room);
                if let Some((_, end)) = tap {
                    end.tell(tracks);
                }
                Posted::Yes
            }
            LinkMessage::RoomEnded { room } => {
                self.close(&room);
                Posted::Yes
            }
            // A tap may always want everything, which is what a room assumes of who does not say.
            LinkMessage::AskDemand { .. }
            | LinkMessage::Subscribe { .. }
            | LinkMessage::Unsubscribe { .. }
            | LinkMessage::RequestKeyframe { .. }
            | LinkMessage::Demand { .. } => Posted::Yes,
        }
    }

    /// Sends what the turn brought. Gives how many packets were lost to slow readers.
    pub(super) fn flush(&mut self) -> usize {
        self.by_mark.values_mut().map(|(_, end)| end.flush()).sum()
    }
}

impl Worker {
    pub(super) fn open_tap(&mut self, room: RoomId, end: TapEnd, now: Instant) {
        let mark = self.mail.taps.open(room.clone(), end);
        self.core
            .handle_link(TAP, LinkMessage::Subscribe { room, mark }, now);
    }

    /// Lets go of rooms that nobody taps any more.
    pub(super) fn sweep_taps(&mut self, now: Instant) {
        for room in self.mail.taps.take_gone() {
            self.core
                .handle_link(TAP, LinkMessage::Unsubscribe { room }, now);
        }
    }
}
