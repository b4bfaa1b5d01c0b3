//! The end of a session: goodbye to the peer, consent revoked, everything that knew it told.

use crate::command::CloseReason;
use crate::event::Event;
use crate::session::state::{Part, Session};
use crate::slab::SessionIndex;
use crate::worker::Sfu;

impl Sfu {
    /// Ends a session. Its BYE and close_notify leave with the next `poll_transmit`; from here on its STUN checks stay
    /// without an answer, which revokes consent (RFC 7675 section 5.2).
    pub(super) fn close(&mut self, index: SessionIndex, reason: CloseReason) {
        let Some(mut session) = self.sessions.remove(index) else {
            return;
        };
        let room = session.room;
        self.say_goodbye(&mut session, room);
        session.engine.close();
        // Whether the engine still manages to say goodbye changes nothing any more.
        let Session { engine, gate, .. } = session.as_mut();
        let _ = engine.drain(
            self.now,
            gate.path().copied(),
            &mut self.out.datagrams,
            &mut self.out.drained,
        );
        self.out.drained.clear();
        for (transport, address) in session.gate.remotes() {
            self.say(Event::AddressForgotten { transport, address });
        }
        let role = session.role();
        match session.part {
            Part::Publisher(_) => self.publisher_left(session.room, index),
            Part::Subscriber(subscriber) => self.subscriber_left(session.room, subscriber.seat),
        }
        self.say(Event::SessionClosed {
            session: session.id,
            room: session.room_id,
            role,
            reason,
        });
    }

    /// Ends every session, and refuses new ones.
    pub(super) fn shut_down(&mut self) {
        self.is_shutting_down = true;
        for index in self.sessions.indexes() {
            self.close(index, CloseReason::Shutdown);
        }
    }
}
