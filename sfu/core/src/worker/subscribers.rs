//! Subscribers: packets and repairs out, reports and requests in.

use sfu_model::codec::MediaKind;
use sfu_model::datagram::{Datagram, TransmitBatch};
use sfu_model::drop_reason::{DropCounts, DropReason};
use sfu_model::keyframe::KeyframeReason;
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, NtpTime};

use crate::egress::feedback::{self, Moment};
use crate::egress::turn::Turn;
use crate::event::Event;
use crate::route::arrivals::Arrivals;
use crate::route::room::Room;
use crate::session::state::{Part, Session};
use crate::slab::{RoomIndex, SessionIndex};
use crate::subscribe::subscriber::Subscriber;
use crate::subscribe::subscription::Subscription;
use crate::worker::Sfu;

impl Sfu {
    /// Lets a subscriber take what came since its last turn, sends what may leave towards it now, and says when to come back.
    pub(super) fn flush_subscriber(&mut self, index: SessionIndex, batch: &mut TransmitBatch) {
        let Some(Session {
            part: Part::Subscriber(subscriber),
            gate,
            room,
            scheduled_at,
            id,
            lifecycle,
            ..
        }) = self.sessions.get_mut(index)
        else {
            return;
        };
        let Some(room) = self.rooms.get_mut(*room) else {
            return;
        };
        room.all_are_dirty = false;
        let (Some(path), true) = (gate.path(), subscriber.sender.is_open()) else {
            skip_arrivals(subscriber, room, &mut self.stats.drops);
            return self.schedule(index);
        };
        let mut turn = Turn {
            cache: &room.cache,
            path,
            now: self.now,
            ntp_anchor: self.ntp_anchor,
            batch,
            stats: &mut self.stats,
            straight_bytes: 0,
        };
        let any = send_all(subscriber, &room.arrivals, &mut turn);
        subscriber.sender.end_turn(&mut turn);
        if any && !std::mem::replace(&mut subscriber.has_received, true) {
            self.out.events.push_back(Event::FirstPacketSent {
                session: *id,
                after: self.now - lifecycle.opened_at,
            });
        }
        let is_unscheduled = subscriber.sender.take_timer_news() || scheduled_at.is_none();
        if subscriber.sender.wants_plan(self.now) {
            self.update_subscriber(index);
        }
        if is_unscheduled {
            self.schedule(index);
        }
    }

    /// A datagram of reports and requests of a subscriber's session, from an address that passed ICE.
    pub(super) fn on_subscriber_rtcp(
        &mut self,
        index: SessionIndex,
        datagram: &Datagram<'_>,
    ) -> Result<(), DropReason> {
        let moment = Moment {
            now: self.now,
            ntp: ntp_at(self.ntp_anchor, self.now),
        };
        let session = self
            .sessions
            .get_mut(index)
            .ok_or(DropReason::UnvalidatedSource)?;
        let Session {
            part: Part::Subscriber(subscriber),
            gate,
            room,
            ..
        } = session
        else {
            return Err(DropReason::UnwantedMedia);
        };
        let room = self.rooms.get(*room).ok_or(DropReason::UnvalidatedSource)?;
        // It is opened where it lies, and the caller's bytes are not ours to change.
        self.out.opened.clear();
        self.out.opened.extend_from_slice(datagram.bytes);
        let drops = &mut self.stats.drops;
        let Subscriber {
            sender,
            feedback_patience,
            ..
        } = subscriber;
        let mut steps = feedback_patience.begin(self.now);
        let opened = &mut self.out.opened;
        let heard = feedback::hear(sender, opened, &mut steps, (&room.cache, moment), drops)?;
        gate.heard((datagram.transport, datagram.source), self.now);
        let wants_plan = subscriber.sender.wants_plan(self.now);
        let begins = subscriber.sender.confirmation.confirm();
        if heard.wants_repair {
            self.mark_dirty(index);
        }
        if wants_plan {
            self.update_subscriber(index);
        }
        self.stats.keyframe_requests_received += u64::from(heard.wants_keyframe);
        if heard.wants_keyframe || heard.misses_long || begins {
            self.ask_for_keyframe(index, heard.has_lost_all);
        }
        Ok(())
    }

    /// A subscriber's decoder lost its references, or will not have them in time; nothing is repaired where the keyframe comes
    /// in place of it.
    fn ask_for_keyframe(&mut self, index: SessionIndex, is_in_place: bool) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let room = session.room;
        let Some(subscriber) = session.subscriber() else {
            return;
        };
        if !subscriber.keyframe_patience.hear(now) {
            self.stats.keyframe_requests_max_hits += 1;
            return;
        }
        subscriber.sender.keyframe_asked(is_in_place);
        // What it has chosen comes with the same keyframe: a decoder that asks whenever it may would leave it none.
        if subscriber.video.as_mut().is_some_and(Subscription::grant) {
            self.update_subscriber(index);
        }
        let session = self.sessions.get_mut(index);
        let video = session.and_then(|s| s.subscriber()?.video.as_ref());
        if let Some(encoding) = video.and_then(Subscription::recovery_target) {
            self.request_keyframe(room, encoding, KeyframeReason::Recovery);
        }
    }

    /// A subscriber's transport is up. False when its keys are of no use.
    pub(super) fn open_sender(&mut self, index: SessionIndex) -> bool {
        let Some(Session {
            part: Part::Subscriber(subscriber),
            engine,
            ..
        }) = self.sessions.get_mut(index)
        else {
            return true;
        };
        let keys = engine.take_keys();
        keys.is_some_and(|agreed| subscriber.sender.open(agreed))
    }

    /// A subscriber's session ends: its streams do.
    pub(super) fn say_goodbye(&mut self, session: &mut Session, room: RoomIndex) {
        let Session {
            part: Part::Subscriber(subscriber),
            gate,
            ..
        } = session
        else {
            return;
        };
        let (Some(path), Some(room)) = (gate.path(), self.rooms.get(room)) else {
            return;
        };
        subscriber.sender.close(&mut Turn {
            cache: &room.cache,
            path,
            now: self.now,
            ntp_anchor: self.ntp_anchor,
            batch: &mut self.out.datagrams,
            stats: &mut self.stats,
            straight_bytes: 0,
        });
    }
}

/// Sends a subscriber what waited for it, and what passes of what came since its last turn. True when any of that did.
fn send_all(subscriber: &mut Subscriber, arrivals: &Arrivals, turn: &mut Turn<'_>) -> bool {
    // Sound waits for nothing. At most turns nothing else does, and one look at what came is enough.
    let is_sound_first = subscriber.sender.has_waiting(turn.now);
    let any_sound = is_sound_first && send_sound(subscriber, arrivals, turn);
    subscriber.sender.send_waiting(turn);
    send_arrivals(subscriber, arrivals, is_sound_first, turn) || any_sound
}

/// Sends the sound of what came. The rest is still to be looked at.
#[cold]
fn send_sound(subscriber: &mut Subscriber, arrivals: &Arrivals, turn: &mut Turn<'_>) -> bool {
    let mut seen = subscriber.seen;
    let (_, names) = arrivals.take(&mut seen);
    let packets = names.filter_map(|(encoding, sequence)| turn.cache.get(encoding, sequence));
    let mut any = false;
    for packet in packets.filter(|packet| is_sound(packet)) {
        match subscriber.forward(packet, turn) {
            Ok(()) => any = true,
            Err(reason) => turn.stats.drops.count(reason),
        }
    }
    any
}

/// Sends what came, all of it or what is not sound.
fn send_arrivals(
    subscriber: &mut Subscriber,
    arrivals: &Arrivals,
    is_sound_gone: bool,
    turn: &mut Turn<'_>,
) -> bool {
    let (forgotten, names) = arrivals.take(&mut subscriber.seen);
    if forgotten > 0 {
        turn.stats.drops.add(DropReason::SenderQueueFull, forgotten);
    }
    let mut any = false;
    for (encoding, sequence) in names {
        let forwarded = match turn.cache.get(encoding, sequence) {
            Some(packet) if is_sound_gone && is_sound(packet) => continue,
            Some(packet) => subscriber.forward(packet, turn),
            None => Err(DropReason::NotCached),
        };
        match forwarded {
            Ok(()) => any = true,
            Err(reason) => turn.stats.drops.count(reason),
        }
    }
    any
}

fn is_sound(packet: &Packet) -> bool {
    packet.codec.kind() == MediaKind::Audio
}

/// What comes before its transport is up is lost to a subscriber.
fn skip_arrivals(subscriber: &mut Subscriber, room: &Room, drops: &mut DropCounts) {
    let (forgotten, names) = room.arrivals.take(&mut subscriber.seen);
    drops.add(DropReason::TransportNotUp, forgotten + names.count() as u64);
}

fn ntp_at(anchor: NtpTime, now: Instant) -> NtpTime {
    anchor.after(now - Instant::START)
}

#[cfg(test)]
mod tests;
