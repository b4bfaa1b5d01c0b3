//! RTP packets in, timed frames out: reorder, give up, depacketise, and one timeline for a stream.
//!
//! [`frames::Frames`] is the value that does it, for all tracks and encodings of whoever publishes the stream. A packet's
//! journey: its encoding puts it in order (`assemble`) and waits for what is missing, so long and no longer; the first of a
//! frame tells where on the stream's timeline it is (`sync`) and is told of at once; when the last is there the frame's bytes
//! are copied together, once (`depacketize`), and the frame leaves as an [`event::Event`].
//!
//! # The contract
//!
//! `handle_*` takes what happened and `now`; `poll_*` says what to do; nothing else has an effect, and any order of calls is
//! legal. Time is an argument. What the network sends is never an error: it is a frame, a warning for the studio or a counter.
//!
//! # Invariants
//!
//! * Times of a source only rise, from the stream's beginning to its end, through every reconnect.
//! * A frame is emitted once, whole, and after all that it needs: pictures begin with a keyframe, and after a loss begin again
//!   with one, which is discontinuous.
//! * Pictures of several encodings that were captured at once have the same time, exactly where their RTP clocks agree.
//! * The time of a frame is when it was captured, on our clock, as far as its publisher can be believed; a wrong clock is
//!   followed slowly, or set right once.
//! * Sound has no hole that is not told: what is missing or not sent is silence.
//! * What waits is bounded, in packets and in bytes, for each encoding.
#![forbid(unsafe_code)]

pub mod config;
pub mod counters;
pub mod event;
pub mod frames;
pub mod source;
pub mod warning;

mod assemble;
mod bits;
mod depacketize;
mod discontinuity;
mod format_changes;
mod gathered;
mod medium;
mod outbox;
mod pace;
mod pictures;
mod sound;
mod stage;
mod sync;
mod timeline;
