//! Sound and pictures, decoded and encoded again: Opus to AAC for every stream, and a ladder of H.264 for publishers whose
//! pictures cannot be passed through.
//!
//! A codec written in C may crash on what a publisher sends, so the server loads none. Its [`supervisor`] starts worker
//! processes of its own executable, and talks to each over one socket in [`message`]s. A worker carries slots, one for each
//! stream's job: all sound shares one worker, pictures have a worker for each stream on a processor, and share one where a card
//! does all of it. What a crash ends is the worker's slots, and they begin again in another worker, with a discontinuity.
//!
//! The journey of a frame: the supervisor's [`pool`] names the worker of its slot; there a decoder makes samples or pictures
//! of it; [`splice`] and [`cadence`] put these on the stream's timeline, without a hole; encoders make frames of them, which
//! come back with the timeline's times.
//!
//! # Invariants
//!
//! * GStreamer is named only in `worker`, which only a worker process enters. Which elements pictures go by is a [`plan`], a
//!   value; a card is in it when pictures have just gone through exactly these elements, in a process of its own.
//! * Nothing waits for a worker: a queue that is full gives frames up, counts them, and goes on at a keyframe.
//! * What times a frame gets is decided here, by values that are told them; GStreamer only carries them.
#![forbid(unsafe_code)]

pub mod annex_b;
pub mod cadence;
pub mod capabilities;
pub mod chain;
pub mod demand;
pub mod gate;
pub mod job;
pub mod keyframes;
pub mod ladder;
pub mod message;
pub mod opus;
pub mod place;
pub mod plan;
pub mod pool;
mod report;
pub mod route;
mod settings;
#[cfg(test)]
mod some_frame;
#[cfg(test)]
mod some_machine;
pub mod splice;
pub mod supervisor;
#[cfg(feature = "gst")]
pub mod worker;

/// Whether this build has the worker.
pub const HAS_WORKER: bool = cfg!(feature = "gst");
