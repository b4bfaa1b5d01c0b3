//! Policy: what the path to a viewer carries, and which layer a subscription should get of it. It knows nothing of
//! packets' contents; the selector knows nothing of budgets.
//!
//! # What the path carries
//!
//! `estimate::Estimator` is all that others call. It implements Google congestion control at the sender: the draft
//! (draft-ietf-rmcat-gcc-02), and what libwebrtc has changed since. What is sent is numbered and remembered, and
//! transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) goes through these, in this order:
//!
//! | file | what it says |
//! |---|---|
//! | `history` | which packet a line of feedback is about |
//! | `acknowledged` | how much arrives |
//! | `busy` | how much of it the path lets through at most |
//! | `inter_arrival`, `trendline`, `overuse`: together `delay` | whether a queue grows or drains |
//! | `queue` | how much delay stands in it |
//! | `longer` | whether that is a queue at all |
//! | `app_limited` | whether the sender uses what it may |
//! | `aimd`, with `capacity` | the delay-based rate |
//! | `loss` | how much of it the losses leave |
//! | `overflow` | whether losses come with a full queue |
//! | `probe`, with `cluster` | when to send more, to see whether it arrives |
//! | `silence` | what to do when no feedback comes |
//! | `reports` | the estimate of a viewer who gives none, from receiver reports and REMB |
//!
//! `rates` runs the controllers, `path` the whole, and `limits` has the range that no estimate leaves, whatever a viewer
//! claims.
//!
//! # Which layer
//!
//! `choice` is what the subscriber asked for, `plan` the decision, `sound_only` whether there is room for any picture, `reach`
//! what it may become: a publisher that is told so need not send the rest.

mod acknowledged;
mod aimd;
mod app_limited;
#[doc(hidden)]
pub mod arrival;
mod busy;
mod capacity;
pub mod choice;
mod cluster;
mod delay;
#[doc(hidden)]
pub mod estimate;
mod history;
mod inter_arrival;
pub(crate) mod ladder;
pub mod limited_by;
pub(crate) mod limits;
mod longer;
mod loss;
pub(crate) mod means;
mod overflow;
mod overuse;
pub mod path;
pub(crate) mod plan;
pub(crate) mod probe;
mod queue;
mod rates;
pub(crate) mod reach;
mod reports;
mod rtt;
mod silence;
mod sound_only;
mod trendline;

#[cfg(test)]
mod tests;
