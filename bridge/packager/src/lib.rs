//! Frames in, CMAF parts, segments and playlists out: HLS with its low-latency extensions (draft-pantos-hls-rfc8216bis) and
//! DASH, two views of the same bytes.
//!
//! The journey of a frame: a stream's packager gives it to its rendition, which keeps it until the next one begins and its
//! duration is known, and closes a part before a frame that would cross the part target. The first pictures that are
//! keyframes in time for the segment clock cut the segment, of all renditions at once. What is finished leaves as an
//! [`event::Event`], with the playlist that lists it.
//!
//! # Invariants
//!
//! * Target duration, part target and hold-backs never change while a stream lives; neither does a URI's content.
//! * No part is longer than the part target, no segment rounds to more than the target duration.
//! * A segment's bytes are those of its parts, one after the other.
//! * Nothing here reads a clock, draws a random number or performs I/O.
#![forbid(unsafe_code)]

pub mod alignment;
mod chunk_writer;
mod closed_part;
pub mod codec_string;
pub mod config;
pub mod dash;
pub mod dates;
pub mod event;
pub mod fmp4;
mod formats;
mod ladder;
pub mod latency;
mod listing;
mod measure;
mod outbox;
pub mod packager;
pub mod part;
mod part_writer;
mod patience;
pub mod playlist;
pub mod rendition;
mod rendition_writer;
pub mod run;
pub mod segment;
pub mod segment_clock;
mod segment_writer;
mod shown;
mod silence;
mod slot;
pub mod stand_in;
pub mod stats;
mod ticks;
pub mod utc;
mod window;
