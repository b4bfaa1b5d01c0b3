//! RTCP: reports and feedback between one session's two ends (RFC 3550 section 6, RFC 4585, RFC 5104).
//!
//! [`Compound`] reads a clear compound packet, one [`Feedback`] after the other, without an allocation. The `write_*`
//! functions append to a buffer; a compound packet is what several of them wrote, a report first.
//!
//! # Invariants
//!
//! * Bytes of others are survived: what does not add up is [`Malformed`], and ends the compound packet.
//! * What is read costs as much as the bytes that were sent justify, whatever counts they claim.
//! * Everything written is read again as it was.

mod bye;
mod compact_ntp;
mod compound;
mod cursor;
mod keyframe_request;
mod nack;
mod packet;
mod remb;
mod report;
mod source_description;
mod transport_feedback;
mod transport_feedback_writer;

#[cfg(test)]
mod tests;

pub use bye::write_bye;
pub use compact_ntp::CompactNtp;
pub use compound::{Compound, Feedback};
pub use keyframe_request::{write_fir, write_pli};
pub use nack::{NackIter, write_nack};
pub use packet::{Malformed, SsrcIter};
pub use remb::write_remb;
pub use report::{ReportBlock, SenderReport, write_receiver_report, write_sender_report};
pub(crate) use transport_feedback::LOST_BY_RUNS_MAX;
pub use transport_feedback::{PacketIter, TransportFeedback};
pub use transport_feedback_writer::{Arrivals, write_transport_feedback};
