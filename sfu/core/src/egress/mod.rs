//! One subscriber's media on its way out, sealed by us: the RTC engine of a subscriber only keeps its transport alive.
//!
//! A packet that passes `subscribe` (may it pass, with which numbers?) is written once: header, extensions, payload, into the
//! datagram buffer, and sealed where it lies. What is more than a burst waits in [`sender::Sender`]'s queue, as a name in the
//! room's cache.
//!
//! * [`departure`] finds a packet, numbers it and writes it; [`turn`] is what it may use.
//! * [`stream`] is one RTP stream: its indices, its history, its counters.
//! * [`pacer`] spreads a keyframe over a few milliseconds; [`repair`] says how much may be sent again,
//!   [`repair_copies`] what is better sent more than once.
//! * [`given_up`] knows what no repair can mend in time, and a keyframe does.
//! * [`redundancy`] lets sound carry what was sent before (RFC 2198).
//! * [`estimation`] follows what the path carries, while there is a choice to make.
//! * [`reports`] and [`feedback`] are its RTCP, out and in; [`feedback_patience`] says how much of it is heard.

pub(crate) mod confirmation;
mod departure;
pub(crate) mod estimation;
pub(crate) mod extensions;
pub(crate) mod feedback;
pub(crate) mod feedback_patience;
pub(crate) mod given_up;
pub(crate) mod header;
pub(crate) mod history;
mod late;
mod losing;
mod loss_tally;
pub(crate) mod pacer;
pub(crate) mod redundancy;
pub(crate) mod repair;
pub(crate) mod repair_copies;
pub(crate) mod repaired;
pub(crate) mod reports;
pub(crate) mod sender;
pub(crate) mod stream;
pub(crate) mod turn;
